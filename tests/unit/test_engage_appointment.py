"""The shape of an appointment of the vendor's API, and its form under the names of the webhook."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appointments.publishing.references import reference
from appointments.reconciliation.engage_appointment import appointment_of, check
from appointments.reconciliation.errors import AnswerShapeError

PERSON = {"role": "PRIMARY", "type": "EMPLOYEE", "participant": {"id": "p-1"}, "videoUrl": "https://example.com/v"}
DOCUMENTED = {
    "id": "123",
    "externalId": "ABCD1234",
    "start": "2022-08-17T09:00:00.000Z",
    "end": "2022-08-17T10:00:00.000Z",
    "subject": {"id": "31"},
    "office": {"id": "21"},
    "appointmentParticipants": [PERSON, {"role": "SECONDARY", "type": "CUSTOMER", "participant": {"id": 7}}],
    "answers": [{"value": "A colleague"}],
    "callbackRequest": {"id": "81"},
    "listing": {"id": "77"},
    "leadSegment": {"id": "42"},
    "meetingType": "OFFICE",
    "status": "ACCEPTED",
    "createdAt": "2022-08-17T19:05:21.362Z",
    "updatedAt": "2022-08-17T19:05:21.362Z",
}
"""The example of the vendor's page getappointmentbyid, shortened."""
NEEDED = ["id", "status", "start", "end", "updatedAt", "meetingType", "subject", "office", "appointmentParticipants"]
SECRET = "canary"


def rule_broken(document: Any) -> tuple[str, str]:
    with pytest.raises(AnswerShapeError) as raised:
        check(document, ("data", 3))
    assert SECRET not in str(raised.value)
    assert raised.value.violations[0].path in str(raised.value)
    return raised.value.violations[0].path, raised.value.violations[0].rule


def test_the_documented_example_has_the_documented_shape() -> None:
    assert check(DOCUMENTED) == DOCUMENTED


@pytest.mark.parametrize("name", NEEDED)
def test_a_member_that_we_depend_on_is_required(name: str) -> None:
    document = {other: value for other, value in DOCUMENTED.items() if other != name}
    assert rule_broken(document) == (f"$.data[3].{name}", "required")


@pytest.mark.parametrize("name", sorted(set(DOCUMENTED) - set(NEEDED)))
def test_any_other_member_may_be_absent(name: str) -> None:
    check({other: value for other, value in DOCUMENTED.items() if other != name})


@pytest.mark.parametrize("name", ["start", "end", "meetingType", "subject", "office", "listing", "leadSegment"])
def test_a_member_without_a_value_may_be_null(name: str) -> None:
    assert appointment_of(check(DOCUMENTED | {name: None}))[name] is None


@pytest.mark.parametrize(
    ("member", "path", "rule"),
    [
        ({"id": 5}, "id", "type"),
        ({"id": ""}, "id", "minLength"),
        ({"id": "x" * 2048}, "id", "maxBytes"),
        ({"id": None}, "id", "type"),
        ({"status": ""}, "status", "minLength"),
        ({"status": [SECRET]}, "status", "type"),
        ({"updatedAt": None}, "updatedAt", "type"),
        ({"updatedAt": SECRET}, "updatedAt", "format"),
        ({"start": "2022-08-17T09:00:00"}, "start", "format"),
        ({"end": 1660726800}, "end", "type"),
        ({"office": SECRET}, "office", "type"),
        ({"office": []}, "office", "type"),
        ({"subject": {"name": SECRET}}, "subject.id", "required"),
        ({"subject": {"id": {"name": SECRET}}}, "subject.id", "type"),
        ({"meetingType": 5}, "meetingType", "type"),
        ({"externalId": 5}, "externalId", "type"),
        ({"listing": SECRET}, "listing", "type"),
        ({"appointmentParticipants": None}, "appointmentParticipants", "type"),
        ({"appointmentParticipants": [SECRET]}, "appointmentParticipants[0]", "type"),
        ({"appointmentParticipants": [PERSON, {"type": "EMPLOYEE"}]}, "appointmentParticipants[1].role", "required"),
        (
            {"appointmentParticipants": [PERSON | {"participant": SECRET}]},
            "appointmentParticipants[0].participant",
            "type",
        ),
    ],
)
def test_another_shape_is_an_error_with_path_and_rule_and_no_value(member: Any, path: str, rule: str) -> None:
    assert rule_broken(DOCUMENTED | member) == (f"$.data[3].{path}", rule)


@pytest.mark.parametrize("document", [None, 5, SECRET, [], [DOCUMENTED]])
def test_an_appointment_is_an_object(document: Any) -> None:
    assert rule_broken(document) == ("$.data[3]", "type")


def test_an_error_counts_the_rules_that_it_does_not_name() -> None:
    with pytest.raises(AnswerShapeError, match="and 2 more"):
        check(DOCUMENTED | {"id": 1, "status": 1, "start": 1})


@pytest.mark.parametrize(
    "member",
    [
        {"status": "POSTPONED"},
        {"meetingType": "HOLOGRAM"},
        {"appointmentParticipants": [PERSON | {"type": "ROBOT", "role": "OBSERVER"}]},
        {"office": {"id": 21, "name": "Ghent"}},
        {"mood": {"deep": [1]}},
        {"answers": SECRET},
    ],
)
def test_unknown_members_and_values_are_accepted(member: dict[str, Any]) -> None:
    check(DOCUMENTED | member)


def test_an_appointment_gets_the_names_of_the_webhook() -> None:
    assert appointment_of(DOCUMENTED) == {
        "id": "123",
        "externalId": "ABCD1234",
        "status": "ACCEPTED",
        "start": "2022-08-17T09:00:00.000Z",
        "end": "2022-08-17T10:00:00.000Z",
        "updatedAt": "2022-08-17T19:05:21.362Z",
        "meetingType": "OFFICE",
        "office": {"id": "21"},
        "subject": {"id": "31"},
        "listing": {"id": "77"},
        "leadSegment": {"id": "42"},
        "participants": [
            {"type": "EMPLOYEE", "role": "PRIMARY", "employee": {"id": "p-1"}},
            {"type": "CUSTOMER", "role": "SECONDARY", "customer": {"id": 7}},
        ],
    }


def test_an_appointment_has_every_member_of_a_reference() -> None:
    appointment = appointment_of(DOCUMENTED)
    assert reference(appointment) == {
        name: value for name, value in appointment.items() if name not in ("externalId", "meetingType")
    }


def test_a_person_of_an_unknown_type_has_no_name_in_the_webhook() -> None:
    document = DOCUMENTED | {"appointmentParticipants": [PERSON | {"type": "ROBOT"}]}
    assert appointment_of(document)["participants"] == [{"type": "ROBOT", "role": "PRIMARY"}]


def test_what_the_api_leaves_out_is_absent() -> None:
    document = {name: DOCUMENTED[name] for name in NEEDED}
    assert not {"externalId", "listing", "leadSegment"} & appointment_of(check(document)).keys()
    assert SECRET not in json.dumps(appointment_of(DOCUMENTED | {"internalNotes": SECRET}))
