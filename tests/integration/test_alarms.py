"""Each fault rings exactly the alarms that are named for it, and a healthy run rings none.

The alarms are those of template.yaml. The metrics are those of a run of the real handlers (tests/cloudwatch/world.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from tests.builders import delivery
from tests.cloudwatch.alarms import Alarm
from tests.cloudwatch.metrics import Metric, metric
from tests.cloudwatch.world import AMPLE_SECONDS, BACKLOG_PAUSE, BUS, STACK, Faults, World, name_of
from tests.template import DOCUMENT, default_conditions, every_condition, of_type, resolved, resources

RECONCILIATION = {"MissedAlarm", "NoPassAlarm"}
"""Their faults are in test_reconcile_alarms.py: they look at hours, and no delivery rings them."""
PARAMETERS = {"SilenceMinutes": 60, "LagSeconds": 600}
"""The sender's alarms are off by default; the others are tried with their defaults."""
PROPERTIES: dict[str, Any] = {
    name: resolved(resource["Properties"], STACK, PARAMETERS)
    for name, resource in of_type(resources(every_condition()), "AWS::CloudWatch::Alarm").items()
    if name not in RECONCILIATION
}
DEFAULT = {name for name in PROPERTIES if "Condition" not in DOCUMENT["Resources"][name]}


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        yield World(patch)


@pytest.fixture
def world(shared: World) -> World:
    shared.reset()
    return shared


class Watch:
    """Evaluates all alarms every minute. ``rung`` has those that rang, ``ringing`` those that ring now."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._alarms = {name: Alarm(one, world.metrics) for name, one in PROPERTIES.items()}
        self.rung: set[str] = set()
        self.ringing: set[str] = set()
        self.changes = 0

    def __call__(self) -> None:
        world = self._world
        now = {name for name, alarm in self._alarms.items() if alarm.rings(world.minute)}
        self.changes += now != self.ringing
        self.ringing = now
        self.rung |= now


Run = Callable[[World, pytest.MonkeyPatch, Watch], None]


def minutes(world: World, watch: Watch, count: int, *bodies: bytes, every: int = 1) -> None:
    """Let minutes pass. The first has these bodies, and one of ``every`` minutes has a usual delivery."""
    for number in range(count):
        usual = [] if number % every else [world.usual()]
        world.tick(*(bodies if number == 0 and bodies else usual), watch=watch)


def refuse(code: str) -> Callable[..., Any]:
    def refused(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code}}, "Call")

    return refused


def break_table(world: World, patch: pytest.MonkeyPatch) -> None:
    for handler in (world.webhook, world.backlog):
        patch.setattr(handler._intake._store._client, "transact_write_items", refuse("ThrottlingException"))


def healthy(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    minutes(world, watch, 70, every=3)


def healthy_with_pauses(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    for _number in range(4):
        minutes(world, watch, 1)
        for _minute in range(25):
            world.tick(watch=watch)


def healthy_on_a_weekend(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.minute += 5 * 24 * 60
    for _minute in range(120):
        world.tick(watch=watch)


def a_published_batch_at_the_end_of_a_minute(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    """The events are stored in one minute and published in the next."""
    for _number in range(20):
        world.faults.mapping_stopped = True
        world.tick(world.usual(), world.usual(), watch=watch)
        world.faults.mapping_stopped = False
        for _minute in range(5):
            world.tick(watch=watch)


def wrong_token(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    content = world.usual()
    world.tick(content, content, content, token="rotated", watch=watch)
    world.tick(content, content, content, token="rotated", watch=watch)
    minutes(world, watch, 10)


def growing_traffic(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    """Every event is published a minute after it is stored, so each period publishes a little less than it stores."""
    world.faults.batching_minutes = 1
    for number in range(45):
        world.tick(*(world.usual() for _number in range(1 + number // 15)), watch=watch)


def a_stranger_tries_five_times(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.tick(*[world.usual()] * 5, token="guess", watch=watch)
    minutes(world, watch, 10)


def table_throttled(world: World, patch: pytest.MonkeyPatch, watch: Watch) -> None:
    with patch.context() as broken:
        break_table(world, broken)
        minutes(world, watch, 25)
    minutes(world, watch, 30, every=5)
    assert not watch.ringing


def table_throttled_for_a_minute(world: World, patch: pytest.MonkeyPatch, watch: Watch) -> None:
    with patch.context() as broken:
        break_table(world, broken)
        minutes(world, watch, 1)
    minutes(world, watch, 20)


def table_and_backlog_gone(world: World, patch: pytest.MonkeyPatch, watch: Watch) -> None:
    with patch.context() as broken:
        break_table(world, broken)
        broken.setattr(world.webhook._backlog()._client, "send_message", refuse("ServiceUnavailable"))
        minutes(world, watch, 2)
    minutes(world, watch, 5)


def bus_gone(world: World, patch: pytest.MonkeyPatch, watch: Watch) -> None:
    def down(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="events")

    with patch.context() as broken:
        broken.setattr(world.publisher._events, "put_events", down)
        world.faults.publisher_seconds = 0.01
        minutes(world, watch, 40)
        world.faults.publisher_seconds = AMPLE_SECONDS
    minutes(world, watch, 40, every=5)
    assert not watch.ringing


def bus_refuses_every_message(world: World, patch: pytest.MonkeyPatch, watch: Watch) -> None:
    def refused(*, Entries: list[Any]) -> Any:  # noqa: N803 - the API's name
        return {"Entries": [{"ErrorCode": "MalformedDetail"} for _ in Entries]}

    with patch.context() as broken:
        broken.setattr(world.publisher._events, "put_events", refused)
        minutes(world, watch, 40, every=5)


def mapping_stopped(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    minutes(world, watch, 5)
    world.faults.mapping_stopped = True
    minutes(world, watch, 45)
    assert watch.ringing


def mapping_stopped_with_few_deliveries(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.faults.mapping_stopped = True
    for _number in range(3):
        minutes(world, watch, 1)
        for _minute in range(17):
            world.tick(watch=watch)


def damaged_event(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.add_to_stream({"pk": {"S": "APPOINTMENT#a"}, "sk": {"S": "EVENT#e"}, "body": {"B": b"no gzip"}})
    minutes(world, watch, 10)


def somebody_looks_at_the_failure_queue(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    damaged_event(world, _, watch)
    world.faults.in_flight["PublisherFailureQueue"] = 1
    before = watch.changes
    minutes(world, watch, 10)
    assert watch.changes == before, "looking at the queue cleared the alarm"


def message_that_kills_the_backlog_function(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.send("BacklogFailureQueue", "a message that was received 1,000 times")
    minutes(world, watch, 5)


def message_that_is_no_delivery(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.send("BacklogQueue", "what is this")
    minutes(world, watch, 5)


def event_that_the_bus_cannot_encrypt(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.send("BusFailureQueue", "{}")
    minutes(world, watch, 5)


def refused_delivery(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    """It rings for an hour, and once."""
    world.tick(b"{", watch=watch)
    minutes(world, watch, 59, every=10)
    assert (watch.ringing, watch.changes) == ({"QuarantineAlarm"}, 1)
    minutes(world, watch, 2)
    assert (watch.ringing, watch.changes) == (set(), 2)


def delivery_of_the_other_entity(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.tick(json.dumps({**delivery(), "entity": "Callback Request"}).encode(), watch=watch)
    minutes(world, watch, 5)


def new_member(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    minutes(world, watch, 5, world.usual(brandNew=1))


def new_value(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    minutes(world, watch, 5, world.usual(meetingType="HOLOGRAM"))


def long_text(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    minutes(world, watch, 5, world.usual(externalId="x" * 300))


def crash(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.faults.webhook_crashes = True
    minutes(world, watch, 1)
    world.faults.webhook_crashes = False
    minutes(world, watch, 5)


def concurrency_used_up(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.faults.webhook_is_throttled = True
    minutes(world, watch, 1)
    world.faults.webhook_is_throttled = False
    minutes(world, watch, 5)


def flood(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.faults.gateway_throttles = True
    minutes(world, watch, 1)
    world.faults.gateway_throttles = False
    minutes(world, watch, 5)


def one_answer_of_forty_is_slow(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    duplicate = world.usual()
    world.tick(*[duplicate] * 39, watch=watch)
    world.faults.latency_ms = 2_600
    minutes(world, watch, 1)


def failing_target(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.put_aws("AWS/Events", "FailedInvocations", {"EventBusName": BUS, "RuleName": "crm"}, 2)
    minutes(world, watch, 5)


def failing_target_of_another_stack(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.put_aws("AWS/Events", "FailedInvocations", {"EventBusName": "other", "RuleName": "crm"}, 2)
    minutes(world, watch, 5)


def failure_queue_out_of_reach_of_the_mapping(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    world.put_aws("AWS/Lambda", "DestinationDeliveryFailures", {"FunctionName": name_of("PublisherFunction")}, 1)
    minutes(world, watch, 5)


def silence(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    minutes(world, watch, 2)
    for _minute in range(70):
        world.tick(watch=watch)


def late_sender(world: World, _: pytest.MonkeyPatch, watch: Watch) -> None:
    for _minute in range(20):
        world.tick(world.usual(updated_at="2026-03-02T08:45:00Z"), watch=watch)


TABLE: dict[Run, set[str]] = {
    healthy: set(),
    healthy_with_pauses: set(),
    healthy_on_a_weekend: set(),
    a_published_batch_at_the_end_of_a_minute: set(),
    wrong_token: {"UnauthorizedAlarm"},
    growing_traffic: set(),
    a_stranger_tries_five_times: set(),
    table_throttled: {"DeferredAlarm", "BacklogAgeAlarm"},
    table_throttled_for_a_minute: set(),
    table_and_backlog_gone: {"NotStoredAlarm", "ApiErrorsAlarm"},
    bus_gone: {"PublisherIteratorAgeAlarm", "UnpublishedAlarm"},
    bus_refuses_every_message: {"PublisherFailureAlarm"},
    mapping_stopped: {"UnpublishedAlarm"},
    mapping_stopped_with_few_deliveries: {"UnpublishedAlarm"},
    damaged_event: {"PublisherFailureAlarm"},
    somebody_looks_at_the_failure_queue: {"PublisherFailureAlarm"},
    message_that_kills_the_backlog_function: {"BacklogFailureAlarm"},
    message_that_is_no_delivery: {"BacklogQuarantineAlarm"},
    event_that_the_bus_cannot_encrypt: {"BusFailureAlarm"},
    refused_delivery: {"QuarantineAlarm"},
    delivery_of_the_other_entity: set(),
    new_member: {"UnknownMembersAlarm"},
    new_value: {"ToleratedViolationsAlarm"},
    long_text: {"LimitViolationsAlarm"},
    crash: {"WebhookErrorsAlarm", "ApiErrorsAlarm"},
    concurrency_used_up: {"WebhookThrottlesAlarm", "ApiErrorsAlarm"},
    flood: {"ThrottledAlarm"},
    one_answer_of_forty_is_slow: {"WebhookLatencyAlarm"},
    failing_target: {"FailedInvocationsAlarm"},
    failing_target_of_another_stack: set(),
    failure_queue_out_of_reach_of_the_mapping: {"PublisherDestinationAlarm"},
    silence: {"SilenceAlarm"},
    late_sender: {"LagAlarm"},
}


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.__name__)
def test_exactly_the_named_alarms_ring(world: World, fault: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(world)
    fault(world, monkeypatch, watch)
    assert watch.rung == TABLE[fault]


def test_every_alarm_rings_for_a_fault() -> None:
    assert set().union(*TABLE.values()) == set(PROPERTIES)


def eventful(world: World, patch: pytest.MonkeyPatch) -> None:
    """Let everything happen that a function writes a metric or a line about."""
    first = world.usual()
    world.tick(first, first, world.usual(updated_at="2026-03-01T00:00:00Z"), b"{", world.usual(brandNew=1))
    world.tick(world.usual(updated_at="never"), world.usual(meetingType="HOLOGRAM", externalId="x" * 300))
    older, other = json.loads(first), json.loads(first)
    older["id"], older["data"]["appointment"]["updatedAt"] = "older", "2025-01-01T00:00:00Z"
    other["data"]["appointment"]["internalNotes"] = "other"
    world.tick(*(json.dumps(document).encode() for document in (older, other)))
    world.tick(first, token="wrong")
    late = json.loads(world.usual())
    late["data"]["appointment"]["updatedAt"] = "2024-01-01T00:00:00Z"
    late["data"]["appointment"]["id"] = older["data"]["appointment"]["id"]
    with patch.context() as broken:
        break_table(world, broken)
        world.tick(world.usual(), first, json.dumps(late).encode())
        broken.setattr(world.webhook._backlog()._client, "send_message", refuse("ServiceUnavailable"))
        world.tick(world.usual())
    world.send("BacklogQueue", "what is this")
    world.add_to_stream({"pk": {"S": "APPOINTMENT#a"}, "sk": {"S": "EVENT#e"}, "body": {"B": b"no gzip"}})
    for _minute in range(BACKLOG_PAUSE + 1):
        world.tick()
    with patch.context() as broken:
        broken.setattr(world.publisher._events, "put_events", refuse("InternalException"))
        world.faults.publisher_seconds = 0.01
        world.tick(world.usual())
    world.faults = Faults(gateway_throttles=True)
    world.tick(world.usual())


AWS_METRICS = {
    "AWS/ApiGateway": {"Count", "4xx", "5xx", "Latency"},
    "AWS/DynamoDB": {"WriteThrottleEvents", "ConsumedWriteCapacityUnits", "SuccessfulRequestLatency"},
    "AWS/Events": {"Invocations", "FailedInvocations"},
    "AWS/Lambda": {"Errors", "Throttles", "Duration", "IteratorAge", "DestinationDeliveryFailures"},
    "AWS/SQS": {
        "ApproximateNumberOfMessagesVisible",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateAgeOfOldestMessage",
    },
}
"""Metrics that AWS documents."""


def test_every_metric_that_an_alarm_or_a_widget_names_is_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    eventful(world, monkeypatch)
    written = world.metrics.written()
    read = set().union(*(Alarm(one, world.metrics).reads() for one in PROPERTIES.values()))
    read |= {one for one in graphs() if ("service", "reconcile") not in one.dimensions}
    assert {one.namespace for one in read} == {*AWS_METRICS, f"Appointments/{STACK}"} - {"AWS/Events"}
    for one in read:
        known = AWS_METRICS.get(one.namespace)
        assert one.name in known if known else one in written, one


def graphs() -> Iterator[Metric]:
    """Yield the metrics of the dashboard: a namespace, a name, names and values of dimensions, and options."""
    body = resolved(DOCUMENT["Resources"]["Dashboard"]["Properties"]["DashboardBody"], STACK)
    for widget in json.loads(body)["widgets"]:
        for graph in widget["properties"].get("metrics", []):
            if isinstance(graph[0], dict):
                (name,) = re.findall(
                    r'\{AWS/Events,EventBusName,RuleName\} .* MetricName="(\w+)"', graph[0]["expression"]
                )
                assert name in AWS_METRICS["AWS/Events"]
            else:
                namespace, name, *dimensions = (part for part in graph if isinstance(part, str))
                yield metric(namespace, name, dict(zip(dimensions[::2], dimensions[1::2], strict=True)))


LANGUAGE = {
    "fields",
    "filter",
    "sort",
    "limit",
    "stats",
    "by",
    "as",
    "asc",
    "desc",
    "and",
    "or",
    "not",
    "like",
    "in",
    "count",
    "latest",
    "earliest",
    "max",
    "min",
    "bin",
    "ispresent",
}
"""Words of the query language of Logs Insights."""


def named_fields(query: str) -> set[str]:
    """Return the fields that a query names, without the names that it gives itself."""
    text = re.sub(r"^#.*$", "", query, flags=re.MULTILINE)
    text = re.sub(r'"[^"]*"|/[^/]*/|(?<![\w.])\d+\w*', "", text)
    aliases = set(re.findall(r"\bas (\w+)", text))
    return set(re.findall(r"@?[A-Za-z_][\w.]*", text)) - LANGUAGE - aliases


def flat(line: Any, prefix: str = "") -> Iterator[str]:
    """Yield the names of the fields that Logs Insights finds in a line of JSON."""
    if isinstance(line, dict | list):
        for name, value in line.items() if isinstance(line, dict) else enumerate(line):
            yield from flat(value, f"{prefix}{name}.")
    else:
        yield prefix.removesuffix(".")


def test_every_field_that_a_query_names_is_in_the_lines_of_its_log_groups(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    eventful(world, monkeypatch)
    form = resources(every_condition())["WebhookApi"]["Properties"]["AccessLogSettings"]["Format"]
    fields = {
        f"{service.capitalize()}FunctionLogGroup": {name for line in lines for name in flat(line)}
        for service, lines in world.logs.items()
    }
    fields["WebhookApiLogGroup"] = set(json.loads(resolved(form, STACK)))
    queries = of_type(resources(default_conditions()), "AWS::Logs::QueryDefinition")
    assert len(queries) >= 8
    for query in queries.values():
        groups = [group["Ref"] for group in query["Properties"]["LogGroupNames"]]
        known = {"@timestamp", "@message"}.union(*(fields[group] for group in groups))
        assert named_fields(query["Properties"]["QueryString"]) - known == set()


def test_a_field_that_does_not_exist_is_found() -> None:
    query = '# comment\nfilter level = "ERROR" and @message like /x/\n| stats count() as number by nowhere.0, bin(5m)'
    assert named_fields(query) == {"level", "@message", "nowhere.0"}
