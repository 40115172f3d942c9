"""The backlog: a delivery that cannot be stored in time is deferred, and later stored or put in quarantine."""

from __future__ import annotations

import base64
import importlib
import json
import os
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from appointments.deadline import Deadline
from appointments.errors import BacklogUnavailableError, UndeliverableError
from appointments.storage import backlog, items
from appointments.storage.backlog import Backlog, Deferred
from appointments.storage.bodies import Bodies
from samples.files import EVENTS
from tests.builders import ENVIRONMENT, body, delivery, make_table_and_buckets

RECEIVED_AT = "2026-03-02T09:00:01.000000000Z"
CONTEXT = SimpleNamespace(
    function_name="backlog", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="r-1"
)


class Function:
    """BacklogFunction on an embedded AWS, invoked as by its event source mapping."""

    def __init__(self) -> None:
        make_table_and_buckets()
        self.queue_url = boto3.client("sqs").create_queue(QueueName="backlog")["QueueUrl"]
        self.bodies = Bodies(boto3.client("s3"), ENVIRONMENT["BODIES_BUCKET_NAME"])
        self.backlog = Backlog(boto3.client("sqs"), self.queue_url, lambda: self.bodies)
        os.environ.update(ENVIRONMENT)
        import backlog.handler

        self.handler = importlib.reload(backlog.handler)

    def invoke(self, *messages: str, receives: int = 1) -> list[int]:
        """Invoke the function. Return the positions of the messages that it reports as failed."""
        records = [
            {"messageId": str(n), "body": text, "attributes": {"ApproximateReceiveCount": str(receives)}}
            for n, text in enumerate(messages)
        ]
        answer = self.handler.lambda_handler({"Records": records}, CONTEXT)
        return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]

    def stored(self) -> dict[str, Any]:
        scanned = boto3.client("dynamodb").scan(TableName=ENVIRONMENT["TABLE_NAME"])["Items"]
        return {item["sk"]["S"]: item for item in scanned}

    def quarantined(self) -> dict[str, bytes]:
        s3, bucket = boto3.client("s3"), ENVIRONMENT["QUARANTINE_BUCKET_NAME"]
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return {key.partition("/")[0]: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def message_for(self, content: bytes) -> str:
        """Return the message that WebhookFunction sends for a body."""
        self.backlog.defer(Deferred(content, RECEIVED_AT), Deadline(20))
        (message,) = boto3.client("sqs").receive_message(QueueUrl=self.queue_url)["Messages"]
        boto3.client("sqs").delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return str(message["Body"])


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    for name in ENVIRONMENT:  # restored after the test
        monkeypatch.setenv(name, "")
    with mock_aws():
        yield Function()


@given(st.binary(max_size=400))
def test_a_decoded_message_has_the_exact_bytes_of_the_body(content: bytes) -> None:
    deferred = Deferred(content, RECEIVED_AT)
    message = backlog.encode(deferred)
    assert message.isascii()  # SQS refuses some characters
    assert backlog.decode(message, load=lambda _: b"") == deferred


@given(st.text(max_size=60) | st.sampled_from(['{"receivedAt":1}', '{"receivedAt":"x","body":"!"}', "[]", "1" * 5000]))
def test_any_other_message_is_undeliverable(message: str) -> None:
    with pytest.raises(UndeliverableError):
        backlog.decode(message, load=lambda _: b"")


def test_a_deferred_delivery_is_stored_with_its_body_and_time_of_receipt(function: Function) -> None:
    content = body(delivery(id="e-1"))
    assert function.invoke(function.message_for(content)) == []
    event = function.stored()["EVENT#e-1"]
    assert items.unpack(event["body"]["B"]) == content
    assert event["receivedAt"] == {"S": RECEIVED_AT}
    assert function.stored()["CURRENT"]["eventId"] == {"S": "e-1"}


def test_a_repeated_message_is_a_duplicate_and_an_older_delivery_is_stale(function: Function) -> None:
    newer = function.message_for(body(delivery(id="e-2", updated_at="2026-03-02T10:00:00Z")))
    older = function.message_for(body(delivery(id="e-1", updated_at="2026-03-02T09:00:00Z")))
    assert function.invoke(newer, newer, older) == []
    assert sorted(function.stored()) == ["CURRENT", "EVENT#e-1", "EVENT#e-2"]
    assert function.stored()["EVENT#e-1"]["stale"] == {"BOOL": True}
    assert function.quarantined() == {}


def test_a_body_too_large_for_a_message_is_deferred_in_the_bucket(function: Function) -> None:
    noise = base64.b64encode(os.urandom(600_000)).decode()
    content = body(delivery(id="e-1", internalNotes=noise))
    message = function.message_for(content)
    assert len(message) < 1000
    assert function.invoke(message) == []
    assert function.bodies.get(function.stored()["EVENT#e-1"]["bodyKey"]["S"]) == content


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"{", "malformed"), (b"{}", "contract"), (b"\xff", "malformed")],
)
def test_an_invalid_body_is_put_in_quarantine_byte_for_byte(function: Function, content: bytes, reason: str) -> None:
    assert function.invoke(function.message_for(content), function.message_for(body(delivery()))) == []
    assert function.quarantined() == {reason: content}
    assert "EVENT#e-1" in function.stored()


def test_a_foreign_message_and_a_message_without_its_body_are_put_in_quarantine(function: Function) -> None:
    missing_body = json.dumps({"receivedAt": RECEIVED_AT, "bodyKey": "bodies/" + "0" * 64})
    assert function.invoke("what is this", missing_body) == []
    assert set(function.quarantined()) == {"undeliverable"}


def test_other_content_under_a_known_id_is_put_in_quarantine_as_a_conflict(function: Function) -> None:
    other = body(delivery(id="e-1", internalNotes="other"))
    assert function.invoke(function.message_for(body(delivery(id="e-1"))), function.message_for(other)) == []
    assert function.quarantined() == {"conflicting-duplicate": other}


@pytest.mark.parametrize("receives", [1, 50, 999])
def test_an_outage_of_any_length_leaves_every_message_in_the_queue(
    function: Function, monkeypatch: pytest.MonkeyPatch, receives: int
) -> None:
    messages = [function.message_for(body(delivery(id=f"e-{n}"))) for n in range(4)]
    calls = []

    def down(**_: Any) -> Any:
        calls.append(1)
        raise EndpointConnectionError(endpoint_url="dynamodb")

    monkeypatch.setattr(function.handler._intake._store._client, "transact_write_items", down)
    assert function.invoke(*messages, receives=receives) == [0, 1, 2, 3]
    assert len(calls) == 1  # the rest of the batch is not tried
    assert function.quarantined() == {}
    monkeypatch.undo()
    assert function.invoke(*messages) == []
    assert len(function.stored()) == 5


def test_a_delivery_that_dynamodb_refuses_blocks_no_other_and_ends_in_quarantine(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = function.handler._intake._store._client
    write = client.transact_write_items

    def refuse(**request: Any) -> Any:
        if request["TransactItems"][0]["Put"]["Item"]["sk"]["S"] == "EVENT#e-0":
            raise ClientError({"Error": {"Code": "ValidationException"}}, "TransactWriteItems")
        return write(**request)

    monkeypatch.setattr(client, "transact_write_items", refuse)
    contents = [body(delivery(id=f"e-{n}")) for n in range(2)]
    messages = [function.message_for(content) for content in contents]
    assert function.invoke(*messages, receives=1) == [0]
    assert "EVENT#e-1" in function.stored()
    assert function.quarantined() == {}
    assert function.invoke(messages[0], receives=5) == []
    assert function.quarantined() == {"undeliverable": contents[0]}


def test_a_delivery_that_raises_an_unexpected_error_ends_in_quarantine(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("unexpected")

    monkeypatch.setattr(function.handler._intake._store, "save", broken)
    message = function.message_for(body(delivery()))
    assert function.invoke(message, receives=4) == [0]
    assert function.invoke(message, receives=5) == []
    assert set(function.quarantined()) == {"undeliverable"}


def lines(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """Return the lines with metrics that were written since the last call."""
    return [json.loads(text) for text in capsys.readouterr().out.splitlines() if text.startswith('{"_aws"')]


def ids(number: int, event_type: str = "CREATE") -> dict[str, str]:
    return {
        "event_type": event_type,
        "correlation_id": "c-1",
        "envelope_id": f"e-{number}",
        "appointment_id": "a-1",
    }


def test_the_line_of_a_batch_names_every_message_with_its_outcome_and_ids(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = body(delivery(id="e-1", updated_at="never", event_type="c4n4ry"))
    messages = [function.message_for(content) for content in (body(delivery(id="e-0")), refused, b"{")]
    function.invoke(*messages, "c4n4ry")
    (line,) = lines(capsys)
    assert (line["message"], line["function_request_id"]) == ("backlog", "r-1")
    assert line["messages"] == [
        {"outcome": "stored", "message_id": "0", **ids(0)},
        {"outcome": "contract", "message_id": "1", **ids(1, "(unrecognized)")},
        {"outcome": "malformed", "message_id": "2"},
        {"outcome": "undeliverable", "message_id": "3"},
    ]
    assert (line["Accepted"], line["Quarantined"]) == ([1.0], [1.0, 1.0, 1.0])


def test_the_line_of_a_batch_names_what_an_outage_leaves_in_the_queue(
    function: Function, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    large = body(delivery(id="e-2", internalNotes=base64.b64encode(os.urandom(600_000)).decode()))
    messages = [
        function.message_for(content) for content in (body(delivery(id="e-0")), body(delivery(id="e-1")), large)
    ]

    def down(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="dynamodb")

    monkeypatch.setattr(function.handler._intake._store._client, "transact_write_items", down)
    assert function.invoke(*messages) == [0, 1, 2]
    (line,) = lines(capsys)
    assert line["messages"] == [
        {"outcome": "again", "message_id": "0", **ids(0)},
        {"outcome": "again", "message_id": "1", **ids(1)},
        {"outcome": "again", "message_id": "2"},  # its body is in S3: nothing is fetched for a log
    ]


def test_an_object_in_quarantine_has_the_ids_of_the_delivery_and_of_the_invocation(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ValidationException"}}, "TransactWriteItems")

    monkeypatch.setattr(function.handler._intake._store._client, "transact_write_items", refuse)
    assert function.invoke(function.message_for(body(delivery())), receives=5) == []
    s3, bucket = boto3.client("s3"), ENVIRONMENT["QUARANTINE_BUCKET_NAME"]
    (found,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    metadata = s3.head_object(Bucket=bucket, Key=found["Key"])["Metadata"]
    assert {name: metadata.get(name) for name in ("envelope-id", "appointment-id", "function-request-id")} == {
        "envelope-id": "e-1",
        "appointment-id": "a-1",
        "function-request-id": "r-1",
    }


def test_a_failed_write_to_the_quarantine_leaves_the_message_in_the_queue(function: Function) -> None:
    message = function.message_for(b"{")
    boto3.client("s3").delete_bucket(Bucket=ENVIRONMENT["QUARANTINE_BUCKET_NAME"])
    assert function.invoke(message, function.message_for(body(delivery()))) == [0]
    assert "EVENT#e-1" in function.stored()


def test_the_sample_batches_are_stored_and_their_poison_messages_put_in_quarantine(function: Function) -> None:
    for name, expected in (("batch", set()), ("poison", {"contract", "undeliverable"})):
        event = json.loads((EVENTS / "backlog" / f"{name}.json").read_text(encoding="utf-8"))
        assert function.handler.lambda_handler(event, CONTEXT) == {"batchItemFailures": []}
        assert set(function.quarantined()) == expected
    assert sum(name.startswith("EVENT#") for name in function.stored()) == 3


def test_a_missing_or_hanging_queue_raises_backlog_unavailable(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("sqs").delete_queue(QueueUrl=function.queue_url)
    with pytest.raises(BacklogUnavailableError, match="NonExistentQueue"):
        function.backlog.defer(Deferred(b"{}", RECEIVED_AT), Deadline(5))
    release = threading.Event()
    monkeypatch.setattr(function.backlog._client, "send_message", lambda **_: release.wait(20))
    with pytest.raises(BacklogUnavailableError, match="time"):
        function.backlog.defer(Deferred(b"{}", RECEIVED_AT), Deadline(0.05))
    release.set()
