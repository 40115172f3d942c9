"""``appointments publish``: stored events again, for one subscriber or for everybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from appointments_cli import replays
from appointments_cli.publish import destinations
from appointments_cli.target import Target
from local.eventbridge.delivery import deliver_as_eventbridge
from tests.builders import body, delivery
from tests.deployment import BUS, Deployment, ago
from tests.messages import of_item


class Subscriber:
    """A queue that a rule on the bus fills; ``url`` is also a destination of the command."""

    def __init__(self, deployment: Deployment, name: str, rule: bool) -> None:
        self._sqs = deployment.sqs
        self.url = str(self._sqs.create_queue(QueueName=name)["QueueUrl"])
        if rule:
            arn = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"][
                "QueueArn"
            ]
            events = boto3.client("events")
            events.put_rule(Name=name, EventBusName=BUS, EventPattern=json.dumps({"source": ["pexip.engage"]}))
            events.put_targets(Rule=name, EventBusName=BUS, Targets=[{"Id": name, "Arn": arn}])

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while answer := self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(each["Body"]) for each in answer]
        return found


@pytest.fixture
def deployed() -> Iterator[Deployment]:
    deliver_as_eventbridge()
    with mock_aws():
        deployment = Deployment()
        for number in range(3):
            deployment.receive(body(delivery(id=f"e-{number}", updated_at=f"2026-03-02T0{number}:00:00Z")))
        deployment.receive(body(delivery(id="e-9", appointment_id="a-2", event_type="CANCEL")))
        yield deployment


def ids(messages: list[dict[str, Any]]) -> list[str]:
    return [each["detail"]["metadata"]["id"] for each in messages]


def test_a_queue_gets_the_events_of_an_appointment_in_order_as_eventbridge_delivers_them(deployed: Deployment) -> None:
    crm, other = Subscriber(deployed, "crm", rule=True), Subscriber(deployed, "other", rule=True)
    deployed.run("publish", "--to", f"queue:{crm.url}", "--appointment", "a-1", "--yes")
    messages = crm.messages()
    assert ids(messages) == ["e-0", "e-1", "e-2"]
    assert other.messages() == []
    (first, *_) = messages
    assert list(first) == ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"]
    assert (first["source"], first["account"], first["region"]) == ("pexip.engage", "123456789012", "eu-west-1")
    assert (first["detail-type"], first["detail"]["metadata"]["replayed"]) == ("AppointmentCreated", True)


@pytest.mark.parametrize("destination", ["queue", "everybody"])
def test_the_messages_of_one_run_have_one_replay_id_and_all_else_is_as_at_first(
    deployed: Deployment, destination: str
) -> None:
    crm = Subscriber(deployed, "crm", rule=destination == "everybody")
    to = ["publish", "--to", f"queue:{crm.url}" if destination == "queue" else destination, "--since", "1h", "--yes"]
    answers = [deployed.run(*to), deployed.run(*to)]
    replayed = [each["detail"] for each in crm.messages()]
    runs = [[each["metadata"].pop("replay") for each in replayed[start : start + 4]] for start in (0, 4)]
    for answer, run in zip(answers, runs, strict=True):
        (identity,) = {replay["id"] for replay in run}
        assert f"metadata.replay.id of the messages of this run: {identity}\n" in answer.stderr
        assert all(ago(minutes=1) < replay["instant"] < ago(seconds=0) for replay in run)
    assert runs[0][0]["id"] != runs[1][0]["id"]
    first = {}
    for item in deployed.dynamodb.scan(TableName=deployed.table_name)["Items"]:
        if item["sk"]["S"].startswith("EVENT#"):
            detail = of_item(item)["detail"]
            first[detail["metadata"]["id"]] = detail
    for detail in replayed:
        expected = first[detail["metadata"]["id"]]
        assert expected["metadata"].get("replay") is None
        assert detail["metadata"].pop("replayed") is True
        metadata = {name: value for name, value in expected["metadata"].items() if name not in ("replay", "replayed")}
        assert detail == expected | {"metadata": metadata}


def test_everybody_gets_the_events_and_the_matching_rules_are_named_first(deployed: Deployment) -> None:
    crm = Subscriber(deployed, "crm", rule=True)
    boto3.client("events").put_rule(Name="elsewhere", EventBusName=BUS, EventPattern='{"source": ["none"]}')
    answer = deployed.run("publish", "--to", "everybody", "--since", "1h")
    assert "rules that match: crm\n" in answer.stderr
    assert "dry run, nothing is sent to everybody without --yes" in answer.stderr
    assert len(answer.stdout.splitlines()) == 4
    assert crm.messages() == []
    deployed.run("publish", "--to", "everybody", "--since", "1h", "--yes")
    assert sorted(ids(crm.messages())) == ["e-0", "e-1", "e-2", "e-9"]


def test_a_rule_that_matches_and_is_disabled_is_named_as_such(deployed: Deployment) -> None:
    Subscriber(deployed, "crm", rule=True)
    Subscriber(deployed, "other", rule=True)
    boto3.client("events").disable_rule(Name="crm", EventBusName=BUS)
    said = deployed.run("publish", "--to", "everybody", "--event", "e-1").stderr
    assert "rules that match: other\n" in said
    assert "rules that match and are disabled, so that they get nothing: crm\n" in said
    found = {each["what"]: (each["state"], each["detail"]) for each in deployed.records("status", code=1)}
    assert found["rule crm"] == ("-", "0 failed invocations in 1 h, disabled, so it gets nothing")
    assert found["rule other"] == ("ok", "0 failed invocations in 1 h")


def test_events_are_selected_by_id_type_time_and_number(deployed: Deployment) -> None:
    crm = Subscriber(deployed, "crm", rule=False)
    to = ["publish", "--to", f"queue:{crm.url}", "--yes"]
    for arguments, expected in (
        (["--appointment", "a-1", "--event", "e-1"], ["e-1"]),
        (["--since", "1h", "--event-type", "CANCEL"], ["e-9"]),
        (["--appointment", "a-1", "--limit", "2"], ["e-0", "e-1"]),
        (["--appointment", "a-1", "--until", "1h"], []),
    ):
        deployed.run(*to, *arguments)
        assert ids(crm.messages()) == expected


def test_an_event_that_cannot_be_sent_holds_back_the_later_ones_of_its_appointment(deployed: Deployment) -> None:
    crm = Subscriber(deployed, "crm", rule=False)
    key = {"pk": {"S": "APPOINTMENT#a-1"}, "sk": {"S": "EVENT#e-1"}}
    item = deployed.dynamodb.get_item(TableName=deployed.table_name, Key=key)["Item"]
    deployed.dynamodb.put_item(TableName=deployed.table_name, Item=item | {"body": {"B": b"damaged"}})
    records = deployed.records("publish", "--to", f"queue:{crm.url}", "--since", "1h", "--yes", code=1)
    results = {each["envelopeId"]: each["result"] for each in records}
    assert results == {"e-0": "published", "e-1": "unreadable error", "e-2": "not tried", "e-9": "published"}
    assert sorted(ids(crm.messages())) == ["e-0", "e-9"]


def test_an_event_is_found_by_its_log_lines_or_by_a_scan_that_first_says_its_cost(deployed: Deployment) -> None:
    crm = Subscriber(deployed, "crm", rule=False)
    to = ["publish", "--to", f"queue:{crm.url}", "--yes", "--event"]
    assert "reading the whole table, 6 items, " in deployed.run(*to, "e-9").stderr
    deployed.log_delivery("stored", "e-9", "a-2")
    assert "reading the whole table" not in deployed.run(*to, "e-9").stderr
    assert ids(crm.messages()) == ["e-9", "e-9"]


@pytest.mark.parametrize("destination", ["queue", "everybody"])
def test_what_was_published_again_is_marked_where_an_event_is_shown(deployed: Deployment, destination: str) -> None:
    crm = Subscriber(deployed, "crm", rule=False)
    to = ["publish", "--to", f"queue:{crm.url}" if destination == "queue" else destination, "--yes"]
    deployed.log_publication(("e-9", "a-2"), result="parked")
    named = "queue crm" if destination == "queue" else "everybody"
    for _ in range(2):
        deployed.run(*to, "--event", "e-9", "--appointment", "a-2")
    (row,) = deployed.records("history", "a-2")
    parked = ["parked"] if destination == "queue" else []
    assert row["marks"] == ["replayed 2 times", *parked]
    assert f"replayed to {named} at 20" in deployed.run("history", "a-2").stdout
    first, second = row["replays"]
    assert (first["destination"], second["destination"]) == (named, named)
    assert first["id"] != second["id"]
    assert bool(row["publishedAt"] and row["eventId"]) is (destination == "everybody")
    (event,) = deployed.records("event", "e-9", "--appointment", "a-2")
    assert [line["result"] for line in event["lines"]][1:] == [{"queue": "sent"}.get(destination, "published")] * 2
    assert event["published"].startswith("parked" if destination == "queue" else "published")
    assert f"to {named}, run {first['id']}" in deployed.run("event", "e-9", "--appointment", "a-2").stdout


def test_verify_counts_what_an_operator_published_but_not_what_went_to_one_queue(deployed: Deployment) -> None:
    crm = Subscriber(deployed, "crm", rule=False)
    for number in range(3):
        deployed.age("a-1", f"e-{number}")
    deployed.age("a-2", "e-9")
    deployed.run("publish", "--to", "everybody", "--appointment", "a-1", "--yes")
    deployed.run("publish", "--to", f"queue:{crm.url}", "--appointment", "a-2", "--yes")
    (missing,) = deployed.records("verify", "--since", "1h", code=1)
    assert missing["envelopeId"] == "e-9"


def test_a_run_that_cannot_be_recorded_publishes_and_says_so_once(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = Subscriber(deployed, "crm", rule=False)
    monkeypatch.setattr(replays, "EVENTS_OF_A_LINE", 1)
    deployed.logs.delete_log_group(logGroupName=deployed.resources["PublisherFunctionLogGroup"])
    stderr = deployed.run("publish", "--to", f"queue:{crm.url}", "--since", "1h", "--yes").stderr
    assert len(crm.messages()) == 4
    assert stderr.count("this run is not recorded, so that history does not show it: CreateLogStream was refused") == 1


def test_what_was_sent_before_an_interruption_is_recorded(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = Subscriber(deployed, "crm", rule=False)
    send = destinations.Queue.send

    def interrupted(queue: Any, message: Any) -> Any:
        if message.envelope_id == "e-1":
            raise KeyboardInterrupt
        return send(queue, message)

    monkeypatch.setattr(destinations.Queue, "send", interrupted)
    deployed.run("publish", "--to", f"queue:{crm.url}", "--appointment", "a-1", "--yes", code=1)
    assert ids(crm.messages()) == ["e-0"]
    assert [row["marks"] for row in deployed.records("history", "a-1")] == [[], [], ["replayed"]]


def test_one_rule_gets_a_replay_of_the_archive(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    events = boto3.client("events")
    for name in ("crm", "other"):
        Subscriber(deployed, name, rule=True)
    bus = events.describe_event_bus(Name=BUS)["Arn"]
    events.create_archive(ArchiveName="kept", EventSourceArn=bus)
    known = Target.resource
    replayed = ["publish", "--since", "1h", "--to"]
    assert "keeps no archive" in deployed.run(*replayed, "rule:crm", code=2).stderr
    archive = {"AppointmentsArchive": "kept"}
    monkeypatch.setattr(Target, "resource", lambda target, name: archive.get(name) or known(target, name))
    assert "the bus has no rule none: its rules are crm, other" in deployed.run(*replayed, "rule:none", code=2).stderr
    assert "not single events" in deployed.run(*replayed, "rule:crm", "--appointment", "a", code=2).stderr
    assert deployed.records(*replayed, "rule:crm")[0]["state"] == "would start"
    assert events.list_replays()["Replays"] == []
    (record,) = deployed.records(*replayed, "rule:crm", "--yes")
    replay = events.describe_replay(ReplayName=record["replay"])
    assert [arn.rpartition("/")[2] for arn in replay["Destination"]["FilterArns"]] == ["crm"]
    assert replay["Destination"]["Arn"] == bus


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--to", "crm", "--appointment", "a-1"], 2, "'crm' is no destination: give queue:URL, rule:NAME or everybody"),
        (["--to", "everybody"], 2, "give --appointment, --event or --since"),
        (["--to", "everybody", "--event", "none"], 3, "there is no event none: looked through the table"),
        (["--appointment", "a-1"], 2, "Missing option '--to'"),
        (["--to", "everybody", "--appointment", "none"], 3, "has no event of appointment none"),
    ],
)
def test_a_wrong_request_publishes_nothing(deployed: Deployment, arguments: list[str], code: int, message: str) -> None:
    crm = Subscriber(deployed, "crm", rule=True)
    assert message in deployed.run("publish", *arguments, "--yes", code=code).stderr
    assert crm.messages() == []
