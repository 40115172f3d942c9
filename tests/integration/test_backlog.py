"""The backlog: what cannot be stored in time is deferred, and stored later or kept in quarantine, never lost."""

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
    """BacklogFunction on an embedded AWS, invoked as its event source mapping does."""

    def __init__(self) -> None:
        make_table_and_buckets()
        self.queue_url = boto3.client("sqs").create_queue(QueueName="backlog")["QueueUrl"]
        self.bodies = Bodies(boto3.client("s3"), ENVIRONMENT["BODIES_BUCKET_NAME"])
        self.backlog = Backlog(boto3.client("sqs"), self.queue_url, lambda: self.bodies)
        os.environ.update(ENVIRONMENT)
        import backlog.handler

        self.handler = importlib.reload(backlog.handler)

    def invoke(self, *messages: str, receives: int = 1) -> list[int]:
        """Which of the messages were reported as failed, by position."""
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

    def deferred(self, content: bytes) -> str:
        """The message that the webhook sends for a body."""
        self.backlog.defer(Deferred(content, RECEIVED_AT), Deadline(20))
        (message,) = boto3.client("sqs").receive_message(QueueUrl=self.queue_url)["Messages"]
        boto3.client("sqs").delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return str(message["Body"])


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    for name in ENVIRONMENT:  # put back what was there
        monkeypatch.setenv(name, "")
    with mock_aws():
        yield Function()


@given(st.binary(max_size=400))
def test_a_message_gives_back_the_exact_bytes_whatever_they_are(content: bytes) -> None:
    deferred = Deferred(content, RECEIVED_AT)
    message = backlog.encode(deferred)
    assert message.isascii()  # a queue refuses some characters
    assert backlog.decode(message, load=lambda _: b"") == deferred


@given(st.text(max_size=60) | st.sampled_from(['{"receivedAt":1}', '{"receivedAt":"x","body":"!"}', "[]", "1" * 5000]))
def test_whatever_else_is_in_the_queue_is_told_as_none_of_ours(message: str) -> None:
    with pytest.raises(UndeliverableError):
        backlog.decode(message, load=lambda _: b"")


def test_a_deferred_delivery_is_stored_as_if_it_had_been_in_time(function: Function) -> None:
    content = body(delivery(id="e-1"))
    assert function.invoke(function.deferred(content)) == []
    event = function.stored()["EVENT#e-1"]
    assert items.unpack(event["body"]["B"]) == content
    assert event["receivedAt"] == {"S": RECEIVED_AT}
    assert function.stored()["CURRENT"]["eventId"] == {"S": "e-1"}


def test_a_delivery_that_was_stored_after_all_and_one_that_is_late_change_nothing_wrongly(function: Function) -> None:
    newer = function.deferred(body(delivery(id="e-2", updated_at="2026-03-02T10:00:00Z")))
    older = function.deferred(body(delivery(id="e-1", updated_at="2026-03-02T09:00:00Z")))
    assert function.invoke(newer, newer, older) == []
    assert sorted(function.stored()) == ["CURRENT", "EVENT#e-1", "EVENT#e-2"]
    assert function.stored()["EVENT#e-1"]["stale"] == {"BOOL": True}
    assert function.quarantined() == {}


def test_a_body_too_large_for_a_message_goes_by_the_bucket(function: Function) -> None:
    noise = base64.b64encode(os.urandom(600_000)).decode()
    content = body(delivery(id="e-1", internalNotes=noise))
    message = function.deferred(content)
    assert len(message) < 1000
    assert function.invoke(message) == []
    assert function.bodies.get(function.stored()["EVENT#e-1"]["bodyKey"]["S"]) == content


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"{", "malformed"), (b"{}", "contract"), (b"\xff", "malformed")],
)
def test_what_can_never_be_stored_ends_in_quarantine_byte_for_byte(
    function: Function, content: bytes, reason: str
) -> None:
    assert function.invoke(function.deferred(content), function.deferred(body(delivery()))) == []
    assert function.quarantined() == {reason: content}
    assert "EVENT#e-1" in function.stored()


def test_a_message_of_somebody_else_and_one_whose_body_is_gone_end_in_quarantine(function: Function) -> None:
    gone = json.dumps({"receivedAt": RECEIVED_AT, "bodyKey": "bodies/" + "0" * 64})
    assert function.invoke("what is this", gone) == []
    assert set(function.quarantined()) == {"undeliverable"}


def test_other_content_under_a_known_id_is_kept_as_a_conflict(function: Function) -> None:
    other = body(delivery(id="e-1", internalNotes="other"))
    assert function.invoke(function.deferred(body(delivery(id="e-1"))), function.deferred(other)) == []
    assert function.quarantined() == {"conflicting-duplicate": other}


@pytest.mark.parametrize("receives", [1, 50, 999])
def test_an_outage_is_waited_for_however_long_and_parks_nothing(
    function: Function, monkeypatch: pytest.MonkeyPatch, receives: int
) -> None:
    messages = [function.deferred(body(delivery(id=f"e-{n}"))) for n in range(4)]
    calls = []

    def down(**_: Any) -> Any:
        calls.append(1)
        raise EndpointConnectionError(endpoint_url="dynamodb")

    monkeypatch.setattr(function.handler._intake._store._client, "transact_write_items", down)
    assert function.invoke(*messages, receives=receives) == [0, 1, 2, 3]
    assert len(calls) == 1  # the rest of the batch does not wait in vain
    assert function.quarantined() == {}
    monkeypatch.undo()
    assert function.invoke(*messages) == []
    assert len(function.stored()) == 5


def test_what_dynamodb_finds_fault_with_does_not_hold_up_the_others_and_is_not_tried_for_ever(
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
    messages = [function.deferred(content) for content in contents]
    assert function.invoke(*messages, receives=1) == [0]
    assert "EVENT#e-1" in function.stored()
    assert function.quarantined() == {}
    assert function.invoke(messages[0], receives=5) == []
    assert function.quarantined() == {"undeliverable": contents[0]}


def test_a_defect_of_ours_is_not_tried_for_ever_either(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("what was sent")

    monkeypatch.setattr(function.handler._intake._store, "save", broken)
    message = function.deferred(body(delivery()))
    assert function.invoke(message, receives=4) == [0]
    assert function.invoke(message, receives=5) == []
    assert set(function.quarantined()) == {"undeliverable"}


def test_a_quarantine_that_is_down_loses_nothing(function: Function) -> None:
    message = function.deferred(b"{")
    boto3.client("s3").delete_bucket(Bucket=ENVIRONMENT["QUARANTINE_BUCKET_NAME"])
    assert function.invoke(message, function.deferred(body(delivery()))) == [0]
    assert "EVENT#e-1" in function.stored()


def test_the_sample_batches_are_stored_and_the_poison_in_them_is_kept(function: Function) -> None:
    for name, expected in (("batch", set()), ("poison", {"contract", "undeliverable"})):
        event = json.loads((EVENTS / "backlog" / f"{name}.json").read_text(encoding="utf-8"))
        assert function.handler.lambda_handler(event, CONTEXT) == {"batchItemFailures": []}
        assert set(function.quarantined()) == expected
    assert sum(name.startswith("EVENT#") for name in function.stored()) == 3


def test_a_queue_that_is_not_there_or_does_not_answer_is_told(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("sqs").delete_queue(QueueUrl=function.queue_url)
    with pytest.raises(BacklogUnavailableError, match="NonExistentQueue"):
        function.backlog.defer(Deferred(b"{}", RECEIVED_AT), Deadline(5))
    let_go = threading.Event()
    monkeypatch.setattr(function.backlog._client, "send_message", lambda **_: let_go.wait(20))
    with pytest.raises(BacklogUnavailableError, match="time"):
        function.backlog.defer(Deferred(b"{}", RECEIVED_AT), Deadline(0.05))
    let_go.set()
