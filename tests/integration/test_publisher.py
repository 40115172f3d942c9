"""PublisherFunction as the event source mapping invokes it, on an embedded AWS: what arrives is read from a queue."""

from __future__ import annotations

import base64
import importlib
import io
import json
import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from appointments import items
from appointments.bodies import Bodies
from appointments.parsing import parse_envelope
from local.samples import SAMPLES
from local.samples.files import EVENTS
from publisher.bus import Bus
from tests.builders import TOKEN, body, delivery, make_bucket, received

SOURCE = "pexip.engage"
CONTEXT = SimpleNamespace(
    function_name="publisher", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="r-1"
)


class Mapping:
    """The event source mapping: invokes the real handler, which publishes to a bus whose one rule fills a queue."""

    def __init__(self, handler: Any, queue_url: str) -> None:
        self.handler = handler
        self._queue_url = queue_url

    def invoke(self, batch: Any) -> list[str]:
        """The sequence numbers reported as failed."""
        answer = self.handler.lambda_handler(batch, CONTEXT)
        assert answer.keys() == {"batchItemFailures"}
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def received(self) -> list[dict[str, Any]]:
        """What the rule's target got since the last time, in order of arrival."""
        sqs = boto3.client("sqs")
        messages = []
        while got := sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get("Messages", []):
            for message in got:
                sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
                event = json.loads(message["Body"])
                messages.append({name: event[name] for name in ("source", "detail-type", "detail")})
        return messages


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Mapping]]:
    """Starts the function with a setting of EVENT_DETAIL, as a deployment would."""

    def started(event_detail: str = "full") -> Mapping:
        events, sqs = boto3.client("events"), boto3.client("sqs")
        queue_url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]
        events.create_event_bus(Name="appointments")
        events.put_rule(Name="all", EventBusName="appointments", EventPattern=json.dumps({"source": [SOURCE]}))
        events.put_targets(
            Rule="all", EventBusName="appointments", Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}]
        )
        monkeypatch.setenv("EVENT_BUS_NAME", "appointments")
        monkeypatch.setenv("EVENT_SOURCE", SOURCE)
        monkeypatch.setenv("EVENT_DETAIL", event_detail)
        monkeypatch.setenv("BODIES_BUCKET_NAME", "bodies")
        import publisher.handler

        return Mapping(importlib.reload(publisher.handler), queue_url)

    with mock_aws():
        yield started


def batch(name: str) -> Any:
    return json.loads((EVENTS / "stream" / f"{name}.json").read_text(encoding="utf-8"))


def golden(name: str) -> Any:
    return json.loads((EVENTS / "eventbridge" / f"{name}.json").read_text(encoding="utf-8"))


def record(document: Any, number: int) -> dict[str, Any]:
    """A stream record of an event item of this envelope."""
    content = body(document)
    parsed = parse_envelope(content)
    item = items.event_item(items.Delivery(content, parsed.envelope, (), "2026-03-02T09:00:01.000000000Z"))
    image = item | {"body": {"B": base64.b64encode(item["body"]["B"]).decode()}}
    return {
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {name: image[name] for name in ("pk", "sk")},
            "NewImage": image,
            "SequenceNumber": str(number),
        },
    }


def sequence_numbers(records: Any, *names: str) -> list[str]:
    """Those of the records that hold these samples."""
    ids = {json.loads(sample.body)["id"] for sample in SAMPLES if sample.name in names}
    return [
        one["dynamodb"]["SequenceNumber"]
        for one in records["Records"]
        if one["dynamodb"]["Keys"]["sk"]["S"].removeprefix("EVENT#") in ids
    ]


def of_appointments(messages: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The envelope ids of each appointment's messages, in order."""
    ids: dict[str, list[str]] = {}
    for message in messages:
        metadata = message["detail"]["metadata"]
        ids.setdefault(metadata["appointmentId"], []).append(metadata["id"])
    return ids


def in_stream_order(records: Any) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for one in records["Records"]:
        key = one["dynamodb"]["Keys"]
        ids.setdefault(key["pk"]["S"].removeprefix("APPOINTMENT#"), []).append(key["sk"]["S"].removeprefix("EVENT#"))
    return ids


def test_one_record_becomes_the_one_message_that_its_golden_file_shows(start: Any) -> None:
    mapping = start()
    assert mapping.invoke(batch("one")) == []
    assert mapping.received() == [golden("AppointmentCreated.v1")]


def test_a_batch_arrives_whole_and_every_appointments_messages_in_the_streams_order(start: Any) -> None:
    mapping = start()
    assert mapping.invoke(batch("batch")) == []
    assert of_appointments(mapping.received()) == in_stream_order(batch("batch"))


def test_subscribers_receive_what_the_golden_files_show(start: Any) -> None:
    mapping = start()
    mapping.invoke(batch("batch"))
    received = {message["detail"]["metadata"]["id"]: message for message in mapping.received()}
    shown = [golden(path.stem) for path in (EVENTS / "eventbridge").iterdir() if ".reference." not in path.stem]
    assert len(shown) == 13
    for message in shown:
        assert received.pop(message["detail"]["metadata"]["id"]) == message
    assert [message["detail"]["metadata"]["eventType"] for message in received.values()] == ["CREATE"]  # the invite


def test_a_deployment_with_references_puts_no_person_and_no_url_on_the_bus(start: Any) -> None:
    mapping = start("reference")
    assert mapping.invoke(batch("batch")) == []
    received = mapping.received()
    assert of_appointments(received) == in_stream_order(batch("batch"))
    assert golden("AppointmentRescheduled.reference.v1") in received
    for personal in ("Lotte", "Amélie", "@", "https:", "tok-", "Voorbeeld", "+32"):
        assert personal not in json.dumps(received, ensure_ascii=False)


def test_a_record_that_cannot_be_read_holds_up_its_own_appointment_alone(start: Any) -> None:
    mapping = start()
    poison = batch("poison")
    assert mapping.invoke(poison) == sequence_numbers(poison, "reassign", "reschedule")
    assert of_appointments(mapping.received()) == {
        appointment_id: ids[:1] for appointment_id, ids in in_stream_order(poison).items()
    }


@pytest.mark.parametrize(
    "damage",
    [
        {"body": {"B": ""}},
        {"body": {"B": "no base64"}},
        {"body": {"B": base64.b64encode(items.pack(b"no JSON")).decode()}},
        {"body": {"B": base64.b64encode(items.pack(b"\xff")).decode()}},
        {"body": {"B": base64.b64encode(items.pack(b"[]")).decode()}},
        {"body": {"B": base64.b64encode(items.pack(b'{"data": null}')).decode()}},
        {"body": {"B": base64.b64encode(items.pack(b'{"data": {"appointment": 1}}')).decode()}},
        {"body": {"B": base64.b64encode(items.pack(b"[" * 100_000)).decode()}},
        {"body": {"B": base64.b64encode(items.pack(b"1" * 5_000)).decode()}},
        {"body": {"S": "text"}},
        {"body": None},
        {"stale": {"S": "no"}},
        {"violations": {"L": [{"S": "a"}]}},
        {"violations": {"L": [1]}},
        {"updatedAt": {}},
    ],
)
def test_whatever_is_wrong_with_a_record_it_alone_is_reported(start: Any, damage: dict[str, Any]) -> None:
    mapping = start()
    bad = record(delivery(id="e-2", appointment_id="a-2"), 2)
    bad["dynamodb"]["NewImage"] |= damage
    around = [record(delivery(id=f"e-{n}", appointment_id=f"a-{n}"), n) for n in (1, 3)]
    assert mapping.invoke({"Records": [around[0], bad, around[1]]}) == ["2"]
    assert of_appointments(mapping.received()) == {"a-1": ["e-1"], "a-3": ["e-3"]}


class Refusing:
    """EventBridge that refuses the messages of one appointment, which the embedded one never does."""

    def __init__(self, appointment_id: str) -> None:
        self._client = boto3.client("events")
        self._appointment_id = appointment_id

    def put_events(self, *, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 - the API's name
        results: list[Any] = [{"ErrorCode": "InternalFailure", "ErrorMessage": "sorry"} for _ in Entries]
        about = [json.loads(entry["Detail"])["metadata"]["appointmentId"] for entry in Entries]
        taken = [index for index, appointment_id in enumerate(about) if appointment_id != self._appointment_id]
        if taken:
            answer = self._client.put_events(Entries=[Entries[index] for index in taken])
            for index, result in zip(taken, answer["Entries"], strict=True):
                results[index] = result
        return {"FailedEntryCount": len(Entries) - len(taken), "Entries": results}


def test_messages_that_eventbridge_refuses_are_reported_and_the_others_are_published(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = start()
    refusing: Any = Refusing("48102")
    monkeypatch.setattr(mapping.handler, "_bus", Bus(refusing, "appointments", SOURCE, sleep=lambda _: None))
    records = batch("batch")
    expected = in_stream_order(records)
    del expected["48102"]
    assert mapping.invoke(records) == sequence_numbers(
        records, "create-request", "request-alternative-date", "reschedule-request", "accept"
    )
    assert of_appointments(mapping.received()) == expected


def test_what_was_reported_is_published_in_order_once_the_batch_comes_back(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = start()
    records = batch("batch")
    refusing: Any = Refusing("48101")
    with monkeypatch.context() as outage:
        outage.setattr(mapping.handler, "_bus", Bus(refusing, "appointments", SOURCE, sleep=lambda _: None))
        failed = mapping.invoke(records)
    mapping.received()
    first = next(i for i, one in enumerate(records["Records"]) if one["dynamodb"]["SequenceNumber"] == min(failed))
    assert mapping.invoke({"Records": records["Records"][first:]}) == []
    assert of_appointments(mapping.received())["48101"] == in_stream_order(records)["48101"]


def test_a_bus_that_is_not_there_is_reported_record_by_record_and_nothing_is_raised(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = start()
    client = boto3.client("events")
    monkeypatch.setattr(mapping.handler, "_bus", Bus(client, "gone", SOURCE, sleep=lambda _: None))
    records = batch("batch")
    failed = mapping.invoke(records)
    assert sorted(failed) == [one["dynamodb"]["SequenceNumber"] for one in records["Records"]]


def test_a_body_in_the_bucket_is_published_and_one_that_cannot_be_read_holds_up_its_own_appointment(start: Any) -> None:
    make_bucket("bodies")
    bucket = Bodies(boto3.client("s3"), "bodies")
    mapping = start()
    arrived = {
        n: received(body(delivery(id=f"e-{n}", appointment_id=f"a-{n % 2}", n="x" * 2_000_000))) for n in range(4)
    }
    keys = {n: bucket.put(one.body) if n != 0 else "bodies/missing" for n, one in arrived.items()}
    records = []
    for n, one in arrived.items():
        image = items.event_item(one, body_key=keys[n])
        stream = {"Keys": {name: image[name] for name in ("pk", "sk")}, "NewImage": image, "SequenceNumber": str(n)}
        records.append({"eventName": "INSERT", "dynamodb": stream})
    assert mapping.invoke({"Records": records}) == ["0", "2"]
    messages = mapping.received()
    assert of_appointments(messages) == {"a-1": ["e-1", "e-3"]}
    assert {message["detail"]["metadata"]["detail"] for message in messages} == {"reference"}


def test_an_empty_batch_is_nothing_to_do(start: Any) -> None:
    mapping = start()
    assert mapping.invoke({"Records": []}) == []
    assert mapping.received() == []


def test_nothing_personal_is_logged_even_at_debug(
    start: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    mapping = start()
    # The logger keeps the standard output of whoever made it first, which capsys does not see.
    lines = io.StringIO()
    monkeypatch.setattr(mapping.handler.logger.registered_handler, "stream", lines)
    caplog.set_level(logging.DEBUG, logger=mapping.handler.logger.name)
    person = {"type": "CUSTOMER", "role": "PRIMARY", "token": "c4n4ry", "customer": {"id": 7, "email": "c4n4ry"}}
    documents = [
        delivery(id=f"e-{n}", appointment_id=f"a-{n}", participants=[person], internalNotes="c4n4ry", c4n4ry="c4n4ry")
        for n in range(4)
    ]
    documents[0]["correlationId"] = "c4n4ry@example.com"
    records = [record(document, number) for number, document in enumerate(documents)]
    for number, content in ((1, b'{"c4n4ry": c4n4ry'), (2, b'{"data": {"appointment": {"id": "c4n4ry"}}}')):
        records[number]["dynamodb"]["NewImage"]["body"]["B"] = base64.b64encode(items.pack(content)).decode()
    assert mapping.invoke({"Records": records}) == ["1", "2"]
    client: Any = Refusing("a-0")
    monkeypatch.setattr(mapping.handler, "_bus", Bus(client, "appointments", SOURCE, sleep=lambda _: None))
    assert mapping.invoke({"Records": records}) == ["1", "2", "0"]
    assert "c4n4ry" in json.dumps(mapping.received())
    assert lines.getvalue().count("a record is not an event item of ours") == 4
    assert lines.getvalue().count("EventBridge refused messages") == 1
    printed = capsys.readouterr()
    for text in (lines.getvalue(), printed.out, printed.err, caplog.text):
        assert "c4n4ry" not in text
        assert TOKEN not in text
