"""Checks of alarms, rules and settings whose failure nobody notices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from appointments_cli.moments import ago
from appointments_cli.status.facts import INFO, OK, UNKNOWN, WRONG, Fact, Look, Metric, total, values

DEPLOY = "somebody changed it, so deploy the stack again"
MAPPINGS = {"PublisherFunction": "Publishing failures", "BacklogFunction": "Backlog"}
"""By function, the section of docs/operations.md that says how to restart its mapping."""


def mappings(look: Look) -> Iterator[Fact]:
    for name in MAPPINGS:
        function = look.target.resource(name)
        found = (
            look.target.client("lambda").list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
            if function
            else []
        )
        if not found:
            yield Fact(UNKNOWN, f"{name} mapping", "no mapping is visible")
        for mapping in found:
            state = mapping.get("State", "unknown")
            result = mapping.get("LastProcessingResult", "")
            fine = state in ("Enabled", "Creating", "Updating") and "PROBLEM" not in result
            advice = "" if fine else f": see docs/operations.md, {MAPPINGS[name]}"
            detail = ", ".join(filter(None, (state, result)))
            yield Fact(OK if fine else WRONG, f"{name} mapping", detail + advice)


def alarms(look: Look) -> Iterator[Fact]:
    names = list(look.target.stack.of_type("AWS::CloudWatch::Alarm").values())
    if not names:
        yield Fact(UNKNOWN, "alarms", "the stack has no alarms")
        return
    pages = look.target.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNames=names)
    found = [alarm for page in pages for alarm in page["MetricAlarms"]]
    ringing = [alarm for alarm in found if alarm["StateValue"] == "ALARM"]
    for alarm in ringing:
        since = ago(alarm["StateUpdatedTimestamp"].isoformat(), look.now)
        yield Fact(WRONG, "alarm", f"{alarm['AlarmName']} for {since}: {alarm.get('AlarmDescription', '')}")
    for alarm in found:
        if not alarm.get("ActionsEnabled", True):
            yield Fact(WRONG, "alarm", f"{alarm['AlarmName']} notifies nobody: its actions are disabled")
    missing = len(names) - len(found)
    if missing:
        yield Fact(WRONG, "alarms", f"{missing} of {len(names)} alarms do not exist: deploy the stack again")
    elif not ringing:
        yield Fact(OK, "alarms", f"none of {len(found)} rings")


def rules(look: Look) -> Iterator[Fact]:
    from appointments_cli.publish.destinations import is_enabled

    bus = look.target.bus_name
    pages = look.target.client("events").get_paginator("list_rules").paginate(EventBusName=bus)
    found = [rule for page in pages for rule in page["Rules"]]
    if not found:
        yield Fact(INFO, "rules on the bus", "none: nobody subscribes")
        return
    metrics = {
        rule["Name"]: Metric("AWS/Events", "FailedInvocations", (("EventBusName", bus), ("RuleName", rule["Name"])))
        for rule in found
    }
    failed = values(look, metrics.values(), timedelta(hours=1))
    for rule in found:
        count = total(failed[metrics[rule["Name"]]])
        enabled = is_enabled(rule)
        state = WRONG if count else OK if enabled else INFO
        advice = ": see docs/operations.md, Subscribers that receive nothing" if count else ""
        detail = f"{count} failed invocations in 1 h{'' if enabled else ', disabled, so it gets nothing'}{advice}"
        yield Fact(state, f"rule {rule['Name']}", detail)


def table(look: Look) -> Iterator[Fact]:
    client, name = look.target.dynamodb, look.target.table_name
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"].get("TimeToLiveStatus")
    yield _setting("expiry (TTL)", expiry, expiry in ("ENABLED", "ENABLING"), DEPLOY)
    recovery = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    state = recovery.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    yield _setting("point-in-time recovery", state, state == "ENABLED", DEPLOY)


def parameters(look: Look) -> Iterator[Fact]:
    given = look.target.stack.parameters
    level = given.get("LogLevel")
    yield _setting("log level", level, level != "DEBUG", "deploy with LogLevel=INFO")
    mode = given.get("WebhookAuth")
    yield _setting(
        "authentication", mode, mode != "none", "anybody who knows the URL can deliver, deploy with WebhookAuth=token"
    )
    notified = [given.get(name) for name in ("AlarmTopicArn", "AlarmEmail") if given.get(name)]
    detail = ", ".join(map(str, notified)) if notified else "nobody: set AlarmEmail or AlarmTopicArn"
    yield Fact(OK if notified else WRONG, "alarms notify", detail)


def secret(look: Look) -> Iterator[Fact]:
    arn = look.target.resource("WebhookSecret")
    if arn is None:
        yield Fact(UNKNOWN, "webhook secret", "the stack has no WebhookSecret")
        return
    found = look.target.client("secretsmanager").describe_secret(SecretId=arn)
    changed = found.get("LastChangedDate") or found.get("CreatedDate")
    if found.get("DeletedDate"):
        yield Fact(
            WRONG, "webhook secret", f"is scheduled for deletion: aws secretsmanager restore-secret --secret-id {arn}"
        )
    else:
        yield Fact(OK, "webhook secret", f"changed {ago(changed.isoformat(), look.now)} ago" if changed else "no date")


def _setting(name: str, value: object, fine: bool, advice: str) -> Fact:
    if value is None:
        return Fact(UNKNOWN, name, "not said")
    return Fact(OK, name, str(value)) if fine else Fact(WRONG, name, f"{value}: {advice}")
