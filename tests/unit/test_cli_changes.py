"""What changed between two stored states, and what of it is shown."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments_cli.reading.changes import between, initial, since_previous
from appointments_cli.reading.masking import MASK, masked
from generate.privacy_members import CLASSES
from samples import SAMPLES
from tests.builders import delivery

CANARY = "c4n4ry"
BEFORE: dict[str, Any] = delivery(internalNotes="old", answers=[{"id": "1", "value": "a"}])["data"]["appointment"]


def lines(before: Any, after: Any, *, reveal: bool = False) -> list[str]:
    return [change.line(lambda instant: instant[:16], reveal=reveal) for change in between(before, after)]


def changed(**members: Any) -> dict[str, Any]:
    return {**copy.deepcopy(BEFORE), **members}


def person(kind: str, role: str, identity: str, **members: Any) -> dict[str, Any]:
    return {"type": kind, "role": role, kind.lower(): {"id": identity, **members}}


def test_a_status_a_time_and_a_resource_are_shown_from_what_to_what() -> None:
    after = changed(status="CANCELLED", start="2026-03-11T09:00:00Z", office={"id": "o-2", "email": CANARY})
    assert lines(BEFORE, after) == [
        "status ACCEPTED -> CANCELLED",
        "start 2026-03-10T09:00 -> 2026-03-11T09:00",
        "office o-1 -> o-2",
    ]


def test_another_notation_of_an_instant_and_who_made_the_change_are_no_changes() -> None:
    after = changed(start="2026-03-10T09:00:00Z", updatedAt="2026-04-01T00:00:00Z", updatedById="9", externalId=None)
    assert lines(BEFORE, after) == []


def test_a_replaced_employee_is_one_change_and_another_participant_is_added() -> None:
    people = [
        person("CUSTOMER", "PRIMARY", "7"),
        person("EMPLOYEE", "PRIMARY", "p-2"),
        person("EMPLOYEE", "SECONDARY", "p-3"),
    ]
    assert lines(BEFORE, changed(participants=people)) == [
        "EMPLOYEE PRIMARY p-1 -> p-2",
        "EMPLOYEE SECONDARY none -> p-3",
    ]


def test_a_changed_name_is_masked_unless_it_is_revealed() -> None:
    before = changed(participants=[person("CUSTOMER", "PRIMARY", "7", firstName="Ada", email="a@b")])
    after = changed(participants=[person("CUSTOMER", "PRIMARY", "7", firstName="Eve", email=None)])
    assert lines(before, after) == ["CUSTOMER 7.firstName *** -> ***", "CUSTOMER 7.email *** -> none"]
    assert lines(before, after, reveal=True) == ["CUSTOMER 7.firstName Ada -> Eve", "CUSTOMER 7.email a@b -> none"]


def test_elements_with_ids_are_compared_by_id_and_a_new_one_is_one_change() -> None:
    after = changed(answers=[{"id": "2", "value": CANARY}, {"id": "1", "value": "b"}])
    assert sorted(lines(BEFORE, after)) == ["answers[1].value *** -> ***", "answers[2] none -> 2"]


def test_the_first_stored_event_is_compared_with_what_its_previous_appointment_has() -> None:
    previous = {"status": "OUTGOING_INVITE", "office": {"id": "o-1"}, "externalId": None}
    changes = since_previous(BEFORE, previous)
    assert [change.as_dict(reveal=False) for change in changes] == [
        {"path": "status", "from": "OUTGOING_INVITE", "to": "ACCEPTED"}
    ]
    assert since_previous(BEFORE, None) == since_previous(None, previous) == []


def test_the_first_stored_event_also_has_the_values_that_the_appointment_begins_with() -> None:
    begun = changed(subject={"id": "s-1"}, internalNotes=CANARY, status=None)
    assert [change.line(lambda instant: instant[:16], reveal=False) for change in initial(begun, None)] == [
        "start 2026-03-10T09:00",
        "end 2026-03-10T10:00",
        "office o-1",
        "EMPLOYEE PRIMARY p-1",
        "CUSTOMER PRIMARY 7",
        "subject s-1",
        "meetingType OFFICE",
    ]
    moved = [
        change.as_dict(reveal=False) for change in initial(BEFORE, {"status": "ACCEPTED", "office": {"id": "o-9"}})
    ]
    assert {"path": "office", "from": "o-9", "to": "o-1"} in moved
    assert {"path": "status", "to": "ACCEPTED"} in moved
    assert [each["path"] for each in moved].count("office") == 1
    assert initial(None, None) == []


def test_a_role_that_the_contract_does_not_know_is_not_shown() -> None:
    people = [person("EMPLOYEE", f"{CANARY} text", "p-1")]
    assert CANARY not in json.dumps(
        lines(BEFORE, changed(participants=people)) + lines(changed(participants=people), {})
    )


def test_ids_enums_and_times_of_the_samples_are_shown_and_nothing_else() -> None:
    shown = json.dumps([masked(json.loads(each.body)) for each in SAMPLES if each.name != "malformed"])
    for text in ("48101", "RESCHEDULE", "2026-03-31T10:00:00", "Europe/Brussels", "CRM-90417", "5502"):
        assert text in shown
    for text in ("Lotte", "Verhaegen", "http", "@", "Gent", "Geen tijd", "Bonne", "token-", "+32"):
        assert text not in shown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
members = st.sampled_from(["id", "status", "start", "office", "participants", "answers", "location", "metadata", "x"])


@given(st.dictionaries(members, json_values, max_size=6), st.dictionaries(members, json_values, max_size=6))
def test_any_two_documents_can_be_compared(before: Any, after: Any) -> None:
    for change in between(before, after):
        json.dumps(change.as_dict(reveal=False))
        change.line(str, reveal=False)
    assert between(before, copy.deepcopy(before)) == []


@given(
    st.sampled_from(
        ["firstName", "value", "cancelUrl", "token", "internalNotes", "status", "start", "phoneNumber", "x"]
    )
)
def test_a_text_of_the_sender_is_masked_under_every_name_that_is_no_id(name: str) -> None:
    assert masked({name: "c4n4ry text"}) == {name: MASK}


def test_a_number_and_a_map_of_the_customer_are_masked_too() -> None:
    place = {"geolocation": {"latitude": 51.0543, "longitude": 3}, "order": 3, "hybrid": True}
    assert masked(place) == {"geolocation": {"latitude": MASK, "longitude": MASK}, "order": 3, "hybrid": True}
    assert masked({"metadata": {CANARY: 1}, "callbackRequest": [CANARY]}) == {"metadata": MASK, "callbackRequest": MASK}
    changes = between({"metadata": {CANARY: 1}}, {"metadata": {CANARY: 2}})
    assert [change.line(str, reveal=False) for change in changes] == ["metadata *** -> ***"]


SHOWN = re.compile(r"id|externalId|.*Id|status|type|start|end|createdAt|updatedAt|deletedAt|availableRoles")
"""Members that tell of a person, and are shown: ids, enums and times. A text that has not their form is masked."""


@pytest.mark.parametrize("definition", sorted(CLASSES))
def test_every_member_that_is_personal_or_a_capability_is_masked_unless_it_is_an_id(definition: str) -> None:
    classes = CLASSES[definition]
    for name in f"{classes.get('personal', '')} {classes.get('capability', '')}".split():
        if SHOWN.fullmatch(name) is None:
            assert masked({name: f"{CANARY} text"}) == {name: MASK}, name
