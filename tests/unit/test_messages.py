"""The messages that subscribers get."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.publishing import messages, raw_members
from appointments.publishing.changes import CHANGES, changes
from appointments.publishing.messages import EventDetail
from appointments.storage import items
from tests.builders import body, delivery, received


def detail(content: bytes, form: EventDetail = EventDetail.FULL) -> Any:
    stored = received(content)
    message = messages.message(items.event_item(stored), source="pexip.engage", event_detail=form)
    assert message.detail_type == messages.DETAIL_TYPES[stored.essentials.event_type]
    return message.detail


@pytest.mark.parametrize("event_type", messages.DETAIL_TYPES)
def test_every_event_type_has_its_detail_type(event_type: str) -> None:
    assert json.loads(detail(body(delivery(event_type=event_type))))["metadata"]["eventType"] == event_type


@pytest.mark.parametrize("form", EventDetail)
def test_a_message_names_its_appointment_and_its_envelope(form: EventDetail) -> None:
    item = items.event_item(received(body(delivery(id="e-9", appointment_id="a-9"))))
    message = messages.message(item, source="pexip.engage", event_detail=form)
    assert (message.appointment_id, message.envelope_id) == ("a-9", "e-9")


def test_a_full_message_has_the_exact_text_of_the_appointment() -> None:
    text = body(delivery(internalNotes="NOTES")).replace(b'"NOTES"', b'"\\u00e9", "big": 1.10e400, "deep": {"a" : [ ]}')
    sent = text[text.index(b'"appointment": ') + 15 : text.index(b', "previousAppointment"')].decode()
    assert f'"appointment":{sent}' in detail(text)


def test_changes_are_the_members_that_differ_from_the_previous_appointment() -> None:
    previous = {
        "status": "ACCEPTED",
        "start": "2026-03-10T09:00:00Z",  # the same instant in another notation
        "end": "2026-03-10T10:30:00Z",
        "office": {"id": "o-2"},
        "subject": {"id": "s-1"},
        "participants": [
            {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": "7"}},
            {"type": "EMPLOYEE", "role": "PRIMARY", "employee": {"id": "p-1"}},
        ],
        "leadSegment": {"id": "42"},
        "externalId": None,
    }
    data = json.loads(detail(body(delivery(previous=previous, leadSegment={"id": 42}, externalId="x"))))["data"]
    assert data["changes"] == ["end", "office", "externalId"]
    assert data["previousAppointment"] == previous


@pytest.mark.parametrize("form", EventDetail)
@pytest.mark.parametrize("stray", [5, "x", [1], {}, {"id": "p-9"}, {"id": {"name": "private"}}])
def test_a_person_under_the_name_of_the_other_type_is_no_change(stray: Any, form: EventDetail) -> None:
    customer = {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 7}}
    document = delivery(participants=[customer | {"employee": stray}], previous={"status": "ACCEPTED"})
    document["data"]["previousAppointment"]["participants"] = [customer]
    data = json.loads(detail(body(document), form))["data"]
    assert "participants" not in data["changes"]
    assert form is EventDetail.FULL or "private" not in json.dumps(data)


def test_there_are_no_changes_without_a_previous_appointment() -> None:
    assert json.loads(detail(body(delivery())))["data"]["changes"] == []


def test_a_reference_contains_only_ids_status_times_and_changes() -> None:
    document = delivery(internalNotes="private", office={"id": "o-1", "email": "private"})
    data = json.loads(detail(body(document), EventDetail.REFERENCE))
    assert "private" not in json.dumps(data)
    assert data["data"]["appointment"]["office"] == {"id": "o-1"}
    assert data["metadata"]["detail"] == "reference"


def test_a_message_too_large_for_the_bus_becomes_a_reference() -> None:
    text = detail(body(delivery(internalNotes="x" * messages.ENTRY_BYTES)))
    assert json.loads(text)["metadata"]["detail"] == "reference"
    assert len(text) < 10_000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("data"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text() | st.sampled_from(["data", "}", '"', ","]), VALUES, max_size=4)
SPACES = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:\r\n")])


@given(OBJECTS, OBJECTS, SPACES, st.sampled_from(["", " ", "\n\t"]))
def test_a_body_is_decoded_as_by_python_with_the_text_of_each_member(
    envelope: dict[str, Any], data: dict[str, Any], separators: tuple[str, str], around: str
) -> None:
    text = around + json.dumps(envelope | {"data": data}, separators=separators, ensure_ascii=False) + around
    document, texts = raw_members.decode(text, into="data")
    assert document == json.loads(text)
    assert list(document) == list(json.loads(text))
    assert {name: json.loads(member) for name, member in texts.items()} == data
    assert all(member in text and member.strip() == member for member in texts.values())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"data"',
        '{"data":',
        '{"data":5}',
        '{"data":{}',
        '{"data":{"a":1 "b":2}}',
        '{"data":{"a" 1}}',
        '{"data":{"a":1,}}',
        '{"data":{"a":1,,"b":2}}',
        '{"data":{}} x',
        '{"data":{}}{"data":{}}',
    ],
)
def test_a_text_that_is_not_such_an_object_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        raw_members.decode(text, into="data")


SIMILAR_VALUES = st.sampled_from([None, 1, 2, "1", "é"])
INSTANTS = st.sampled_from([None, "2026-03-02T09:00:00+00:00", "2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00.5Z"])
IDENTIFIED = st.none() | st.fixed_dictionaries({"id": SIMILAR_VALUES}, optional={"name": SIMILAR_VALUES})
PEOPLE = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["CUSTOMER", "EMPLOYEE"]), "customer": IDENTIFIED}), max_size=2
)
VALUES_BY_MEMBER = {
    "start": INSTANTS,
    "end": INSTANTS,
    "participants": PEOPLE,
    "status": SIMILAR_VALUES,
    "externalId": SIMILAR_VALUES,
}
APPOINTMENTS = st.fixed_dictionaries({}, optional={n: VALUES_BY_MEMBER.get(n, IDENTIFIED) for n in CHANGES})


@given(APPOINTMENTS)
def test_an_appointment_that_equals_the_previous_one_has_no_changes(appointment: dict[str, Any]) -> None:
    assert changes(appointment, json.loads(json.dumps(appointment))) == []


@given(APPOINTMENTS, APPOINTMENTS)
def test_only_members_of_the_previous_appointment_can_be_changes(
    appointment: dict[str, Any], previous: dict[str, Any]
) -> None:
    found = changes(appointment, previous)
    assert set(found) <= previous.keys()
    assert found == [name for name in CHANGES if name in found]


@pytest.mark.parametrize("previous", [None, [], "x", 3, {}, {"status": "ACCEPTED"}])
def test_a_member_that_the_previous_appointment_omits_is_no_change(previous: Any) -> None:
    appointment = delivery()["data"]["appointment"]
    assert changes(appointment, previous) == []


OBJECTS_WITH_ID = ("listing", "leadSegment", "location")


@pytest.mark.parametrize("name", CHANGES)
def test_null_in_the_previous_appointment_is_a_value(name: str) -> None:
    appointment = {**delivery()["data"]["appointment"], **{key: {"id": "1"} for key in OBJECTS_WITH_ID}}
    appointment["externalId"] = "x"
    assert changes(appointment, {name: None}) == [name]


GEO = {"latitude": 1, "longitude": 2}


@pytest.mark.parametrize(
    ("value", "previous", "changed"),
    [
        ({"start": "2026-03-02T09:00:00Z"}, {"start": "2026-03-02T10:00:00.000+01:00"}, []),
        ({"start": "2026-03-02T09:00:00Z"}, {"start": "2026-03-02T10:00+0100"}, []),
        ({"start": "2026-03-02T09:00:00Z"}, {"start": "2026-03-02T09:00:01Z"}, ["start"]),
        ({"start": "soon"}, {"start": "later"}, ["start"]),
        ({"leadSegment": {"id": 42}}, {"leadSegment": {"id": "42"}}, []),
        ({"leadSegment": {"id": 42}}, {"leadSegment": {"id": 43}}, ["leadSegment"]),
        ({"office": {"id": "1"}}, {"office": {}}, []),
        ({"office": {"id": "1"}}, {"office": []}, []),
        ({"office": "1"}, {"office": {"id": "1"}}, ["office"]),
        ({"location": {"countryCode": "BE", "postalCode": "9000"}}, {"location": {"countryCode": "BE"}}, []),
        (
            {"location": {"geolocation": {"latitude": 1, "longitude": 2}}},
            {"location": {"geolocation": {"latitude": 1}}},
            [],
        ),
        ({"location": {"geolocation": []}}, {"location": {"geolocation": {}}}, []),
        ({"location": {"countryCode": "BE"}}, {"location": {"countryCode": "NL"}}, ["location"]),
        ({"location": {"countryCode": "BE"}}, {"location": {"countryCode": None}}, ["location"]),
    ],
)
def test_members_are_compared_by_their_meaning(
    value: dict[str, Any], previous: dict[str, Any], changed: list[str]
) -> None:
    assert changes(value, previous) == changed


EMPLOYEE: dict[str, Any] = {"type": "EMPLOYEE", "role": "PRIMARY", "employee": {"id": "1", "firstName": "Jef"}}
CUSTOMER: dict[str, Any] = {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 2}}


@pytest.mark.parametrize(
    ("previous", "changed"),
    [
        ([{"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": "2"}}, EMPLOYEE], False),
        ([EMPLOYEE], True),
        ([], True),
        ([{"employee": {"id": "1"}}, {"customer": {"id": "2"}}], False),
        ([{"employee": {"id": "1"}}, {"customer": {"id": "3"}}], True),
        ([{"employee": {"id": "3"}}, {"customer": {"id": "2"}}], True),
        ([EMPLOYEE | {"customer": {"id": "9"}}, CUSTOMER | {"employee": {"id": "9"}}], False),
        ([EMPLOYEE, {"type": "CUSTOMER", "role": "PRIMARY", "employee": {"id": "3"}}], True),
        ([{"type": "EMPLOYEE"}, {"type": "CUSTOMER"}], False),
        ([{"type": "EMPLOYEE"}, {"type": "EMPLOYEE"}], True),
        ([{**EMPLOYEE, "role": "SECONDARY"}, CUSTOMER], True),
        ([{**EMPLOYEE, "employee": {"id": "3"}}, CUSTOMER], True),
    ],
)
def test_participants_are_compared_by_the_members_that_the_previous_appointment_has(
    previous: Any, changed: bool
) -> None:
    found = changes({"participants": [EMPLOYEE, CUSTOMER]}, {"participants": previous})
    assert found == (["participants"] if changed else [])


def test_a_full_message_has_unknown_members_at_every_level() -> None:
    document = delivery(newMember={"deep": [1.10]}, office={"id": "o", "floor": 3})
    document |= {"tenant": {"id": "t-1"}, "sentAt": "2026-03-02T09:00:00Z"}
    document["data"]["reason"] = "no time"
    full = json.loads(detail(body(document)))
    assert full["envelope"] == {"tenant": {"id": "t-1"}, "sentAt": "2026-03-02T09:00:00Z"}
    assert full["data"]["reason"] == "no time"
    assert full["data"]["appointment"] == document["data"]["appointment"]
    reference = json.loads(detail(body(document), EventDetail.REFERENCE))
    assert reference.keys() == {"metadata", "routing", "data"}
    assert "reason" not in reference["data"]


def test_a_message_without_unknown_members_has_no_envelope() -> None:
    assert json.loads(detail(body(delivery()))).keys() == {"metadata", "routing", "data"}


@pytest.mark.parametrize("name", ["changes", "eventType", 'a"b'])
def test_an_unknown_member_never_replaces_a_member_of_the_message(name: str) -> None:
    document = delivery()
    document["data"] = {**document["data"], name: document["data"].get(name, "unknown")}
    sent = json.loads(detail(body(document)))
    assert sent["data"]["changes"] == []
    assert sent["metadata"]["eventType"] == "CREATE"
    assert sent["data"].get('a"b') == ("unknown" if name == 'a"b' else None)


@pytest.mark.parametrize("form", EventDetail)
def test_characters_that_a_target_of_the_bus_refuses_are_escaped(form: EventDetail) -> None:
    document = delivery(appointment_id="a\ufffe", internalNotes="\uffff\ufffe")
    text = detail(body(document), form)
    assert "\ufffe" not in text
    assert "\uffff" not in text
    appointment = json.loads(text)["data"]["appointment"]
    assert appointment["id"] == "a\ufffe"
    assert appointment.get("internalNotes") == ("\uffff\ufffe" if form is EventDetail.FULL else None)


def test_a_message_has_no_byte_order_mark() -> None:
    assert detail(b"\xef\xbb\xbf" + body(delivery())) == detail(body(delivery()))


def test_the_metadata_has_the_order_of_the_items() -> None:
    stored = received(body(delivery(event_type="CANCEL")))
    item = items.event_item(stored)
    order = json.loads(messages.message(item, source="pexip.engage").detail)["metadata"]["order"]
    assert order == item["order"]["S"] == items.current_item(stored)["order"]["S"]
    assert order == "2026-03-02T09:00:00.000000000Z#3#e-1"


@pytest.mark.parametrize("form", EventDetail)
@pytest.mark.parametrize("notes", ["", "x" * messages.ENTRY_BYTES], ids=["small", "too large for the bus"])
def test_a_message_that_is_published_again_differs_in_replayed_and_replay_alone(form: EventDetail, notes: str) -> None:
    item = items.event_item(received(body(delivery(internalNotes=notes))))
    replay = messages.Replay("r-1", "2026-03-05T08:30:00.000000000Z")
    first = messages.message(item, source="pexip.engage", event_detail=form)
    again = messages.message(item, source="pexip.engage", event_detail=form, replay=replay)
    marks = [
        '"replayed":false,"replay":null',
        f'"replayed":true,"replay":{{"id":"r-1","instant":"{replay.instant}"}}',
    ]
    assert [first.detail.count(marks[0]), again.detail.count(marks[1])] == [1, 1]
    assert again.detail.replace(marks[1], marks[0]) == first.detail
    assert dataclasses.replace(again, detail=first.detail) == first


def test_the_metadata_counts_all_violations_and_lists_at_most_100() -> None:
    metadata = json.loads(detail(body(delivery(participants=[{}] * 150))))["metadata"]
    assert len(metadata["violations"]) == items.VIOLATIONS
    assert metadata["violationCount"] > 150
    assert json.loads(detail(body(delivery())))["metadata"]["violationCount"] == 0


def around(message: messages.Message, source: str) -> str:
    """Return the event that EventBridge makes of a message for the targets of a rule."""
    outer = {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": message.detail_type,
        "source": source,
        "account": "123456789012",
        "time": "2026-03-02T09:00:02Z",
        "region": "ap-southeast-7",
        "resources": [],
    }
    return f'{json.dumps(outer, separators=(",", ":"))[:-1]},"detail":{message.detail}}}'


@pytest.mark.parametrize("source", ["pexip.engage", "s" * 256], ids=["usual", "longest"])
def test_the_largest_message_of_the_bus_fits_a_queue_with_what_eventbridge_adds(source: str) -> None:
    def built(length: int) -> messages.Message:
        document = delivery(event_type="REQUEST_ALTERNATIVE_DATE", internalNotes="é" * 200_000 + "x" * length)
        return messages.message(items.event_item(received(body(document))), source=source)

    room = messages.ENTRY_BYTES - built(0).size(source=source)
    largest, too_large = built(room), built(room + 1)
    assert largest.size(source=source) == messages.ENTRY_BYTES
    assert json.loads(largest.detail)["metadata"]["detail"] == "full"
    assert json.loads(too_large.detail)["metadata"]["detail"] == "reference"
    added = len(around(largest, source).encode()) - messages.ENTRY_BYTES
    assert 150 < added < 1024 * 1024 - messages.ENTRY_BYTES
