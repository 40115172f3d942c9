"""PublisherFunction on an embedded AWS, invoked as by the event source mapping. Queues receive what it publishes."""

from __future__ import annotations

import base64
import contextlib
import importlib
import io
import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from threading import Thread
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
import pytest
from moto import mock_aws

from appointments import timing
from appointments.deadline import Deadline
from appointments.publishing import failures
from appointments.storage import items
from appointments.storage.bodies import Bodies, key_of
from samples import SAMPLES
from samples.files import EVENTS
from tests.builders import TOKEN, body, delivery, make_bucket, received
from tests.processes import seconds_without_core
from tests.template import DOCUMENT

SOURCE = "pexip.engage"
OUTAGE_SECONDS = 5
"""The time of an invocation that cannot publish: long enough for several attempts, short enough for quick tests."""


def context(seconds: float) -> SimpleNamespace:
    end = time.monotonic() + seconds
    return SimpleNamespace(
        function_name="publisher",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda",
        aws_request_id="r-1",
        get_remaining_time_in_millis=lambda: int((end - time.monotonic()) * 1000),
    )


class TurnedClock:
    """A clock that stands still, except for pauses. ``now`` is in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Mapping:
    """The event source mapping. It invokes the real handler; a rule of the bus sends every event to a queue."""

    def __init__(self, handler: Any, queue_url: str, failure_queue_url: str) -> None:
        self.handler = handler
        self._queue_url = queue_url
        self._failure_queue_url = failure_queue_url

    def invoke(self, batch: Any, seconds: float = 60) -> list[str]:
        """Invoke the handler, and return the sequence numbers that it reports as failed."""
        answer = self.handler.lambda_handler(batch, context(seconds))
        assert answer.keys() == {"batchItemFailures"}
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def invoke_in_outage(self, batch: Any) -> list[str]:
        """Invoke the handler until its time is up, by a clock that only its pauses turn."""
        clock = TurnedClock()
        deadline = partial(Deadline, clock=lambda: clock.now, sleep=clock.sleep, run=lambda _, call: call())
        with mock.patch.object(self.handler, "Deadline", deadline):
            return self.invoke(batch, OUTAGE_SECONDS)

    def received(self) -> list[dict[str, Any]]:
        """Return what the target of the rule received since the last call, in order of arrival."""
        received = [json.loads(body) for body in drained(self._queue_url)]
        return [{name: event[name] for name in ("source", "detail-type", "detail")} for event in received]

    def parked(self) -> list[failures.Failure]:
        """Return what the failure queue received since the last call."""
        return [failures.parse(body) for body in drained(self._failure_queue_url)]


def drained(queue_url: str) -> list[str]:
    sqs = boto3.client("sqs")
    bodies = []
    while got := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", []):
        for message in got:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(message["Body"])
    return bodies


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Mapping]]:
    """Start the function with a value of EVENT_DETAIL, as a deployment does; ``variables`` override the environment."""

    def start_function(event_detail: str = "full", **variables: str) -> Mapping:
        events, sqs = boto3.client("events"), boto3.client("sqs")
        failure_queue_url = sqs.create_queue(QueueName="failures")["QueueUrl"]
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
        monkeypatch.setenv("FAILURE_QUEUE_URL", failure_queue_url)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("BODIES_BUCKET_NAME", "bodies")
        import publisher.handler

        return Mapping(importlib.reload(publisher.handler), queue_url, failure_queue_url)

    with mock_aws():
        yield start_function


def batch(name: str) -> Any:
    return json.loads((EVENTS / "stream" / f"{name}.json").read_text(encoding="utf-8"))


def golden(name: str) -> Any:
    return json.loads((EVENTS / "eventbridge" / f"{name}.json").read_text(encoding="utf-8"))


def record(document: Any, number: int) -> dict[str, Any]:
    """Return a stream record of the event item of this envelope."""
    content = body(document)
    item = items.event_item(received(content))
    image = item | {"body": {"B": base64.b64encode(item["body"]["B"]).decode()}}
    return {
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {name: image[name] for name in ("pk", "sk")},
            "NewImage": image,
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": 1772442001 + number,
        },
    }


def sequence_numbers(records: Any, *names: str) -> list[str]:
    """Return the sequence numbers of the records of these samples."""
    ids = {json.loads(sample.body)["id"] for sample in SAMPLES if sample.name in names}
    return [
        record["dynamodb"]["SequenceNumber"]
        for record in records["Records"]
        if record["dynamodb"]["Keys"]["sk"]["S"].removeprefix("EVENT#") in ids
    ]


def ids_by_appointment(messages: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the envelope ids of the messages of each appointment, in order."""
    ids: dict[str, list[str]] = {}
    for message in messages:
        metadata = message["detail"]["metadata"]
        ids.setdefault(metadata["appointmentId"], []).append(metadata["id"])
    return ids


def in_stream_order(records: Any) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for record in records["Records"]:
        key = record["dynamodb"]["Keys"]
        ids.setdefault(key["pk"]["S"].removeprefix("APPOINTMENT#"), []).append(key["sk"]["S"].removeprefix("EVENT#"))
    return ids


def test_a_record_becomes_the_message_of_its_golden_file(start: Any) -> None:
    mapping = start()
    assert mapping.invoke(batch("one")) == []
    assert mapping.received() == [golden("AppointmentCreated.v1")]


def test_every_message_of_a_batch_arrives_in_the_order_of_its_appointment(start: Any) -> None:
    mapping = start()
    assert mapping.invoke(batch("batch")) == []
    assert ids_by_appointment(mapping.received()) == in_stream_order(batch("batch"))


def test_subscribers_receive_the_messages_of_the_golden_files(start: Any) -> None:
    mapping = start()
    mapping.invoke(batch("batch"))
    received = {message["detail"]["metadata"]["id"]: message for message in mapping.received()}
    other = {  # made without a record of the batch
        "AppointmentCancelled.replayed.v1",
        "AppointmentReconciled.v1",
        "AppointmentRescheduled.reference.v1",
        "AppointmentUnrecognized.v1",
    }
    shown = [golden(path.stem) for path in (EVENTS / "eventbridge").iterdir() if path.stem not in other]
    assert len(shown) == len(batch("batch")["Records"]) - 1
    for message in shown:
        assert received.pop(message["detail"]["metadata"]["id"]) == message
    assert [message["detail"]["metadata"]["eventType"] for message in received.values()] == [
        "CREATE"
    ]  # the invitation has no golden file


@pytest.mark.parametrize("event_detail", ["full", "reference"])
def test_a_repair_is_published_alike_in_each_form(start: Any, event_detail: str) -> None:
    mapping = start(event_detail)
    assert mapping.invoke(batch("repair")) == []
    assert mapping.received() == [golden("AppointmentReconciled.v1")]


def test_a_deployment_with_references_publishes_no_personal_data_and_no_url(start: Any) -> None:
    mapping = start("reference")
    assert mapping.invoke(batch("batch")) == []
    received = mapping.received()
    assert ids_by_appointment(received) == in_stream_order(batch("batch"))
    assert golden("AppointmentRescheduled.reference.v1") in received
    for personal in ("Lotte", "Amélie", "@", "https:", "tok-", "Voorbeeld", "+32"):
        assert personal not in json.dumps(received, ensure_ascii=False)


def test_an_unreadable_record_is_parked_and_all_other_records_are_published(
    start: Any,
) -> None:
    mapping = start()
    poison = batch("poison")
    assert mapping.invoke(poison) == []
    (number,) = sequence_numbers(poison, "reassign")
    (record,) = [item["dynamodb"] for item in poison["Records"] if item["dynamodb"]["SequenceNumber"] == number]
    expected = in_stream_order(poison)
    expected["48101"].remove(record["Keys"]["sk"]["S"].removeprefix("EVENT#"))
    assert ids_by_appointment(mapping.received()) == expected
    assert mapping.parked() == [
        failures.Parked(
            "APPOINTMENT#48101",
            record["Keys"]["sk"]["S"],
            failures.Cause.UNREADABLE,
            "error",
            number,
            f"{datetime.fromtimestamp(record['ApproximateCreationDateTime'], UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
    ]


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
def test_only_the_damaged_record_is_parked(start: Any, damage: dict[str, Any]) -> None:
    mapping = start()
    bad = record(delivery(id="e-2", appointment_id="a-2"), 2)
    bad["dynamodb"]["NewImage"] |= damage
    around = [record(delivery(id=f"e-{n}", appointment_id=f"a-{n}"), n) for n in (1, 3)]
    assert mapping.invoke({"Records": [around[0], bad, around[1]]}) == []
    assert ids_by_appointment(mapping.received()) == {"a-1": ["e-1"], "a-3": ["e-3"]}
    assert [(failure.sort_key, failure.cause) for failure in mapping.parked()] == [("EVENT#e-2", "unreadable")]


def test_a_parked_message_contains_the_key_and_the_reason_and_no_data_of_the_event(start: Any) -> None:
    mapping = start()
    bad = record(delivery(id="e\x00\U0001f4a3", appointment_id="a-\ufffe"), 7)
    bad["dynamodb"]["NewImage"]["body"] = {"B": ""}
    assert mapping.invoke({"Records": [bad]}) == []
    (body_text,) = drained(mapping._failure_queue_url)
    assert body_text.isascii()
    assert json.loads(body_text) == {
        "version": "1",
        "parkedEvent": {
            "pk": "APPOINTMENT#a-\ufffe",
            "sk": "EVENT#e\x00\U0001f4a3",
            "cause": "unreadable",
            "code": "error",
            "sequenceNumber": "7",
            "approximateCreationTime": "2026-03-02T09:00:08Z",
        },
    }


class RefusingClient:
    """EventBridge that refuses the messages of one appointment. moto refuses none."""

    def __init__(self, appointment_id: str, code: str = "InternalFailure") -> None:
        self._client = boto3.client("events")
        self._appointment_id = appointment_id
        self._code = code

    def put_events(self, *, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 - the API's name
        results: list[Any] = [{"ErrorCode": self._code, "ErrorMessage": "sorry"} for _ in Entries]
        appointment_ids = [json.loads(entry["Detail"])["metadata"]["appointmentId"] for entry in Entries]
        accepted = [
            index for index, appointment_id in enumerate(appointment_ids) if appointment_id != self._appointment_id
        ]
        if accepted:
            answer = self._client.put_events(Entries=[Entries[index] for index in accepted])
            for index, result in zip(accepted, answer["Entries"], strict=True):
                results[index] = result
        return {"FailedEntryCount": len(Entries) - len(accepted), "Entries": results}


def refuse(mapping: Mapping, monkeypatch: pytest.MonkeyPatch, appointment_id: str, code: str) -> None:
    client: Any = RefusingClient(appointment_id, code)
    monkeypatch.setattr(mapping.handler, "_events", client)


def test_refused_messages_are_reported_and_the_others_are_published(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = start()
    refuse(mapping, monkeypatch, "48102", "InternalFailure")
    records = batch("batch")
    expected = in_stream_order(records)
    del expected["48102"]
    assert mapping.invoke_in_outage(records) == sequence_numbers(
        records, "create-request", "request-alternative-date", "reschedule-request", "accept"
    )
    assert ids_by_appointment(mapping.received()) == expected
    assert mapping.parked() == []


def test_permanently_refused_messages_are_parked_and_not_reported(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = start()
    refuse(mapping, monkeypatch, "48102", "MalformedDetail")
    expected = in_stream_order(batch("batch"))
    refused = expected.pop("48102")
    assert mapping.invoke(batch("batch")) == []
    assert ids_by_appointment(mapping.received()) == expected
    parked = mapping.parked()
    assert [failure.sort_key for failure in parked] == [f"EVENT#{name}" for name in refused]
    assert {(failure.cause, failure.code) for failure in parked} == {("refused", "MalformedDetail")}


def test_reported_events_are_published_in_order_when_the_batch_is_delivered_again(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = start()
    records = batch("batch")
    with monkeypatch.context() as outage:
        refuse(mapping, outage, "48101", "ThrottlingException")
        failed = mapping.invoke_in_outage(records)
    mapping.received()
    first = next(i for i, item in enumerate(records["Records"]) if item["dynamodb"]["SequenceNumber"] == min(failed))
    assert mapping.invoke({"Records": records["Records"][first:]}) == []
    assert ids_by_appointment(mapping.received())["48101"] == in_stream_order(records)["48101"]


def test_without_a_bus_every_record_is_reported_and_nothing_is_parked(start: Any) -> None:
    mapping = start()
    boto3.client("events").remove_targets(EventBusName="appointments", Rule="all", Ids=["queue"])
    boto3.client("events").delete_rule(EventBusName="appointments", Name="all")
    boto3.client("events").delete_event_bus(Name="appointments")
    records = batch("batch")
    failed = mapping.invoke_in_outage(records)
    assert sorted(failed) == [item["dynamodb"]["SequenceNumber"] for item in records["Records"]]
    assert mapping.parked() == []


def test_without_a_failure_queue_the_unreadable_record_is_reported_and_other_appointments_are_published(
    start: Any,
) -> None:
    mapping = start()
    boto3.client("sqs").delete_queue(QueueUrl=mapping._failure_queue_url)
    poison = batch("poison")
    assert mapping.invoke_in_outage(poison) == sequence_numbers(poison, "reassign", "reschedule")
    assert ids_by_appointment(mapping.received()) == {
        appointment_id: ids[:1] for appointment_id, ids in in_stream_order(poison).items()
    }


def in_bucket(number: int, key: str) -> dict[str, Any]:
    """Return a stream record of an event of appointment a whose body is in S3 under this key."""
    document = record(delivery(id=f"e-{number}", appointment_id="a"), number)
    image = document["dynamodb"]["NewImage"]
    del image["body"]
    image["bodyKey"] = {"S": key}
    return document


def test_a_body_in_s3_is_published_a_lost_body_is_parked_and_an_unavailable_body_is_reported(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bucket("bodies")
    bucket = Bodies(boto3.client("s3"), "bodies")
    mapping = start()
    documents = [body(delivery(id=f"e-{n}", appointment_id="a", notes="x" * 2_000_000)) for n in range(3)]
    keys = [bucket.put(content) if n != 1 else key_of(content) for n, content in enumerate(documents)]
    records = [in_bucket(number, key) for number, key in enumerate(keys)]
    with monkeypatch.context() as outage:
        unreachable = Bodies(boto3.client("s3", endpoint_url="http://127.0.0.1:1"), "bodies")
        outage.setattr(mapping.handler, "_bodies", unreachable)
        assert mapping.invoke_in_outage({"Records": records}) == ["0", "1", "2"]
        assert mapping.parked() == []
    assert mapping.invoke({"Records": records}) == []
    messages = mapping.received()
    assert ids_by_appointment(messages) == {"a": ["e-0", "e-2"]}
    assert {message["detail"]["metadata"]["detail"] for message in messages} == {"reference"}
    assert [(failure.sort_key, failure.code) for failure in mapping.parked()] == [("EVENT#e-1", "BodyLostError")]


@contextmanager
def hanging_server(*, trickle: bool) -> Iterator[str]:
    """Yield the address of a server that never completes an answer; with ``trickle`` it sends an endless one slowly."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" if trickle else b"")
                while True:
                    time.sleep(0.1)
                    connection.sendall(b" " if trickle else b"")

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

        Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def in_time() -> Iterator[None]:
    """Check that the block ends a second before the invocation would, without the time in which no core was free."""
    begin, before = time.monotonic(), seconds_without_core()
    yield
    assert time.monotonic() - begin - (seconds_without_core() - before) < OUTAGE_SECONDS - 1


@pytest.mark.parametrize("trickle", [False, True])
def test_events_for_a_hanging_eventbridge_are_reported_before_the_deadline_of_the_function(
    start: Any, trickle: bool
) -> None:
    with hanging_server(trickle=trickle) as address:
        mapping = start(AWS_ENDPOINT_URL_EVENTBRIDGE=address)
        records = batch("batch")
        with in_time():
            failed = mapping.invoke(records, OUTAGE_SECONDS)
    assert sorted(failed) == [item["dynamodb"]["SequenceNumber"] for item in records["Records"]]


@pytest.mark.parametrize("trickle", [False, True])
def test_a_hanging_failure_queue_delays_only_the_appointment_of_the_unreadable_record(
    start: Any, trickle: bool
) -> None:
    with hanging_server(trickle=trickle) as address:
        mapping = start(AWS_ENDPOINT_URL_SQS=address)
        poison = batch("poison")
        with in_time():
            assert mapping.invoke(poison, OUTAGE_SECONDS) == sequence_numbers(poison, "reassign", "reschedule")


@pytest.mark.parametrize("trickle", [False, True])
def test_a_hanging_bucket_delays_only_the_appointment_of_its_body(
    start: Any, trickle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "PUBLISHER_WHOLE_CALL", 0.5)
    with hanging_server(trickle=trickle) as address:
        mapping = start(AWS_ENDPOINT_URL_S3=address)
        content = body(delivery(id="e-0", appointment_id="a"))
        records = [in_bucket(0, key_of(content)), record(delivery(id="e-1", appointment_id="b"), 1)]
        with in_time():
            assert mapping.invoke({"Records": records}, OUTAGE_SECONDS) == ["0"]
    assert ids_by_appointment(mapping.received()) == {"b": ["e-1"]}


def test_an_empty_batch_publishes_and_reports_nothing(start: Any) -> None:
    mapping = start()
    assert mapping.invoke({"Records": []}) == []
    assert mapping.received() == []


def test_no_personal_data_is_logged_even_at_debug(
    start: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    mapping = start()
    # The logger writes to the standard output at its creation, which capsys does not capture.
    lines = io.StringIO()
    monkeypatch.setattr(mapping.handler.logger.registered_handler, "stream", lines)
    caplog.set_level(logging.DEBUG, logger=mapping.handler.logger.name)
    person = {"type": "CUSTOMER", "role": "PRIMARY", "token": "c4n4ry", "customer": {"id": 7, "email": "c4n4ry"}}
    odd: Any = {"c4n4ry c4n4ry": "c4n4ry"}
    documents = [
        delivery(
            id=f"e-{n}",
            appointment_id=f"a-{n}",
            participants=[person],
            internalNotes="c4n4ry",
            **odd,
        )
        for n in range(4)
    ]
    documents[0]["correlationId"] = "c4n4ry@example.com"
    records = [record(document, number) for number, document in enumerate(documents)]
    for number, content in ((1, b'{"c4n4ry": c4n4ry'), (2, b'{"data": {"appointment": {"id": "c4n4ry"}}}')):
        records[number]["dynamodb"]["NewImage"]["body"]["B"] = base64.b64encode(items.pack(content)).decode()
    assert mapping.invoke({"Records": records}) == []
    assert "c4n4ry" in json.dumps(mapping.received())
    assert len(mapping.parked()) == 2
    refuse(mapping, monkeypatch, "a-0", "InternalFailure")
    assert mapping.invoke_in_outage({"Records": records}) == ["0"]
    bodies = drained(mapping._failure_queue_url)
    assert len(bodies) == 2
    assert lines.getvalue().count("events parked in the failure queue") == 4
    assert lines.getvalue().count("events not published in time, reported") == 1
    printed = capsys.readouterr()
    for text in (lines.getvalue(), printed.out, printed.err, caplog.text, *bodies):
        assert "c4n4ry" not in text
        assert TOKEN not in text


def documented_line() -> Any:
    rows = (EVENTS.parent / "docs" / "operations.md").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(row) for row in rows if row.startswith('{"_aws"')]
    (line,) = (line for line in lines if line["service"] == "publisher")
    return line


def line(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the one line with metrics that was written since the last call."""
    (text,) = (text for text in capsys.readouterr().out.splitlines() if text.startswith('{"_aws"'))
    return json.loads(text)


def test_the_line_of_a_batch_names_what_was_published_parked_and_reported(
    start: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = start()
    records = [record(delivery(id=f"e-{n}", appointment_id=f"a-{n}"), n) for n in range(3)]
    records[1]["dynamodb"]["NewImage"]["body"] = {"B": ""}
    refuse(mapping, monkeypatch, "a-2", "InternalFailure")
    assert mapping.invoke({"Records": records}, OUTAGE_SECONDS) == ["2"]
    written = line(capsys)
    (published, *others) = written["events"]
    (message,) = drained(mapping._queue_url)
    assert published == {
        "result": "published",
        "event_id": json.loads(message)["id"],
        "envelope_id": "e-0",
        "appointment_id": "a-0",
    }
    assert others == [
        {"result": "parked", "code": "error", "envelope_id": "e-1", "appointment_id": "a-1"},
        {"result": "again", "code": "InternalFailure", "envelope_id": "e-2", "appointment_id": "a-2"},
    ]
    assert (written["message"], written["function_request_id"]) == ("publisher", "r-1")
    assert [written[name] for name in ("Published", "PublishParked", "PublishFailed")] == [[1.0], [1.0], [1.0]]
    documented = documented_line()
    optional = {"UnknownMembers", "unknown_members", "violations"}
    assert documented.keys() - optional == written.keys()
    assert [event.keys() for event in documented["events"]] == [event.keys() for event in written["events"]]
    assert not {"UnknownMembers", "unknown_members", "violations"} & written.keys()


def test_an_id_that_does_not_look_like_one_is_not_in_the_line(start: Any, capsys: pytest.CaptureFixture[str]) -> None:
    mapping = start()
    assert mapping.invoke({"Records": [record(delivery(id="c4n4ry é", appointment_id="c4n4ry@x"), 0)]}) == []
    written = line(capsys)
    assert "c4n4ry" not in json.dumps(written)
    assert written["events"][0]["envelope_id"] == written["events"][0]["appointment_id"] == "(not logged)"


def test_unknown_members_are_counted_and_unknown_members_and_violations_logged_by_path(
    start: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = start()
    strange = [
        delivery(id=f"e-{n}", nickname="c4n4ry", externalId="c4n4ry" * 50, status="C4N4RY", answers=answers)
        for n, answers in enumerate([[], [{"answerType": "C4N4RY", "c4n4ry c4n4ry": 1}]])
    ]
    records = [record(document, number) for number, document in enumerate([*strange, delivery(id="e-2")])]
    assert mapping.invoke({"Records": records}) == []
    written = line(capsys)
    assert written["UnknownMembers"] == [3.0]
    assert written["unknown_members"] == ["$.data.appointment.nickname", "$.data.appointment.answers[*].(not logged)"]
    assert sorted(written["violations"]) == [
        "$.data.appointment.answers[*].answerType enum",
        "$.data.appointment.externalId maxLength",
        "$.data.appointment.status enum",
    ]
    assert "c4n4ry" not in json.dumps(written).lower()


def test_the_line_of_the_largest_batch_is_smaller_than_256_kb(start: Any, capsys: pytest.CaptureFixture[str]) -> None:
    source = DOCUMENT["Resources"]["PublisherFunction"]["Properties"]["Events"]["EventItems"]["Properties"]
    unknown: Any = {"m" * 58 + f"{number:06}": 0 for number in range(200)}
    documents = [
        delivery(id=f"{n:0128}", appointment_id=f"{n:0128}", **unknown, status="X") for n in range(source["BatchSize"])
    ]
    assert start().invoke({"Records": [record(document, n) for n, document in enumerate(documents)]}) == []
    written = line(capsys)
    assert len(written["events"]) == source["BatchSize"]
    assert len(json.dumps(written)) < 256 * 1024


def test_every_invocation_sends_its_trace(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = start()
    client = mapping.handler._events
    sent: list[str] = []

    def put_events(*, Entries: list[Any]) -> Any:  # noqa: N803 - the API's name
        sent.extend(entry["TraceHeader"] for entry in Entries)
        return {"Entries": [{"EventId": "1"} for _ in Entries]}

    monkeypatch.setattr(client, "put_events", put_events)
    for number in range(2):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root=1-2-{number};Sampled=1")
        assert mapping.invoke({"Records": [record(delivery(id=f"e-{number}"), number)]}) == []
    assert sent == ["Root=1-2-0;Sampled=1", "Root=1-2-1;Sampled=1"]
