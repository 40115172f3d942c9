"""The embedded bus delivers as EventBridge: to each target what it asks for, whatever happens to another target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import EventBridgeModel

from local.eventbridge.target_input import TransformError, target_input
from tests.unit.moto_server import ACCOUNT, REGION, Client, clients

BUS = "tested"
TEN_O_CLOCK = datetime(2026, 3, 2, 10, 0, 0, tzinfo=UTC)
DETAIL = {"id": "e-1", "text": 'say "hi"\n', "number": 7, "nothing": None, "people": [{"name": "Ann"}, {"name": "Bo"}]}
EVENT = {
    "version": "0",
    "id": "1",
    "detail-type": "AppointmentCreated",
    "source": "s",
    "account": ACCOUNT,
    "time": "2026-03-02T10:00:00Z",
    "region": REGION,
    "resources": ["r"],
    "detail": DETAIL,
}
RULE = {"name": "all", "arn": "arn:rule"}
PATHS = {
    "id": "$.detail.id",
    "type": "$.detail-type",
    "text": "$.detail.text",
    "number": "$.detail.number",
    "nothing": "$.detail.nothing",
    "people": "$.detail.people",
    "second": "$.detail.people[1].name",
    "absent": "$.detail.absent",
}
TEMPLATES: dict[str, tuple[str, Any]] = {
    "a value": ('{"id":<id>, "n": <number>}', {"id": "e-1", "n": 7}),
    "a text in quotes": ('{"id":"<id>"}', {"id": "e-1"}),
    "two values in a text": ('{"line":"<type> of <second>: <number>"}', {"line": "AppointmentCreated of Bo: 7"}),
    "quotes of a value": ('{"a":<text>,"b":"<text>"}', {"a": 'say "hi"\n', "b": 'say "hi"\n'}),
    "quotes of the template": (r'{"a":"\"<id>\""}', {"a": '"e-1"'}),
    "an object": ('{"people":<people>}', {"people": DETAIL["people"]}),
    "an object in a text": ('{"people":"<people>"}', {"people": "[{name: Ann}, {name: Bo}]"}),
    "null": ('{"a":<nothing>}', {"a": None}),
    "a path without a value": ('{"a":<absent>,"b":"[<absent>]"}', {"a": "", "b": "[]"}),
    "an unknown placeholder in a text": ('{"a":"<unknown>"}', {"a": "<unknown>"}),
    "the rule": ('{"a":<aws.events.rule-name>,"b":"<aws.events.rule-arn>"}', {"a": "all", "b": "arn:rule"}),
    "the event": ('{"a":<aws.events.event.json>}', {"a": EVENT}),
    "the event without its detail": (
        '{"a":<aws.events.event>}',
        {"a": {name: value for name, value in EVENT.items() if name != "detail"}},
    ),
    "the receipt": ('{"a":<aws.events.event.ingestion-time>}', {"a": "2026-03-02T10:00:01Z"}),
    "a text alone": ('"<type> <id>"', "AppointmentCreated e-1"),
    "a text without quotes": ("<type> <id>", "AppointmentCreated e-1"),
}
"""Templates in the forms of AWS's documentation, and what they make of EVENT."""


@pytest.mark.parametrize(("template", "expected"), TEMPLATES.values(), ids=TEMPLATES.keys())
def test_a_template_is_filled_as_eventbridge_documents_it(template: str, expected: Any) -> None:
    transformer = {"InputPathsMap": PATHS, "InputTemplate": template}
    made = target_input({"InputTransformer": transformer}, EVENT, RULE, "2026-03-02T10:00:01Z")
    assert json.loads(made) == expected


def test_a_target_gets_the_event_a_part_of_it_or_a_constant() -> None:
    assert json.loads(target_input({}, EVENT, RULE, "")) == EVENT
    assert json.loads(target_input({"InputPath": "$.detail.people[0]"}, EVENT, RULE, "")) == {"name": "Ann"}
    assert target_input({"Input": '{"a": 1}'}, EVENT, RULE, "") == '{"a": 1}'


def test_a_template_that_makes_no_json_is_an_error() -> None:
    with pytest.raises(TransformError):
        target_input({"InputTransformer": {"InputTemplate": '{"a": <unknown>}'}}, EVENT, RULE, "")


class Bus:
    """A bus with queues as targets of its rules."""

    def __init__(self, client: Client) -> None:
        self.events, self.sqs, self.cloudwatch = client("events"), client("sqs"), client("cloudwatch")
        self.events.create_event_bus(Name=BUS)

    def queue(self, name: str) -> str:
        """Create a queue. Return its ARN."""
        self.sqs.create_queue(QueueName=name)
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def rule(self, name: str, *targets: dict[str, Any], pattern: Any = None, state: str = "ENABLED") -> None:
        pattern = json.dumps(pattern or {"source": [{"prefix": ""}]})
        self.events.put_rule(Name=name, EventBusName=BUS, EventPattern=pattern, State=state)
        self.events.put_targets(Rule=name, EventBusName=BUS, Targets=[{"Id": "t", **target} for target in targets])

    def put(self, detail: Any = None, **members: Any) -> str:
        """Publish an event. Return its id."""
        entry = {"Source": "s", "DetailType": "AppointmentCreated", "Detail": json.dumps(detail or DETAIL)}
        answer = self.events.put_events(Entries=[{**entry, "EventBusName": BUS, **members}])
        assert answer["FailedEntryCount"] == 0
        return str(answer["Entries"][0]["EventId"])

    def received(self, queue: str) -> list[Any]:
        """Receive what is in a queue: bodies, decoded."""
        return [json.loads(message["Body"]) for message in self.messages(queue)]

    def messages(self, queue: str) -> list[Any]:
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        return list(answer.get("Messages", []))

    def failed_invocations(self, rule: str) -> float:
        """Return the metric FailedInvocations of a rule in the last hour."""
        now = datetime.now(UTC)
        names = {"EventBusName": BUS, "RuleName": rule}
        answer = self.cloudwatch.get_metric_statistics(
            Namespace="AWS/Events",
            MetricName="FailedInvocations",
            Dimensions=[{"Name": name, "Value": value} for name, value in names.items()],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in answer["Datapoints"]))

    def close(self) -> None:
        for rule in self.events.list_rules(EventBusName=BUS)["Rules"]:
            self.events.remove_targets(Rule=rule["Name"], EventBusName=BUS, Ids=["t", "u"])
            self.events.delete_rule(Name=rule["Name"], EventBusName=BUS)
        self.events.delete_event_bus(Name=BUS)
        for url in self.sqs.list_queues().get("QueueUrls", []):
            self.sqs.delete_queue(QueueUrl=url)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    yield from clients()


@pytest.fixture
def bus(client: Client) -> Iterator[Bus]:
    made = Bus(client)
    yield made
    made.close()


def test_a_message_has_the_members_of_eventbridge(bus: Bus) -> None:
    bus.rule("all", {"Arn": bus.queue("q")})
    event_id = bus.put(Time=TEN_O_CLOCK, Resources=["r"])
    (message,) = bus.received("q")
    assert message == {**EVENT, "id": event_id}
    model = EventBridgeModel.model_validate(message)
    assert (model.account, model.time) == (ACCOUNT, TEN_O_CLOCK)


def test_an_event_without_a_time_has_that_of_its_receipt(bus: Bus) -> None:
    bus.rule("all", {"Arn": bus.queue("q")})
    begin = datetime.now(UTC).replace(microsecond=0)
    bus.put()
    (message,) = bus.received("q")
    assert message["time"].endswith("Z")
    assert begin <= datetime.fromisoformat(message["time"]) <= datetime.now(UTC)


def test_a_rule_matches_inside_an_array_of_objects(bus: Bus) -> None:
    bus.rule("ann", {"Arn": bus.queue("q")}, pattern={"detail": {"people": {"name": ["Ann"]}}})
    bus.rule("eve", {"Arn": bus.queue("r")}, pattern={"detail": {"people": {"name": ["Eve"]}}})
    bus.put()
    assert [message["detail"] for message in bus.received("q")] == [DETAIL]
    assert bus.received("r") == []


def test_a_disabled_rule_delivers_nothing(bus: Bus) -> None:
    bus.rule("off", {"Arn": bus.queue("q")}, state="DISABLED")
    bus.put()
    assert bus.received("q") == []


def test_a_target_with_a_template_gets_its_text(bus: Bus) -> None:
    transformer = {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"id":<id>,"text":"event <id>"}'}
    bus.rule("short", {"Arn": bus.queue("q"), "InputTransformer": transformer})
    bus.put()
    assert bus.received("q") == [{"id": "e-1", "text": "event e-1"}]


@pytest.mark.parametrize(
    ("failing", "code"),
    [
        ({"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:missing"}, "QueueDoesNotExist"),
        ({"InputTransformer": {"InputTemplate": '{"id": <unknown>}'}}, "TransformError"),
        ({"Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:missing"}, "NotImplementedError"),
    ],
    ids=["no queue", "a template that makes no JSON", "a kind of target that is not emulated"],
)
def test_a_target_that_fails_stops_neither_the_publisher_nor_another_target(
    bus: Bus, failing: dict[str, Any], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    queue, dead_letters = bus.queue("q"), {"DeadLetterConfig": {"Arn": bus.queue("dead")}}
    bus.rule("a-fails", {"Arn": queue, **failing, **dead_letters}, {"Arn": queue, "Id": "u"})
    bus.rule("works", {"Arn": bus.queue("r")})
    event_id = bus.put()
    assert [message["id"] for message in bus.received("q") + bus.received("r")] == [event_id] * 2
    (kept,) = bus.messages("dead")
    assert json.loads(kept["Body"])["id"] == event_id
    attributes = {name: attribute["StringValue"] for name, attribute in kept["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == code
    assert attributes["RULE_ARN"].endswith("rule/tested/a-fails")
    assert [record.getMessage() for record in caplog.records if record.name.startswith("local")] == [
        f"rule a-fails, target t: not delivered ({code})"
    ]
    assert bus.failed_invocations("a-fails") >= 1
    assert bus.failed_invocations("works") == 0


def test_a_message_larger_than_its_queue_allows_is_not_delivered(bus: Bus) -> None:
    bus.rule("all", {"Arn": bus.queue("q"), "DeadLetterConfig": {"Arn": bus.queue("dead")}})
    bus.put({"a": "é" * 524_200})  # fits the bus in bytes, but not with the members that EventBridge adds
    bus.put({"a": "é" * 523_000})
    assert [len(message["detail"]["a"]) for message in bus.received("q")] == [523_000]
    assert bus.messages("dead") == []  # it is too large for this queue too


def test_a_replay_reaches_the_named_rules_alone_with_its_name_outside_of_detail(bus: Bus) -> None:
    for name in ("crm", "other"):
        bus.rule(name, {"Arn": bus.queue(name)})
    arn = bus.events.describe_event_bus(Name=BUS)["Arn"]
    archive = bus.events.create_archive(ArchiveName="kept", EventSourceArn=arn)["ArchiveArn"]
    now = datetime.now(UTC)
    first, late = bus.put(Time=now - timedelta(minutes=5)), bus.put(Time=now + timedelta(hours=1))
    assert [[each["id"] for each in bus.received(name)] for name in ("crm", "other")] == [[first, late]] * 2
    rule = bus.events.describe_rule(Name="crm", EventBusName=BUS)["Arn"]
    bus.events.start_replay(
        ReplayName="r-1",
        EventSourceArn=archive,
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now,
        Destination={"Arn": arn, "FilterArns": [rule]},
    )
    (message,) = bus.received("crm")
    assert (message["replay-name"], message["detail"]) == ("r-1", DETAIL)
    assert bus.received("other") == []
    bus.events.delete_archive(ArchiveName="kept")


def test_a_pattern_that_eventbridge_refuses_makes_no_rule(bus: Bus) -> None:
    with pytest.raises(bus.events.exceptions.InvalidEventPatternException, match=r"detail\.a: the test starts-with"):
        bus.rule("refused", pattern={"detail": {"a": [{"starts-with": "b"}]}})
    assert bus.events.list_rules(EventBusName=BUS)["Rules"] == []


def test_a_pattern_can_be_tested_without_a_rule(bus: Bus) -> None:
    for name, expected in (("Ann", True), ("Eve", False)):
        pattern = json.dumps({"detail": {"people": {"name": [name]}}})
        answer = bus.events.test_event_pattern(EventPattern=pattern, Event=json.dumps(EVENT))
        assert answer["Result"] is expected
