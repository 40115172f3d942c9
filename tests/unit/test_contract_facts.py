"""Each fact of docs/contract.md: what the contract accepts without a word, and what it reports.

The rows are documents that differ from a valid one in one member. They are judged by the validation that both modes of
the contract share, so an empty list means: accepted in both.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from appointments.contract.essentials import Essentials
from appointments.contract.mode import ContractMode
from appointments.contract.parsing import parse_body
from appointments.contract.validation import validate
from appointments.contract.values import DatedStatus, EventType, Status, UndatedStatus
from appointments.errors import AppointmentsError
from tests.builders import body, delivery
from tests.project import ROOT, name, text_files

PAGE = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
FACTS = re.findall(r"^\| ([CA]\d+) \|", PAGE, re.MULTILINE)
ABSENT = object()
APPOINTMENT = "data.appointment"
CUSTOMER = f"{APPOINTMENT}.participants.1.customer"
EMPLOYEE = f"{APPOINTMENT}.participants.0.employee"
LINK = f"{APPOINTMENT}.participants.0"
PREVIOUS = "data.previousAppointment"
OTHER_URLS = ("cancelUrl", "editUrl", "inviteUrl", "office365CalendarUrl", "googleCalendarUrl", "icalUrl", "token")
DATED, UNDATED = get_args(DatedStatus), get_args(UndatedStatus)


def with_member(path: str, value: Any) -> dict[str, Any]:
    """Return a valid document with this value at a path of names and indexes, or without the member."""
    document = delivery(previous={"status": "ACCEPTED"})
    document["data"]["appointment"]["office"]["location"] = {}
    document["data"]["appointment"]["subject"]["subjectGroup"] = {}
    *parents, last = path.split(".")
    target: Any = document
    for part in parents:
        target = target[int(part)] if isinstance(target, list) else target[part]
    if value is ABSENT:
        del target[last]
    else:
        target[int(last) if isinstance(target, list) else last] = copy.deepcopy(value)
    return document


def rules(document: Any) -> list[str]:
    """Return the broken rules of a document, without their paths."""
    return [violation.rule for violation in validate(document)[0]]


ROWS: dict[str, list[tuple[str, list[Any], list[str]]]] = {
    "C1": [(f"{APPOINTMENT}.callbackRequest", [None, {"id": "1"}, "1", 1, [], True], [])],
    "C3": [
        (f"{APPOINTMENT}.leadSegment", [{"id": 0}, {"id": 42}, {"id": "42"}, None], []),
        (f"{APPOINTMENT}.leadSegment", [{"id": True}, {"id": 1.5}, {"id": None}, {"id": []}], ["type"]),
        (f"{CUSTOMER}.id", [0, 2**70, "string"], []),
        (f"{CUSTOMER}.id", [True, 1.0, None], ["type"]),
        (f"{CUSTOMER}.id", [-1], ["minimum"]),
        (f"{CUSTOMER}.id", [""], ["minLength"]),
    ],
    "C4": [("data.message", [None, "", "text"], [])],
    "C5": [
        (f"{path}.deletedAt2" if path else "deletedAt2", [None, {"a": [1]}], [])
        for path in (
            "",
            "data",
            APPOINTMENT,
            f"{APPOINTMENT}.office",
            f"{APPOINTMENT}.subject",
            LINK,
            CUSTOMER,
            PREVIOUS,
        )
    ],
    "C6": [(f"{APPOINTMENT}.leadSegment", [{"id": 1, "deletedAt": text} for text in ("string", "", None)], [])],
    "C7": [
        (f"{APPOINTMENT}.metadata", [{}, [], None, {"a": {"b": [1.5, None]}}, [1]], []),
        (f"{APPOINTMENT}.metadata", ["text", 1], ["type"]),
        (f"{APPOINTMENT}.office.translations", [[], {}, None], []),
    ],
    "C8": [
        (f"{APPOINTMENT}.office.translations", [{"name": [{"value": "x", "language": "nl-BE"}]}], []),
        (f"{EMPLOYEE}.language", ["nl", "xx", None], []),
        (f"{EMPLOYEE}.language", ["nl-BE"], ["maxLength"]),
        (f"{CUSTOMER}.language", ["nl-BE"], ["maxLength"]),
    ],
    "C9": [
        (
            f"{APPOINTMENT}.participants",
            [[], [{"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": number}} for number in range(3)]],
            [],
        )
    ],
    "C10": [
        *((f"{LINK}.{url}", ["x" * 2000], []) for url in ("videoUrl", "videoTestUrl")),
        *((f"{LINK}.{url}", ["x" * 2001], ["maxLength"]) for url in ("videoUrl", "videoTestUrl")),
        *((f"{LINK}.{url}", ["x" * 9000], []) for url in OTHER_URLS),
    ],
    "C11": [
        (f"{APPOINTMENT}.internalNotes", [None], []),
        (f"{APPOINTMENT}.hybrid", [None], []),
        (f"{APPOINTMENT}.office.timeZone", [None], []),
        (f"{APPOINTMENT}.subject", [None], ["type"]),
        (f"{APPOINTMENT}.subject.subjectGroup", [None], ["type"]),
        (f"{APPOINTMENT}.subject.enabledForCustomerUse", [None], ["type"]),
        (f"{APPOINTMENT}.subject.order", [None], ["type"]),
        (f"{APPOINTMENT}.office.id", [None], ["type"]),
        (f"{APPOINTMENT}.meetingType", [None], ["type"]),
        (f"{APPOINTMENT}.updatedAt", [None], ["type"]),
    ],
    "C12": [
        (f"{APPOINTMENT}.office.location", [None, {"geolocation": None}], []),
        (f"{APPOINTMENT}.location", [None, {"geolocation": None}], []),
    ],
    "C13": [
        (f"{APPOINTMENT}.subject.subjectGroup", [{}, {"color": "#0099ff", "image": "x" * 65_535, "order": 0}], []),
        (f"{APPOINTMENT}.subject.subjectGroup", [{"color": "#0099ff0"}, {"externalId": "x" * 256}], ["maxLength"]),
        (f"{APPOINTMENT}.subject.subjectGroup", [{"image": "x" * 65_536}], ["maxLength"]),
        (f"{APPOINTMENT}.subject.subjectGroup", [{"order": -1}], ["minimum"]),
    ],
    "C14": [(PREVIOUS, [None], []), (PREVIOUS, [ABSENT], ["required"])],
    "C16": [(f"{APPOINTMENT}.{member}", [None, "5501"], []) for member in ("createdById", "updatedById")],
    "C17": [
        (PREVIOUS, [{"status": "NO_SHOW", "participants": [{"customer": {"id": 7}}], "office": {"id": "1"}}], []),
        (f"{PREVIOUS}.externalId", ["x" * 256], ["maxLength"]),
        (f"{PREVIOUS}.location", [{"countryCode": "string"}], ["maxLength"]),
        (f"{PREVIOUS}.participants", [[{"role": "TERTIARY"}]], ["enum"]),
        (f"{PREVIOUS}.status", [ABSENT], ["required"]),
    ],
    "C18": [
        (f"{APPOINTMENT}.trailingBufferTime", [-15, 0, None], []),
        (f"{APPOINTMENT}.trailingBufferTime", [1.5, True, "15"], ["type"]),
    ],
    "C19": [
        (
            f"{APPOINTMENT}.updatedAt",
            ["2026-03-02T09:00:00+00:00", "2026-03-02T09:00:00.000Z", "2026-03-02T10:00:00.000000001+01:00"],
            [],
        ),
        (f"{APPOINTMENT}.updatedAt", ["2026-03-02T09:00:00", "2026-02-30T09:00:00Z", "2026-03-02", ""], ["format"]),
    ],
    "C20": [(f"{APPOINTMENT}.updatedAt", [ABSENT], ["required"])],
    "C21": [("entity", ["Callback Request", "appointment", ""], ["const"])],
    "C22": [
        ("id", [""], ["minLength"]),
        (f"{APPOINTMENT}.id", [""], ["minLength"]),
        (f"{APPOINTMENT}.office.id", ["", "a#b/c"], []),
        ("correlationId", [""], []),
    ],
}
"""By fact: the path of a member, values, and the rules that each of the values breaks."""
CASES = [
    pytest.param(path, value, broken, id=f"{fact}-{path}-{number}")
    for fact, rows in ROWS.items()
    for path, values, broken in rows
    for number, value in enumerate(values)
]


@pytest.mark.parametrize(("path", "value", "broken"), CASES)
def test_a_value_is_accepted_or_reported_by_its_rule(path: str, value: Any, broken: list[str]) -> None:
    assert rules(with_member(path, value)) == broken


@pytest.mark.parametrize("member", ["callbackRequest", "createdById", "updatedById", "metadata", "internalNotes"])
def test_a_member_that_the_page_requires_and_its_sample_lacks_can_be_absent(member: str) -> None:
    document = delivery()
    assert member not in document["data"]["appointment"]
    assert rules(document) == []


def test_event_type_status_and_previous_appointment_are_not_validated_against_each_other() -> None:
    for event_type, status, previous in itertools.product(
        get_args(EventType), [*DATED, *UNDATED], [None, {"status": "CANCELLED"}]
    ):
        assert rules(delivery(event_type=event_type, status=status, previous=previous)) == []
    assert {*DATED, *UNDATED} == {status for part in get_args(Status) for status in (get_args(part) or (part,))}


@pytest.mark.parametrize("status", UNDATED)
@pytest.mark.parametrize("dates", [{}, {"start": None, "end": None}, {"possibilities": [{"start": "2026-03-10"}]}])
def test_an_undated_status_can_come_without_dates_and_with_other_members(status: str, dates: dict[str, Any]) -> None:
    document = delivery(status=status)
    for member in ("start", "end"):
        del document["data"]["appointment"][member]
    document["data"]["appointment"] |= dates
    assert rules(document) == []


@pytest.mark.parametrize("mode", ContractMode)
def test_a_length_counts_characters(mode: ContractMode) -> None:
    assert parse_body(body(delivery(externalId="\U0001f600" * 255)), mode).violation_count == 0
    assert rules(delivery(externalId="\U0001f600" * 256)) == ["maxLength"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.eventType", "MOVE_TO_OFFICE"),
        (f"{APPOINTMENT}.status", "WAITING_LIST"),
        (f"{APPOINTMENT}.meetingType", "HOLOGRAM"),
        (f"{APPOINTMENT}.updatedFrom", "CHATBOT"),
        (f"{APPOINTMENT}.participants.0.type", "ROBOT"),
        (f"{APPOINTMENT}.participants.0.role", "TERTIARY"),
        (f"{PREVIOUS}.status", "WAITING_LIST"),
    ],
)
def test_a_new_value_of_an_enum_is_reported_and_refused_only_by_strict(path: str, value: str) -> None:
    document = with_member(path, value)
    assert set(rules(document)) == {"enum"}
    assert parse_body(body(document), ContractMode.TOLERANT).violation_count == 1
    with pytest.raises(AppointmentsError):
        parse_body(body(document), ContractMode.STRICT)


def test_the_order_of_members_means_nothing() -> None:
    def reversed_members(value: Any) -> Any:
        if isinstance(value, dict):
            return {member: reversed_members(value[member]) for member in reversed(value)}
        return [reversed_members(element) for element in value] if isinstance(value, list) else value

    sample = json.loads((ROOT / "tests" / "fixtures" / "vendor-sample.json").read_text(encoding="utf-8"))
    turned = reversed_members(sample)
    assert list(turned) == list(reversed(sample))
    assert Essentials.of(turned) == Essentials.of(sample)
    assert sorted(validate(turned)[0]) == sorted(validate(sample)[0])


def test_the_facts_have_every_number_and_a_test_that_exists() -> None:
    assert [fact for fact in FACTS if fact.startswith("C")] == [f"C{number}" for number in range(1, 24)]
    assert set(ROWS) <= set(FACTS)
    rows = [line for line in PAGE.splitlines() if re.match(r"\| [CA]\d+ \|", line)]
    for row in rows:
        named = re.findall(r"`(test_\w+)(?:::(\w+))?`", row.split("|")[-2])
        assert named, row
        for module, test in named:
            text = (ROOT / "tests" / "unit" / f"{module}.py").read_text(encoding="utf-8")
            assert f"def {test}(" in text if test else f'"{row.split("|")[1].strip()}": [' in text, row


@pytest.mark.parametrize("path", [path for path in text_files(".py") if "tests" not in path.parts], ids=name)
def test_a_fact_that_the_code_names_is_on_the_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "mapping.md" not in text
    assert set(re.findall(r"(?:\(|contract\.md, )([CA]\d{1,2})\)", text)) <= set(FACTS)
