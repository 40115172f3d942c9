"""The delivery of moto's event bus, replaced by what EventBridge does.

Each of these patches of moto's classes lasts for the process and has a test that fails without it.
"""

from __future__ import annotations

import copy
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from botocore.utils import ArnParser
from moto.cloudwatch.models import cloudwatch_backends
from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import Archive, EventPattern, EventPatternParser, Replay, ReplayState, Rule, events_backends
from moto.events.responses import EventsHandler
from moto.logs.models import logs_backends
from moto.sqs.models import sqs_backends

from local.emf import datum_now
from local.eventbridge.pattern import matches, parse
from local.eventbridge.target_input import target_input
from local.eventbridge.values import PatternError

QUEUE_BYTES = 1024 * 1024
"""The limit of a message of SQS. moto counts characters."""

_log = logging.getLogger(__name__)
_parse_pattern, _send_to_targets = EventPatternParser.parse, Rule.send_to_targets


class TooLargeError(ValueError):
    """SQS takes no message of this size."""


def deliver_as_eventbridge() -> None:
    """Patch moto: its patterns, the events that targets get, and its answer when a target fails."""
    EventPattern.matches_event = _matches_event  # type: ignore[method-assign, assignment]
    EventPatternParser.parse = _parse_or_refuse  # type: ignore[method-assign, assignment]
    EventsHandler.test_event_pattern = _test_event_pattern  # type: ignore[method-assign, assignment]
    Rule.send_to_targets = _send_to_each_target  # type: ignore[method-assign, assignment]
    Replay.replay_events = _replay_to_rules  # type: ignore[method-assign, assignment]


def _matches_event(pattern: EventPattern, event: Mapping[str, Any]) -> bool:
    raw = pattern.dump()
    return not raw or matches(raw, event)


def _parse_or_refuse(parser: EventPatternParser) -> dict[str, Any]:
    """Refuse a pattern that EventBridge refuses, when its rule is made."""
    if parser.pattern:
        try:
            parse(parser.pattern)
        except PatternError as error:
            raise InvalidEventPatternException(reason=str(error)) from None
    return _parse_pattern(parser)


def _test_event_pattern(handler: EventsHandler) -> str:
    """Answer TestEventPattern, which moto does not have."""
    pattern = EventPattern.load(handler._get_param("EventPattern"))
    return json.dumps({"Result": _matches_event(pattern, json.loads(handler._get_param("Event")))})


def _send_to_each_target(rule: Rule, event: Mapping[str, Any], transform_input: bool = True) -> None:
    """Deliver an event to the targets of a rule. A target that fails stops neither the publisher nor other targets."""
    delivered = _delivered(event)
    if rule.state != "ENABLED" or not rule.event_pattern.matches_event(delivered):  # type: ignore[arg-type]
        return
    for target in rule.targets:
        try:
            _send(rule, target, event, delivered, transform_input=transform_input)
        except Exception as error:  # noqa: BLE001 - the other targets get the event after any error
            _log.warning("rule %s, target %s: not delivered (%s)", rule.name, target["Id"], type(error).__name__)
            _count_failure(rule)
            _keep(rule, target, delivered, error)


def _replay_to_rules(replay: Replay, archive: Archive) -> None:
    """Replay an archive to the rules of FilterArns, or to all. moto replays to all in every case."""
    name, rules = replay.destination["Arn"].partition("/")[2], replay.destination.get("FilterArns")
    bus = events_backends[replay.account_id][replay.region].describe_event_bus(name)
    chosen = [rule for rule in bus.rules.values() if not rules or rule.arn in rules]
    for event in archive.events:
        if float(replay.event_start_time) <= float(event["time"]) <= float(replay.event_end_time):
            for rule in chosen:
                rule.send_to_targets({**event, "replay-name": replay.name})
    replay.state = ReplayState.COMPLETED
    replay.end_time = time.time()


def _delivered(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event as a target gets it. moto has the time as a number, and the time of receipt beside it."""
    return {name: value for name, value in event.items() if name != "ingestion-time"} | {
        "time": _instant(event["time"])
    }


def _send(
    rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any], delivered: dict[str, Any], *, transform_input: bool
) -> None:
    arn = ArnParser().parse_arn(target["Arn"])
    if arn["service"] not in ("sqs", "logs"):
        single = copy.copy(rule)
        single.targets = [dict(target)]
        _send_to_targets(single, event, transform_input)  # type: ignore[arg-type]
        return
    received_at = _instant(event["ingestion-time"])
    text = target_input(target, delivered, {"name": rule.name, "arn": rule.arn}, received_at)
    if arn["service"] == "sqs":
        _send_to_queue(target["Arn"], text, group_id=target.get("SqsParameters", {}).get("MessageGroupId"))
    else:
        group, stream = arn["resource"].removeprefix("log-group:").removesuffix(":*"), delivered["id"]
        logs = logs_backends[arn["account"]][arn["region"]]
        logs.create_log_stream(group, stream)
        logs.put_log_events(group, stream, [{"timestamp": int(time.time() * 1000), "message": text}])


def _count_failure(rule: Rule) -> None:
    """Write the metric FailedInvocations. EventBridge does so after its retries, of which there are none here."""
    datum = datum_now("FailedInvocations", 1, {"EventBusName": rule.event_bus_name, "RuleName": rule.name})
    cloudwatch_backends[rule.account_id][rule.region_name].put_metric_data("AWS/Events", [datum])


def _keep(rule: Rule, target: Mapping[str, Any], delivered: dict[str, Any], error: Exception) -> None:
    """Send the event to the target's dead-letter queue, if it has one, with the attributes of EventBridge."""
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    if not queue:
        return
    attributes = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": type(error).__name__,
        "ERROR_MESSAGE": "the local stack could not deliver the event",
    }
    try:
        _send_to_queue(
            queue,
            json.dumps(delivered, ensure_ascii=False),
            message_attributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
    except Exception as failed:  # noqa: BLE001 - as above
        _log.warning("rule %s, target %s: no dead-letter queue (%s)", rule.name, target["Id"], type(failed).__name__)


def _send_to_queue(arn: str, text: str, **options: Any) -> None:
    if len(text.encode()) > QUEUE_BYTES:
        raise TooLargeError
    queue = ArnParser().parse_arn(arn)
    sqs_backends[queue["account"]][queue["region"]].send_message(queue["resource"], text, **options)


def _instant(time_of_moto: Any) -> str:
    """Return an instant as EventBridge writes it. moto has the seconds, or what the publisher sent as ``Time``."""
    seconds = float(time_of_moto)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
