"""``detail.routing``: the flat members that rules match, alike in a full message and in a reference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.contract.members import instant
from appointments.publishing import messages
from appointments.publishing.messages import EventDetail
from appointments.publishing.references import REFERENCE_BYTES, REFERENCE_PARTICIPANTS
from appointments.publishing.routing import routing
from appointments.storage import items
from tests.builders import body, delivery, received

MEMBERS = [
    "status",
    "previousStatus",
    "start",
    "end",
    "officeId",
    "previousOfficeId",
    "subjectId",
    "listingId",
    "leadSegmentId",
    "employeeId",
    "previousEmployeeId",
    "employeesAdded",
    "employeesRemoved",
    "customerId",
    "meetingType",
    "createdFrom",
    "createdByType",
    "updatedFrom",
    "updatedByType",
]
LISTS = {"employeesAdded", "employeesRemoved"}
NOTHING: dict[str, Any] = {name: [] if name in LISTS else None for name in MEMBERS}


def published(document: Any, form: EventDetail = EventDetail.FULL) -> Any:
    item = items.event_item(received(body(document)))
    return json.loads(messages.message(item, source="pexip.engage", event_detail=form).detail)


def person(kind: str, identity: Any, role: str = "PRIMARY") -> dict[str, Any]:
    return {"type": kind, "role": role, kind.lower(): {"id": identity}}


@pytest.mark.parametrize("form", EventDetail)
def test_a_message_has_every_member_of_routing_in_one_order(form: EventDetail) -> None:
    document = delivery(
        event_type="RESCHEDULE",
        createdFrom="PARTNER_BOOKING_APP",
        createdByType="EMPLOYEE",
        updatedFrom="BACKOFFICE_APP",
        updatedByType="OTHER",
        listing={"id": "l-1"},
        leadSegment={"id": 9007199254740993},
        participants=[person("EMPLOYEE", "p-2"), person("CUSTOMER", 90417)],
        previous={
            "status": "INCOMING_REQUEST",
            "office": {"id": 9},
            "participants": [person("EMPLOYEE", "p-1"), person("CUSTOMER", 90417)],
        },
    )
    block = published(document, form)["routing"]
    assert block == {
        "status": "ACCEPTED",
        "previousStatus": "INCOMING_REQUEST",
        "start": "2026-03-10T09:00:00.000000000Z",
        "end": "2026-03-10T10:00:00.000000000Z",
        "officeId": "o-1",
        "previousOfficeId": "9",
        "subjectId": "s-1",
        "listingId": "l-1",
        "leadSegmentId": "9007199254740993",
        "employeeId": "p-2",
        "previousEmployeeId": "p-1",
        "employeesAdded": ["p-2"],
        "employeesRemoved": ["p-1"],
        "customerId": "90417",
        "meetingType": "OFFICE",
        "createdFrom": "PARTNER_BOOKING_APP",
        "createdByType": "EMPLOYEE",
        "updatedFrom": "BACKOFFICE_APP",
        "updatedByType": "OTHER",
    }
    assert list(block) == MEMBERS


def test_the_reference_of_a_message_too_large_for_the_bus_has_the_same_routing() -> None:
    small = published(delivery(meetingType="VIDEO", internalNotes="x"))
    large = published(delivery(meetingType="VIDEO", internalNotes="x" * messages.ENTRY_BYTES))
    assert (small["metadata"]["detail"], large["metadata"]["detail"]) == ("full", "reference")
    assert large["routing"] == small["routing"]
    assert large["routing"]["meetingType"] == "VIDEO"


def test_an_appointment_without_any_member_has_null_and_empty_lists() -> None:
    assert routing({}, None) == NOTHING


@pytest.mark.parametrize("previous", [None, [], "x", 3, {}, {"status": "ACCEPTED"}])
def test_what_the_previous_appointment_omits_is_null_and_no_change(previous: Any) -> None:
    block = routing(delivery()["data"]["appointment"], previous)
    names = ("previousOfficeId", "previousEmployeeId", *sorted(LISTS))
    assert [block[name] for name in names] == [None, None, [], []]
    assert block["previousStatus"] == ("ACCEPTED" if previous == {"status": "ACCEPTED"} else None)


WRONG: list[Any] = [None, 5, 1.5, True, "", [], ["x"], {}, {"id": None}, {"id": True}, {"id": 1.0}, {"id": ""}]


@pytest.mark.parametrize("wrong", WRONG, ids=json.dumps)
def test_a_member_of_another_type_is_null(wrong: Any) -> None:
    appointment = dict.fromkeys(delivery()["data"]["appointment"], wrong)
    assert routing(appointment, appointment) == NOTHING


@pytest.mark.parametrize("value", ["soon", "2026-03-10T10:00:00", "2026-02-30T10:00:00Z"])
def test_a_time_that_is_no_instant_is_null(value: str) -> None:
    assert routing({"start": value, "end": "2026-03-10T10:00+0100"}, None)["start"] is None


def test_instants_have_the_notation_of_the_metadata_whatever_the_sender_writes() -> None:
    notations = ("2026-03-10T10:00:00+01:00", "2026-03-10T09:00:00.000Z", "2026-03-10 09:00+0000")
    assert {routing({"start": text}, None)["start"] for text in notations} == {"2026-03-10T09:00:00.000000000Z"}


def test_a_value_too_long_for_a_reference_is_null_and_left_out_of_lists() -> None:
    longest = "x" * (REFERENCE_BYTES - 2)
    wide = "\U0001f600" * 100  # as JSON in ASCII twelve bytes each
    for value, kept in ((longest, longest), (longest + "x", None), (wide, None), (int("9" * 1025), None)):
        appointment = {"office": {"id": value}, "participants": [person("EMPLOYEE", value)]}
        block = routing(appointment, {"participants": []})
        assert (block["officeId"], block["employeeId"]) == (kept, kept)
        assert block["employeesAdded"] == ([kept] if kept else [])


@pytest.mark.parametrize(
    ("previous", "added", "removed"),
    [
        ([person("EMPLOYEE", 1), person("EMPLOYEE", "2", "SECONDARY")], [], []),
        ([person("EMPLOYEE", "1"), person("EMPLOYEE", "3"), person("CUSTOMER", "4")], ["2"], ["3"]),
        ([{"employee": {"id": "1"}}, {"role": "SECONDARY", "employee": {"id": 3}}], ["2"], ["3"]),
        ([{"type": "", "employee": {"id": "1"}}, person("EMPLOYEE", "3")], ["2"], ["3"]),
        ([person("EMPLOYEE", "1"), {"type": "EMPLOYEE"}], [], []),
        ([person("EMPLOYEE", "3"), {"role": "PRIMARY"}], [], ["3"]),
        ([person("EMPLOYEE", "1"), "x"], [], []),
        ([person("EMPLOYEE", "1"), {"type": "VISITOR", "employee": {"id": "2"}}], ["2"], []),
        ([], ["1", "2"], []),
        (None, ["1", "2"], []),
        ("x", [], []),
        ({}, [], []),
    ],
)
def test_employees_are_added_and_removed_against_what_the_previous_appointment_knows(
    previous: Any, added: list[str], removed: list[str]
) -> None:
    appointment = {"participants": [person("EMPLOYEE", "1"), person("EMPLOYEE", 2), person("CUSTOMER", "5")] * 2}
    block = routing(appointment, {"participants": previous})
    assert (block["employeesAdded"], block["employeesRemoved"]) == (added, removed)


@pytest.mark.parametrize(
    ("participants", "removed"),
    [({}, []), ("x", []), ([{"type": "EMPLOYEE"}], []), (None, ["1"]), ([], ["1"]), ([person("CUSTOMER", "1")], ["1"])],
)
def test_nobody_is_removed_by_an_appointment_that_does_not_say_who_is_left(
    participants: Any, removed: list[str]
) -> None:
    previous = {"participants": [person("EMPLOYEE", "1")]}
    assert routing({"participants": participants}, previous)["employeesRemoved"] == removed
    assert routing({}, previous)["employeesRemoved"] == []


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "type", "employee"]), inner),
    max_leaves=6,
)
PEOPLE = st.lists(
    ANY
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["EMPLOYEE", "CUSTOMER"]) | ANY, "role": st.sampled_from(["PRIMARY", "SECONDARY"])},
        optional={"employee": st.fixed_dictionaries({"id": ANY}), "customer": st.fixed_dictionaries({"id": ANY})},
    ),
    max_size=4,
)
TIMES = st.sampled_from(["2026-03-10T10:00:00+01:00", "2026-03-10T09:00:00Z", "soon"])
ANY_APPOINTMENT = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("status", "meetingType", "createdFrom", "createdByType", "updatedFrom", "updatedByType"), ANY),
        **{name: st.fixed_dictionaries({"id": ANY}) | ANY for name in ("office", "subject", "listing", "leadSegment")},
        **dict.fromkeys(("start", "end"), TIMES | ANY),
        "participants": PEOPLE | ANY,
    },
)


@given(ANY_APPOINTMENT, ANY_APPOINTMENT | ANY)
def test_any_json_makes_texts_or_null_and_lists_of_texts(appointment: dict[str, Any], previous: Any) -> None:
    block = routing(appointment, previous)
    assert list(block) == MEMBERS
    for name, value in block.items():
        texts = value if name in LISTS else [value] if value is not None else []
        assert isinstance(texts, list)
        assert all(isinstance(text, str) and text for text in texts)
    assert all(instant(block[name]) == block[name] for name in ("start", "end") if block[name] is not None)
    assert not set(block["employeesAdded"]) & set(block["employeesRemoved"])


@given(ANY_APPOINTMENT)
def test_an_equal_previous_appointment_adds_and_removes_nobody(appointment: dict[str, Any]) -> None:
    block = routing(appointment, appointment)
    assert (block["employeesAdded"], block["employeesRemoved"]) == ([], [])
    assert (block["previousStatus"], block["previousOfficeId"]) == (block["status"], block["officeId"])


def test_routing_has_the_ids_of_the_current_item() -> None:
    stored = received(body(delivery(leadSegment={"id": 42}, listing={"id": "l-1"})))
    current = items.current_item(stored)
    block = published(stored.document)["routing"]
    names = ("status", "officeId", "subjectId", "listingId", "leadSegmentId", "employeeId", "customerId", "meetingType")
    assert {name: block[name] for name in names} == {name: current[name]["S"] for name in names}


def test_the_largest_reference_fits_the_bus() -> None:
    """Each value is the longest that a reference keeps, and each list has more elements than it keeps."""
    text = "x" * (REFERENCE_BYTES - 2)

    def people(digit: str) -> list[dict[str, Any]]:
        odd = {"type": text, "role": text, "employee": {"id": text}, "customer": {"id": text}}
        return [odd] * 98 + [odd | {"type": "EMPLOYEE", "employee": {"id": f"{n:{digit}>1022}"}} for n in range(100)]

    names = ("status", "meetingType", "createdFrom", "createdByType", "updatedFrom", "updatedByType")
    members: dict[str, Any] = {name: {"id": text} for name in ("office", "subject", "listing", "leadSegment")}
    members |= dict.fromkeys(names, text)
    document = delivery(
        id="\x01" * 1018,  # six bytes each as JSON
        appointment_id="\x01" * 2036,
        event_type=text,
        previous={**members, "participants": people("1")},
        internalNotes="x" * messages.ENTRY_BYTES,
        participants=[*people("0"), {"type": "CUSTOMER", "customer": {"id": text}}],
        **members,
    )
    document |= dict.fromkeys(("correlationId", "webhookConfigurationId", "version"), text)
    built = messages.message(items.event_item(received(body(document))), source="s" * 256)
    sent = json.loads(built.detail)
    assert sent["metadata"]["detail"] == "reference"
    assert sent["metadata"]["violationCount"] > len(sent["metadata"]["violations"]) == items.VIOLATIONS
    assert len(sent["data"]["appointment"]["participants"]) == REFERENCE_PARTICIPANTS
    assert all(sent["routing"].values())
    assert built.size(source="s" * 256) <= messages.ENTRY_BYTES
