"""What subscribers get."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.publishing import messages, raw_members
from appointments.publishing.changes import _VIEWS, CHANGES, changes
from appointments.publishing.messages import EventDetail
from appointments.storage import items
from tests.builders import body, delivery, received


def detail(content: bytes, form: EventDetail = EventDetail.FULL) -> Any:
    arrived = received(content)
    built = messages.message(items.event_item(arrived), source="pexip.engage", event_detail=form)
    assert built.detail_type == messages.DETAIL_TYPES[arrived.essentials.event_type]
    return built.detail


@pytest.mark.parametrize("event_type", messages.DETAIL_TYPES)
def test_every_event_type_has_its_detail_type(event_type: str) -> None:
    assert json.loads(detail(body(delivery(event_type=event_type))))["metadata"]["eventType"] == event_type


def test_what_was_sent_arrives_to_the_letter() -> None:
    text = body(delivery(internalNotes="NOTES")).replace(b'"NOTES"', b'"\\u00e9", "big": 1.10e400, "deep": {"a" : [ ]}')
    sent = text[text.index(b'"appointment": ') + 15 : text.index(b', "previousAppointment"')].decode()
    assert f'"appointment":{sent}' in detail(text)


def test_changes_name_what_differs_from_the_previous_appointment() -> None:
    previous = {
        "status": "ACCEPTED",
        "start": "2026-03-10T09:00:00Z",  # the same instant, written otherwise
        "end": "2026-03-10T10:30:00Z",
        "office": {"id": "o-2"},
        "subject": {"id": "s-1"},
        "participants": [
            {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": "7"}},
            {"type": "EMPLOYEE", "role": "PRIMARY", "employee": {"id": "p-1"}},
        ],
        "leadSegment": {"id": "42"},
    }
    data = json.loads(detail(body(delivery(previous=previous, leadSegment={"id": 42}, externalId="x"))))["data"]
    assert data["changes"] == ["end", "office", "externalId"]
    assert data["previousAppointment"] == previous


@pytest.mark.parametrize("form", EventDetail)
@pytest.mark.parametrize("stray", [5, "x", [1], {}, {"id": "p-9"}, {"id": {"name": "private"}}])
def test_what_is_under_the_name_of_the_other_type_changes_nothing(stray: Any, form: EventDetail) -> None:
    customer = {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 7}}
    document = delivery(participants=[customer | {"employee": stray}], previous={"status": "ACCEPTED"})
    document["data"]["previousAppointment"]["participants"] = [customer]
    data = json.loads(detail(body(document), form))["data"]
    assert "participants" not in data["changes"]
    assert form is EventDetail.FULL or "private" not in json.dumps(data)


def test_there_are_no_changes_without_a_previous_appointment() -> None:
    assert json.loads(detail(body(delivery())))["data"]["changes"] == []


def test_a_reference_holds_ids_status_times_and_changes_only() -> None:
    document = delivery(internalNotes="private", office={"id": "o-1", "email": "private"})
    data = json.loads(detail(body(document), EventDetail.REFERENCE))
    assert "private" not in json.dumps(data)
    assert data["data"]["appointment"]["office"] == {"id": "o-1"}
    assert data["metadata"]["detail"] == "reference"


def test_what_is_too_large_for_the_bus_falls_back_to_a_reference() -> None:
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
def test_a_body_is_decoded_as_python_decodes_it_and_each_text_is_where_it_stands(
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
def test_what_is_no_such_object_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        raw_members.decode(text, into="data")


ALIKE = st.sampled_from([None, 1, 2, "1", "é"])
INSTANTS = st.sampled_from([None, "2026-03-02T09:00:00+00:00", "2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00.5Z"])
IDENTIFIED = st.none() | st.fixed_dictionaries({"id": ALIKE}, optional={"name": ALIKE})
PEOPLE = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["CUSTOMER", "EMPLOYEE"]), "customer": IDENTIFIED}), max_size=2
)
OF_A_MEMBER = {"start": INSTANTS, "end": INSTANTS, "participants": PEOPLE, "status": ALIKE, "externalId": ALIKE}
APPOINTMENTS = st.fixed_dictionaries({}, optional={n: OF_A_MEMBER.get(n, IDENTIFIED) for n in CHANGES})


@given(APPOINTMENTS, APPOINTMENTS)
def test_what_is_the_same_to_the_letter_is_no_change_and_all_else_is_judged_by_what_it_means(
    appointment: dict[str, Any], previous: dict[str, Any]
) -> None:
    views = _VIEWS.items()
    different = [name for name, view in views if view(appointment.get(name)) != view(previous.get(name))]
    assert changes(appointment, previous) == different
