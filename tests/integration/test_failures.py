"""``appointments failures``: what ended in the failure queue, shown without losing it and published again in order.

Everything is the real thing on an embedded AWS: the store, the stream, the queue, the bus and a rule on it. The table
and its stream are also DynamoDB Local's, where that runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result
from moto import mock_aws

from appointments.contract.instants import utc
from appointments.publishing.bus import Bus
from appointments.publishing.failures import Cause, Parked
from appointments.storage import items
from appointments.storage.bodies import Bodies, key_of
from appointments_cli import queue_reader, target
from appointments_cli.failures import redrive
from appointments_cli.main import main
from local.template import Template
from tests.builders import body, delivery, make_bucket, received
from tests.integration.test_publisher import drained

SOURCE = "pexip.engage"
NOON = "2026-03-02T12:{minute:02}:{second:02}.000000000Z"


@dataclass
class Stack:
    """A table with a stream, a failure queue, and a bus whose one rule fills a queue."""

    table: Any
    streams: Any
    table_name: str
    queue_url: str
    subscriber_url: str
    runner: CliRunner = field(default_factory=CliRunner)

    def run(self, *arguments: str, code: int = 0, named: bool = True) -> Result:
        """``named`` gives every name by its option."""
        names = {
            "--failure-queue": self.queue_url,
            "--table": self.table_name,
            "--bodies-bucket": "bodies",
            "--event-bus": "appointments",
            "--event-source": SOURCE,
            "--event-detail": "full",
        }
        given = [word for pair in names.items() for word in pair] if named else []
        result = self.runner.invoke(main, ["failures", arguments[0], *given, *arguments[1:]])
        assert result.exit_code == code, (result.output, result.exception)
        return result

    def store(
        self, appointment_id: str, event_id: str, minute: int = 0, second: int = 0, *, stored_at: bool = True
    ) -> dict[str, Any]:
        """An event item as the store writes it, and its current item besides."""
        content = body(delivery(id=event_id, appointment_id=appointment_id))
        at = NOON.format(minute=minute, second=second)
        arrived = received(content, received_at=at)
        item = items.event_item(arrived)
        if stored_at:  # received long before: by its arrival it would not be found
            item |= {"storedAt": {"S": at}, "receivedAt": {"S": "2026-03-01T00:00:00.000000000Z"}}
        for one in (item, items.current_item(arrived)):
            self.table.put_item(TableName=self.table_name, Item=one)
        return item

    def park(self, item: dict[str, Any], sequence_number: int = 1) -> None:
        parked = Parked(
            item["pk"]["S"],
            item["sk"]["S"],
            Cause.REFUSED,
            "MalformedDetail",
            str(sequence_number),
            "2026-03-02T12:00:00Z",
        )
        self.send(parked.body())

    def send(self, text: str) -> None:
        boto3.client("sqs").send_message(QueueUrl=self.queue_url, MessageBody=text)

    def give_up(self, start: int, end: int, **changes: Any) -> None:
        """The mapping gives up on the stream's event records from ``start`` to before ``end``, counted from 0."""
        stream_arn, shard_id, records = self.streamed()
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        info = {
            "shardId": shard_id,
            "startSequenceNumber": numbers[start],
            "endSequenceNumber": numbers[end - 1],
            "approximateArrivalOfFirstRecord": "2026-03-02T12:00:00Z",
            "approximateArrivalOfLastRecord": "2026-03-02T12:10:00Z",
            "batchSize": end - start,
            "streamArn": stream_arn,
        }
        context = {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 3}
        self.send(json.dumps({"requestContext": context, "version": "1.0", "DDBStreamBatchInfo": info | changes}))

    def streamed(self) -> tuple[str, str, list[Any]]:
        """The stream, its one shard, and the event records in it."""
        arn = self.table.describe_table(TableName=self.table_name)["Table"]["LatestStreamArn"]
        (shard,) = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        where = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.streams.get_shard_iterator(**where)["ShardIterator"]
        records = self.streams.get_records(ShardIterator=iterator)["Records"]
        return arn, shard["ShardId"], [r for r in records if r["dynamodb"]["Keys"]["sk"]["S"].startswith("EVENT#")]

    def published(self) -> list[str]:
        """The envelope ids that the rule's target got since the last time, in order."""
        return [json.loads(text)["detail"]["metadata"]["id"] for text in drained(self.subscriber_url)]

    def left(self) -> int:
        """How many messages are in the failure queue for everybody to see."""
        attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["All"])
        assert attributes["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture(params=["moto", "dynamodb-local"])
def stack(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    if request.param == "dynamodb-local":
        endpoint = os.environ.get("DYNAMODB_LOCAL_ENDPOINT")
        if not endpoint:
            pytest.skip("DynamoDB Local is not running: DYNAMODB_LOCAL_ENDPOINT is not set")
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", endpoint)
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # moto does not know a stream's own address
    monkeypatch.setattr(queue_reader, "WAIT_SECONDS", 0)
    with mock_aws():
        one = _stack()
        yield one
        one.table.delete_table(TableName=one.table_name)


def _stack() -> Stack:
    sqs, events, table = boto3.client("sqs"), boto3.client("events"), boto3.client("dynamodb")
    queue_url = sqs.create_queue(QueueName="failures")["QueueUrl"]
    subscriber_url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=subscriber_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name="appointments")
    events.put_rule(Name="all", EventBusName="appointments", EventPattern=json.dumps({"source": [SOURCE]}))
    events.put_targets(Rule="all", EventBusName="appointments", Targets=[{"Id": "queue", "Arn": arn}])
    table_name = f"failures-{uuid4()}"
    table.create_table(
        TableName=table_name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return Stack(table, boto3.client("dynamodbstreams"), table_name, queue_url, subscriber_url)


@pytest.fixture
def forgetful(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack whose stream no longer has what is asked for, as after a day; the embedded ones never forget."""

    def trimmed(*_: Any) -> Any:
        raise ClientError({"Error": {"Code": "TrimmedDataAccessException"}}, "GetShardIterator")

    monkeypatch.setattr("appointments_cli.failures.history.History._read", trimmed)
    return stack


def refuse(monkeypatch: pytest.MonkeyPatch, refused: Callable[[str], str | None]) -> list[list[str]]:
    """From now on EventBridge answers with this code to an envelope id; the calls that were made of the ids."""
    put, calls = Bus._call, []

    def called(bus: Any, messages: Any, deadline: Any) -> Any:
        from appointments.publishing.bus import _result

        calls.append([message.envelope_id for message in messages])
        codes = [refused(message.envelope_id) for message in messages]
        taken = [message for message, code in zip(messages, codes, strict=True) if code is None]
        results = iter(put(bus, taken, deadline) if taken else [])
        return [_result({"ErrorCode": code}) if code else next(results) for code in codes]

    monkeypatch.setattr(Bus, "_call", called)
    return calls


def test_list_shows_both_kinds_and_what_it_does_not_know_and_leaves_everything_there(stack: Stack) -> None:
    stack.park(stack.store("a", "e-1"))
    stack.give_up(0, 1)
    stack.send("c4n4ry")
    for _ in range(2):
        output = stack.run("list").output
        assert "parked\ta\te-1\tMalformedDetail\trefused" in output
        assert "\tRetryAttemptsExhausted\t\t1\t" in output
        assert "\tunknown\t" in output
        assert "c4n4ry" not in output
        assert output.endswith("3 failures: 1 parked event, 1 range of the stream, 1 unknown\n")
        assert stack.left() == 3


def test_list_shows_no_more_than_its_limit_and_says_so(stack: Stack) -> None:
    for number in range(25):
        stack.park(stack.store("a", f"e-{number}"))
    assert stack.run("list", "--limit", "12").output.endswith(
        "12 failures: 12 parked events, 0 ranges of the stream, 0 unknown; "
        "about 13 more are not shown: give a higher --limit\n"
    )
    assert stack.run("list").stdout.count("parked\ta\t") == 25
    assert stack.left() == 25


@pytest.mark.parametrize("command", [["list"], ["redrive"], ["redrive", "--appointment", "a\x1b[2J"]])
def test_an_id_cannot_send_escape_sequences_to_a_terminal(stack: Stack, command: list[str]) -> None:
    stack.park(stack.store("a\x1b[2J", "e\n\x9b-\u202e1"))
    assert "a\\x1b[2J\t" in stack.run(*command).output


def test_an_event_type_cannot_send_escape_sequences_to_a_terminal(stack: Stack) -> None:
    item = stack.store("a", "e-1")
    stack.table.put_item(TableName=stack.table_name, Item=item | {"eventType": {"S": "\x1b]0;x\x07"}})
    assert "\ta\t\\x1b]0;x\\x07\t" in stack.run("redrive", "--appointment", "a").output


def test_a_message_of_the_queue_cannot_send_escape_sequences_to_a_terminal(stack: Stack) -> None:
    text = json.loads(Parked("pk", "sk", Cause.REFUSED, "\x1b[1m", "\n1", "\x1b[2J").body())
    stack.send(json.dumps(text))
    output = stack.run("list").output
    assert "\\x1b[2J\tparked\t" in output
    assert "\t\\x1b[1m\trefused" in output
    assert "\x1b" not in output


def test_a_dry_run_shows_what_would_be_published_and_changes_nothing(stack: Stack) -> None:
    stack.park(stack.store("a", "e-1"))
    output = stack.run("redrive").output
    assert "2026-03-02T12:00:00.000+00:00\twould publish\ta\tCREATE\te-1" in output
    assert output.endswith("dry run, nothing is published without --yes: 1 failure, 1 event\n")
    assert stack.published() == []
    assert stack.left() == 1


def test_parked_events_are_published_in_the_streams_order_whatever_the_queues(stack: Stack) -> None:
    for number in (3, 1, 2):
        stack.park(stack.store("a", f"e-{number}", minute=9 - number), sequence_number=number)
    stack.park(stack.store("b", "e-4"), sequence_number=0)
    output = stack.run("redrive", "--execute").output
    published = stack.published()
    assert [name for name in published if name != "e-4"] == ["e-1", "e-2", "e-3"]
    assert len(published) == 4
    assert output.endswith("4 failures, 4 events: 4 published, 0 failed, 0 not tried; 4 failures deleted, 0 left.\n")
    assert stack.left() == 0


def test_a_range_is_read_from_the_stream_and_nothing_before_or_behind_it_is_published(stack: Stack) -> None:
    for number in range(6):
        stack.store("ab"[number % 2], f"e-{number}", minute=30 - number)
    stack.give_up(1, 5)
    stack.run("redrive", "--execute")
    published = stack.published()
    assert [name for name in published if name in ("e-1", "e-3")] == ["e-1", "e-3"]
    assert [name for name in published if name in ("e-2", "e-4")] == ["e-2", "e-4"]
    assert len(published) == 4
    assert stack.left() == 0


def test_a_range_that_the_stream_has_forgotten_is_found_in_the_history_by_the_time_of_its_commit(
    forgetful: Stack,
) -> None:
    stack = forgetful
    for number, minute in enumerate((50, 11, 5, 0, 20)):
        stack.store("a", f"e-{number}", minute)
    stack.give_up(1, 4)
    output = stack.run("redrive", "--execute").output
    assert stack.published() == ["e-3", "e-2", "e-1"]  # by storedAt, one minute around the range included
    assert "scanning the table" in output
    assert stack.left() == 0


def test_an_event_from_before_commits_were_dated_is_found_by_its_arrival(forgetful: Stack) -> None:
    forgetful.store("a", "e-1", 5, stored_at=False)
    forgetful.store("a", "e-2", 30, stored_at=False)
    forgetful.give_up(0, 1)
    forgetful.run("redrive", "--execute")
    assert forgetful.published() == ["e-1"]


def test_several_forgotten_ranges_cost_one_scan_and_each_gets_its_own_events(
    forgetful: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = refuse(monkeypatch, lambda name: "MalformedDetail" if name == "e-1" else None)
    for number, minute in enumerate((5, 20, 30)):
        forgetful.store(f"a-{number}", f"e-{number}", minute)
    for number, minute in enumerate((5, 30)):
        at = f"2026-03-02T12:{minute:02}:00Z"
        forgetful.give_up(number, number + 1, approximateArrivalOfFirstRecord=at, approximateArrivalOfLastRecord=at)
    output = forgetful.run("redrive", "--execute").output
    assert output.count("scanning the table") == 1
    assert sorted(name for call in calls for name in call) == ["e-0", "e-2"]


def test_a_stream_that_is_gone_is_as_good_as_forgotten(stack: Stack, request: pytest.FixtureRequest) -> None:
    if "moto" in request.node.name:
        pytest.skip("moto has no answer for a stream that it does not know")
    stack.store("a", "e-1", 5)
    arn, _, _ = stack.streamed()
    stack.give_up(0, 1, streamArn=f"{arn[:-3]}999", shardId="shardId-00000000000000000000-gone")
    stack.run("redrive", "--execute")
    assert stack.published() == ["e-1"]


def test_what_is_in_several_failures_is_published_once_and_all_of_them_are_removed(stack: Stack) -> None:
    item = stack.store("a", "e-1")
    stack.park(item, 1)
    stack.park(item, 1)
    stack.give_up(0, 1)
    output = stack.run("redrive", "--execute").output
    assert stack.published() == ["e-1"]
    assert "3 failures, 1 event: 1 published, 0 failed, 0 not tried; 3 failures deleted, 0 left." in output


def test_what_eventbridge_still_refuses_stays_and_the_command_fails(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, lambda name: "MalformedDetail" if name == "e-1" else None)
    for number in (1, 2, 3):
        stack.park(stack.store("a", f"e-{number}"), number)
    output = stack.run("redrive", "--execute", code=1).output
    assert stack.published() == ["e-2", "e-3"]
    assert "not published, MalformedDetail: appointment a, event e-1" in output
    assert "3 failures, 3 events: 2 published, 1 failed, 0 not tried; 2 failures deleted, 1 left." in output
    assert stack.left() == 1


def test_a_range_stays_until_every_event_of_it_is_accepted(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        stack.store(f"a-{number}", f"e-{number}")
    stack.give_up(0, 4)
    with monkeypatch.context() as refusing:
        refuse(refusing, lambda name: "InvalidArgument" if name == "e-2" else None)
        stack.run("redrive", "--execute", code=1)
    assert sorted(stack.published()) == ["e-0", "e-1", "e-3"]
    assert stack.left() == 1
    stack.run("redrive", "--execute")
    assert sorted(stack.published()) == ["e-0", "e-1", "e-2", "e-3"]
    assert stack.left() == 0


def test_an_outage_fails_stops_early_and_loses_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrive, "CHUNK", 2)
    monkeypatch.setattr(redrive, "CHUNK_SECONDS", 1.3)
    calls = refuse(monkeypatch, lambda _: "ThrottlingException")
    for number in range(6):
        stack.park(stack.store(f"a-{number}", f"e-{number}"), number)
    output = stack.run("redrive", "--execute", code=1).output
    assert "stopped: EventBridge accepts nothing" in output
    assert "6 failures, 6 events: 0 published, 2 failed, 4 not tried; 0 failures deleted, 6 left." in output
    assert {name for call in calls for name in call} == {"e-0", "e-1"}
    assert stack.left() == 6


def test_an_appointments_events_behind_one_that_does_not_get_through_just_now_wait_for_it(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redrive, "CHUNK_SECONDS", 1.3)
    refuse(monkeypatch, lambda name: "ThrottlingException" if name == "e-1" else None)
    for number in (1, 2):
        stack.park(stack.store("a", f"e-{number}"), number)
    stack.park(stack.store("b", "e-3"), 3)
    stack.run("redrive", "--execute", code=1)
    assert stack.published() == ["e-3"]
    assert stack.left() == 2


def test_interrupted_at_any_call_it_leaves_in_the_queue_what_is_not_known_to_be_accepted(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redrive, "CHUNK", 1)
    for number in range(3):
        stack.park(stack.store(f"a-{number}", f"e-{number}"), number)

    def interrupted(name: str) -> str | None:
        if name == "e-1":
            raise KeyboardInterrupt
        return None

    with monkeypatch.context() as interrupting:
        refuse(interrupting, interrupted)
        stack.run("redrive", "--execute", code=1)
    assert stack.published() == ["e-0"]
    assert stack.left() == 2
    stack.run("redrive", "--execute")
    assert stack.published() == ["e-1", "e-2"]
    assert stack.left() == 0


def test_an_event_that_the_history_no_longer_has_stays_in_the_queue_and_the_command_fails(stack: Stack) -> None:
    item = stack.store("a", "e-1")
    stack.park(item)
    stack.table.delete_item(TableName=stack.table_name, Key={name: item[name] for name in ("pk", "sk")})
    for arguments in (["redrive"], ["redrive", "--execute"]):
        assert "no event found: parked" in stack.run(*arguments, code=1).output
    assert stack.left() == 1


def test_a_poisoned_item_stays_in_the_queue_until_it_is_repaired(stack: Stack) -> None:
    item = stack.store("a", "e-1")
    stack.table.put_item(TableName=stack.table_name, Item=item | {"body": {"B": b"poison"}})
    stack.park(item)
    assert "not published, error: " in stack.run("redrive", "--execute", code=1).output
    assert stack.left() == 1
    stack.table.put_item(TableName=stack.table_name, Item=item)
    stack.run("redrive", "--execute")
    assert stack.published() == ["e-1"]
    assert stack.left() == 0


def test_a_message_that_is_not_understood_stays_and_the_others_are_published(stack: Stack) -> None:
    stack.send('{"parkedEvent": {"pk": "c4n4ry"}}')
    stack.park(stack.store("a", "e-1"))
    assert "c4n4ry" not in stack.run("redrive", "--execute", code=1).output
    assert stack.published() == ["e-1"]
    assert stack.left() == 1


@pytest.mark.parametrize("text", ["[" * 200_000, "5", '"parkedEvent"', "{}", '{"parkedEvent": {}}', "null"])
def test_a_message_of_nobody_is_unknown_and_ends_no_command(stack: Stack, text: str) -> None:
    stack.send(text)
    assert stack.run("list").output.endswith("1 failure: 0 parked events, 0 ranges of the stream, 1 unknown\n")
    output = stack.run("redrive", code=1).output
    assert "no event found: unknown " in output
    assert output.endswith("without --yes: 1 failure, 0 events, 1 failure without an event\n")
    assert stack.left() == 1


def test_no_more_failures_are_taken_than_the_limit(stack: Stack) -> None:
    for number in range(5):
        stack.park(stack.store("a", f"e-{number}"), number)
    stack.run("redrive", "--execute", "--limit", "3")
    assert len(stack.published()) == 3
    assert stack.left() == 2


def test_an_appointment_or_one_event_of_it_is_published_again_without_the_queue(stack: Stack) -> None:
    for number in (1, 2, 3):
        stack.store("a", f"e-{number}", minute=9 - number)
    stack.store("b", "e-4")
    assert "would publish" in stack.run("redrive", "--appointment", "a").output
    assert stack.published() == []
    assert stack.run("redrive", "--appointment", "a", "--execute").output.endswith(
        "3 events: 3 published, 0 failed, 0 not tried.\n"
    )
    assert stack.published() == ["e-3", "e-2", "e-1"]
    stack.run("redrive", "--appointment", "a", "--event", "e-2", "--execute")
    assert stack.published() == ["e-2"]
    said = stack.run("redrive", "--appointment", "a", "--event", "e-4", "--execute", code=3).output
    assert f"the table {stack.table_name} has no event e-4 of appointment a" in said
    assert "give --stack, or --appointment" in stack.run("redrive", "--event", "e-2", code=2).output


def test_a_message_published_again_is_the_one_that_was_due(stack: Stack) -> None:
    item = stack.store("a", "e-1")
    stack.table.put_item(TableName=stack.table_name, Item=item | {"stale": {"BOOL": True}})
    stack.run("redrive", "--appointment", "a", "--execute")
    (text,) = drained(stack.subscriber_url)
    event = json.loads(text)
    assert (event["source"], event["detail-type"]) == (SOURCE, "AppointmentCreated")
    assert event["detail"]["metadata"]["stale"] is True
    assert event["detail"]["metadata"]["updatedAt"] == item["updatedAt"]["S"]


@pytest.mark.parametrize("arguments", [(), ("--appointment", "a"), ("--appointment", "a", "--event", "e-1")])
def test_a_message_that_the_command_publishes_is_replayed(stack: Stack, arguments: tuple[str, ...]) -> None:
    stack.park(stack.store("a", "e-1"))
    began = utc(datetime.now(UTC).isoformat())
    answer = stack.run("redrive", *arguments, "--execute")
    (text,) = drained(stack.subscriber_url)
    metadata = json.loads(text)["detail"]["metadata"]
    assert metadata["replayed"] is True
    assert f"metadata.replay.id of the messages of this run: {metadata['replay']['id']}\n" in answer.stderr
    assert began < metadata["replay"]["instant"] < utc(datetime.now(UTC).isoformat())


def test_a_body_in_the_bucket_is_fetched_and_one_that_is_gone_stays_in_the_queue(stack: Stack) -> None:
    make_bucket("bodies")
    bucket = Bodies(boto3.client("s3"), "bodies")
    for name in ("e-1", "e-2"):
        item = stack.store("a", name)
        content = items.unpack(item.pop("body")["B"])
        key = bucket.put(content) if name == "e-1" else key_of(content)
        stack.table.put_item(TableName=stack.table_name, Item=item | {"bodyKey": {"S": key}})
        stack.park(item)
    assert "not published, BodyLostError: " in stack.run("redrive", "--execute", code=1).output
    assert stack.published() == ["e-1"]
    assert stack.left() == 1


def test_names_come_from_the_stack_unless_they_are_given(stack: Stack) -> None:
    stack.store("a", "e-1")
    redriving = ["redrive", "--appointment", "a", "--execute"]
    assert "or give --table" in stack.run(*redriving, code=2, named=False).output
    template = {
        "Parameters": {name: {"Type": "String", "Default": "0"} for name in target.PARAMETERS.values()},
        "Resources": {"PublisherFailureQueue": {"Type": "AWS::SQS::Queue"}},
    }
    boto3.client("cloudformation").create_stack(
        StackName="deployed",
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": "EventSource", "ParameterValue": SOURCE},
            {"ParameterKey": "EventDetail", "ParameterValue": "reference"},
        ],
    )
    deployed = ["--stack", "deployed"]
    assert "0 failures" in stack.run("list", *deployed, named=False).output
    given = ["--table", stack.table_name, "--event-bus", "appointments", "--bodies-bucket", "bodies"]
    stack.run(*redriving, *deployed, *given, named=False)
    (text,) = drained(stack.subscriber_url)
    assert json.loads(text)["detail"]["metadata"]["detail"] == "reference"
    stack.run(*redriving, *deployed, *given, "--event-detail", "full", named=False)
    (text,) = drained(stack.subscriber_url)
    assert json.loads(text)["detail"]["metadata"]["detail"] == "full"
    assert (
        "the stack deployed has no AppointmentsTable and no"
        in stack.run(*redriving, *deployed, code=2, named=False).output
    )


def test_the_names_are_those_of_the_template() -> None:
    template = Template()
    assert all(template.properties(logical_id) for logical_id in target.RESOURCES.values())
    environment = template.function("PublisherFunction").environment
    assert environment["EVENT_SOURCE"] == {"Ref": target.PARAMETERS["event_source"]}
    assert environment["EVENT_DETAIL"] == {"Ref": target.PARAMETERS["event_detail"]}
    assert environment["EVENT_BUS_NAME"] == {"Ref": target.RESOURCES["event_bus"]}
    assert environment["FAILURE_QUEUE_URL"] == {"Ref": target.RESOURCES["failure_queue"]}
