"""The typed messages of subscribers can read every published message."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from aws_lambda_powertools.utilities.parser import parse as parse_by_powertools
from aws_lambda_powertools.utilities.parser.envelopes import EventBridgeEnvelope, SqsEnvelope
from hypothesis import given
from jsonschema import Draft202012Validator

from appointments.contract import models as contract
from appointments.events import AppointmentEvent, Detail, Full, MessageError, Reference, appointment, parse, people
from appointments.events.values import date_time
from appointments.publishing.messages import EventDetail
from generate import contract_schema
from generate.message_schema import schema
from samples import bus
from samples.bus import delivered_events
from tests.builders import delivery
from tests.messages import published, published_events

EVENTS = delivered_events()


@pytest.mark.parametrize("name", EVENTS)
def test_every_golden_message_is_read(name: str) -> None:
    event = parse(EVENTS[name])
    detail = EVENTS[name]["detail"]
    assert event.detail_type == EVENTS[name]["detail-type"]
    assert event.metadata.order == detail["metadata"]["order"]
    assert event.appointment.id == detail["data"]["appointment"]["id"]
    assert event.changes == detail["data"]["changes"]
    assert isinstance(event.detail, Reference if detail["metadata"]["detail"] == "reference" else Full)
    assert event.appointment.start == event.routing.start


@given(published_events())
def test_every_event_that_is_published_is_read_and_keeps_what_was_sent(event: Any) -> None:
    read = parse(json.dumps(event))
    assert read.metadata.appointment_id == event["detail"]["metadata"]["appointmentId"]
    assert read.metadata.stale is event["detail"]["metadata"]["stale"]
    assert read.routing.status == event["detail"]["routing"]["status"]
    assert read.sent == event
    assert read.appointment.sent == event["detail"]["data"]["appointment"]
    assert isinstance(read.detail, Full) is (event["detail"]["metadata"]["detail"] == "full")


def test_the_name_of_an_archives_replay_is_read_and_valid_by_the_schema_and_marks_no_operator() -> None:
    event = {**EVENTS["AppointmentCancelled"], "replay-name": "engage-20260305T083000"}
    read = parse(event)
    assert read.replay_name == "engage-20260305T083000"
    assert (read.metadata.replayed, read.metadata.replay) == (False, None)
    assert Draft202012Validator(schema("AppointmentCancelled")).is_valid(event)
    assert not Draft202012Validator(schema("AppointmentCancelled")).is_valid({**event, "replay-name": 7})


def test_the_run_of_a_command_that_published_again_is_read() -> None:
    replay = parse(EVENTS["AppointmentCancelled.replayed"]).metadata.replay
    assert replay is not None
    assert (replay.id, replay.instant) == (bus.REPLAY.id, datetime(2026, 3, 5, 8, 30, tzinfo=UTC))


SENT = EVENTS["AppointmentRescheduled"]
TEXT = json.dumps(SENT)
RECORD = {"messageId": "m-1", "body": TEXT, "eventSource": "aws:sqs"}


@pytest.mark.parametrize(
    "payload",
    [SENT, TEXT, TEXT.encode(), RECORD, json.dumps(RECORD), {"Body": TEXT, "MessageId": "m-1"}],
    ids=["dict", "text", "bytes", "sqs record", "sqs record as text", "answer of ReceiveMessage"],
)
def test_one_line_reads_a_payload_of_eventbridge_or_sqs(payload: Any) -> None:
    assert parse(payload).sent == SENT


def sqs_event(text: str) -> dict[str, Any]:
    attributes = dict.fromkeys(("ApproximateReceiveCount", "SentTimestamp", "SenderId"), "1")
    return {
        "Records": [
            {
                **RECORD,
                "body": text,
                "receiptHandle": "r",
                "attributes": attributes | {"ApproximateFirstReceiveTimestamp": "1772442001000"},
                "messageAttributes": {},
                "md5OfBody": "m",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:queue",
                "awsRegion": "eu-west-1",
            }
        ]
    }


@pytest.mark.parametrize("name", EVENTS)
def test_the_same_models_work_in_the_envelopes_of_powertools(name: str) -> None:
    detail: Any = Detail  # a union: the types of Powertools know classes only
    batch = sqs_event(json.dumps(EVENTS[name]))
    event = parse(EVENTS[name])
    assert parse_by_powertools(EVENTS[name], model=detail, envelope=EventBridgeEnvelope) == event.detail
    assert parse_by_powertools(batch, model=AppointmentEvent, envelope=SqsEnvelope) == [event]


def test_unknown_values_types_and_members_raise_nothing() -> None:
    sent = published(delivery(status="PAUSED", meetingType="HOLOGRAM", participants=[{"type": "ROBOT", "robot": {}}]))
    sent["detail-type"] = "AppointmentPaused"
    sent["detail"]["metadata"] |= {"eventType": "PAUSE", "priority": 1}
    sent["detail"]["routing"]["robotId"] = "r-1"
    sent["detail"]["data"]["appointment"]["created_at"] = "no member of the contract"
    event = parse(sent)
    assert isinstance(event.detail, Full)
    full = event.detail.data.appointment
    assert (event.detail_type, event.metadata.event_type, full.status) == ("AppointmentPaused", "PAUSE", "PAUSED")
    assert full.meeting_type == "HOLOGRAM"
    assert full.participants is not None
    assert full.participants[0] is not None
    assert full.participants[0].type == "ROBOT"
    assert full.created_at is None
    assert full.sent["created_at"] == "no member of the contract"
    assert event.routing.model_extra == {"robotId": "r-1"}
    assert event.metadata.model_extra == {"priority": 1}


def test_a_member_of_another_type_is_none_and_what_was_sent_can_be_read() -> None:
    document = delivery(
        office="o-1", participants=[5, {"customer": {"id": 2**60}}], start=7, hybrid="yes", subject=None
    )
    event = parse(published(document))
    assert isinstance(event.detail, Full)
    read = event.detail.data.appointment
    assert (read.office, read.start, read.hybrid, read.subject) == (None, None, None, None)
    assert read.participants is not None
    assert read.participants[0] is None
    assert read.participants[1] is not None
    assert read.participants[1].customer is not None
    assert read.participants[1].customer.id == str(2**60)
    assert read.sent["office"] == "o-1"
    assert read.sent["start"] == 7


def test_ids_of_a_reference_are_typed() -> None:
    event = parse(published(delivery(), EventDetail.REFERENCE))
    assert isinstance(event.detail, Reference)
    reference = event.detail.data.appointment
    assert reference.office is not None
    assert reference.office.id == "o-1"
    assert [each.customer and each.customer.id for each in reference.participants] == [None, "7"]
    assert reference.start == datetime(2026, 3, 10, 9, tzinfo=UTC)


BRUSSELS = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-10T10:00:00+01:00", datetime(2026, 3, 10, 10, tzinfo=BRUSSELS)),
        ("2026-03-10T09:00:00Z", datetime(2026, 3, 10, 9, tzinfo=UTC)),
        ("2026-03-10t09:00:00.5z", datetime(2026, 3, 10, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-03-10 09:00:00.123456789-00:00", datetime(2026, 3, 10, 9, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-03-10T23:59:60Z", datetime(2026, 3, 11, tzinfo=UTC)),
        ("2026-03-10T23:59:60.9+00:00", datetime(2026, 3, 11, tzinfo=UTC)),
        ("2026-03-10T10:00+0100", datetime(2026, 3, 10, 10, tzinfo=BRUSSELS)),
        ("0000-03-10T10:00:00Z", None),
        ("9999-12-31T23:59:60Z", None),
        ("2026-02-30T10:00:00Z", None),
        ("2026-03-10T10:00:00", None),
        ("2026-03-10", None),
        ("soon", None),
        (1772442001, None),
    ],
)
def test_a_date_time_of_any_notation_is_aware(text: Any, moment: datetime | None) -> None:
    read = date_time(text)
    assert read == moment
    assert read is None or (moment is not None and read.utcoffset() == moment.utcoffset())
    assert parse(published(delivery(start=text))).appointment.start == moment


def removed(*path: str) -> Any:
    document = json.loads(TEXT)
    target = document
    for name in path[:-1]:
        target = target[name]
    del target[path[-1]]
    return document


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ("{", "the payload is not JSON"),
        ("[]", "the payload is no JSON object"),
        ({"Records": [RECORD]}, "parse each element of Records"),
        (removed("detail-type"), "detail-type: missing"),
        (removed("detail", "metadata", "order"), "metadata.order: missing"),
        (removed("detail", "metadata", "appointmentId"), "metadata.appointmentId: missing"),
        (removed("detail", "data", "appointment", "status"), "data.appointment.status: missing"),
    ],
)
def test_a_payload_that_is_no_message_is_an_error_that_names_member_and_rule(payload: Any, text: str) -> None:
    with pytest.raises(MessageError, match=text):
        parse(payload)


def test_an_error_has_no_value_of_the_message() -> None:
    document = json.loads(TEXT)
    document["detail"]["metadata"]["order"] = ["private"]
    with pytest.raises(MessageError, match=r"metadata\.order: string_type") as raised:
        parse(document)
    assert "private" not in str(raised.value)
    assert raised.value.__cause__ is None


# --- the models and the contract of the sender have the same members


def members(definitions: Any, name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Collect the names of the members of a definition and of those that it refers to, by the name of the member."""

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                members(definitions, value["$ref"].rpartition("/")[2], found.setdefault(path, {}))
            for key in ("anyOf", "oneOf", "items"):
                walk(value.get(key), path)
        for each in value if isinstance(value, list) else ():
            walk(each, path)

    for member, value in definitions[name].get("properties", {}).items():
        found.setdefault(member, {})
        walk(value, member)
    return found


@pytest.mark.parametrize("member", ["appointment", "previousAppointment"])
def test_the_models_have_the_members_of_the_contract(member: str) -> None:
    definitions = json.loads(contract_schema.generate())["$defs"]
    by_contract = members(definitions, "Data", {})[member]
    by_models = members(schema("AppointmentCreated")["$defs"], "FullData", {})[member]
    assert len(by_contract) >= 10
    assert by_models == by_contract


@pytest.mark.parametrize(
    ("model", "name"),
    [(appointment, name) for name in ("Status", "MeetingType", "Actor", "Channel", "AnswerType")]
    + [(people, name) for name in ("ParticipantRole", "ParticipantType", "EmployeeRole", "EmployeeStatus")],
)
def test_the_values_that_the_schemas_show_are_those_of_the_contract(model: Any, name: str) -> None:
    (described,) = getattr(model, name).__metadata__
    assert described.json_schema["examples"] == list(get_args(getattr(contract, name)))
