"""Tolerant mode accepts each delivery that can be keyed, ordered and routed, and the code after it handles any JSON.

The reference is the schema of the contract with the list of needed members, not the models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial, reduce
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appointments.contract.mode import ContractMode
from appointments.contract.parsing import Parsed, parse_body
from appointments.contract.violations import Kind, Violation, json_path
from appointments.errors import CallbackRequestError, ContractError
from appointments.publishing import messages
from appointments.publishing.messages import EventDetail
from appointments.storage import items
from samples.story import SAMPLES
from tests.builders import body, delivery, received
from tests.unit.test_contract_schema import (
    JSON,
    MARK,
    PLACES,
    REMOVED,
    TREE,
    Location,
    Place,
    _entries,
    add_member,
    apply_change,
    contract_violations,
    deliveries_beyond_limits,
    disguise,
    grow_value,
    location_of,
    locations,
    mutated_deliveries,
    remove,
    replace,
    texts,
    with_examples,
)

NEEDED = {
    "$.id",
    "$.entity",
    "$.data",
    "$.data.eventType",
    "$.data.appointment",
    "$.data.appointment.id",
    "$.data.appointment.updatedAt",
    "$.data.appointment.status",
}
OPEN = {"$.data.eventType", "$.data.appointment.status"}
"""Needed members that accept any text."""


# --- changes that a new release of the vendor may bring

Change = Callable[[st.DrawFn, Any], Any]


def unknown(draw: st.DrawFn, _value: Any) -> str:
    return draw(texts().filter(bool))


def places_with_value(place: Place, value: Any, location: Location = ()) -> Iterator[tuple[Location, Place]]:
    """Yield each place at which a delivery has a value. Inner places come first."""
    below = dict(_entries(value))
    for step, next_place in place.below.items():
        if step[0] == "(" and step[1:-1] in (below.get("status"), below.get("type")):
            yield from places_with_value(next_place, value, location)
        for key in below if step == "[]" else below.keys() & {step[1:]}:
            yield from places_with_value(next_place, below[key], (*location, key))
    yield location, place


def tolerable_changes(document: Any) -> Iterator[tuple[Location, Change]]:
    """Yield each location that may change in tolerant mode, with the kind of change."""
    for location, place in places_with_value(TREE, document):
        path = json_path(location)
        if "enum" in place.rules and path != "$.entity":
            yield location, unknown
        if location and isinstance(location[-1], str) and path not in NEEDED:
            yield location, remove


ROUTES_WITH_RULES = [route for route, place in PLACES.items() if place.rules.keys() & {"enum", "required"}]


@st.composite
def deliveries_of_a_new_release(draw: st.DrawFn) -> Any:
    """Generate deliveries with unknown values and missing members, in each kind of place."""
    route = draw(st.sampled_from(ROUTES_WITH_RULES))
    document = grow_value(draw, TREE, route) if draw(st.booleans()) else draw(deliveries_beyond_limits())
    possible = list(dict.fromkeys(tolerable_changes(document)))
    matching = [change for change in possible if change[0][: len(location_of(route))] == location_of(route)]
    chosen = {draw(st.sampled_from(matching or possible)), *draw(st.lists(st.sampled_from(possible), max_size=8))}
    for location, change in dict(sorted(chosen, key=possible.index)).items():
        document = apply_change(document, location, partial(change, draw))
    return document


@st.composite
def deliveries_with_another_change(draw: st.DrawFn) -> Any:
    """Generate such deliveries with one more change of any kind at any place."""
    document = draw(deliveries_of_a_new_release())
    location = draw(st.sampled_from(list(locations(document))[1:]))
    return apply_change(
        document, location, partial(draw(st.sampled_from([replace, remove, disguise, add_member])), draw)
    )


# --- the reference


def can_be_stored(document: Any) -> bool:
    """Whether no broken rule concerns a needed member, except an unknown text or another notation of an instant."""
    return all(is_usable(path, document) for path, _ in contract_violations(document) if path in {"$", *NEEDED})


def is_usable(path: str, document: Any) -> bool:
    try:
        value = value_at(document, path)
    except (KeyError, TypeError, IndexError):
        return False
    if path in OPEN:
        return isinstance(value, str) and value != ""
    return path == "$.data.appointment.updatedAt" and is_instant(value)


def is_instant(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def value_at(document: Any, path: str) -> Any:
    steps = re.findall(r"\.(\w+)|\[(\d+)\]", path)
    return reduce(lambda value, step: value[step[0] or int(step[1])], steps, document)


def tolerant(document: Any) -> Parsed:
    return parse_body(body(document), ContractMode.TOLERANT)


def refusal(document: Any, mode: ContractMode) -> tuple[Violation, ...]:
    """Return the violations for which a document is refused; () if it is accepted."""
    try:
        parse_body(body(document), mode)
    except ContractError as error:
        return error.violations
    return ()


def pairs(violations: tuple[Violation, ...]) -> set[tuple[str, str]]:
    return {(violation.path, violation.rule) for violation in violations}


def assert_accepted(document: Any) -> None:
    """Check that the document is accepted unchanged, reported with every violation, and usable by the later code."""
    parsed = tolerant(document)
    structure = tuple(violation for violation in parsed.violations if violation.kind is Kind.STRUCTURE)
    assert structure == refusal(document, ContractMode.STRICT)
    assert pairs(parsed.violations) == contract_violations(document)
    assert len(pairs(parsed.violations)) == len(parsed.violations)
    assert MARK not in str(parsed.violations)
    assert parsed.document == document
    assert parsed.violation_count == len(parsed.violations)
    assert_storable_and_publishable(document)


def assert_storable_and_publishable(document: Any) -> None:
    """Check that both items of the table and both forms of the message can be made from the document."""
    accepted = received(body(document))
    item, current = items.event_item(accepted), items.current_item(accepted)
    assert "None" not in {*texts_in(item), *texts_in(current)} - {*texts_in(document)}
    assert all(current[name] != {"S": ""} for keys in items.INDEXES.values() for name in keys if name in current)
    for form in EventDetail:
        message = messages.message(item, source="pexip.engage", event_detail=form)
        detail = json.loads(message.detail)
        assert message.detail_type == messages.DETAIL_TYPES.get(document["data"]["eventType"], messages.UNRECOGNIZED)
        assert detail["metadata"]["violations"] == [violation.as_dict() for violation in accepted.violations]
        if form is EventDetail.FULL:
            assert detail["data"]["appointment"] == document["data"]["appointment"]
            assert detail["data"]["previousAppointment"] == document["data"].get("previousAppointment")


def texts_in(value: Any) -> Iterator[str]:
    for _, below in _entries(value):
        yield from texts_in(below)
    if isinstance(value, str):
        yield value


# --- any delivery


@with_examples(120, nightly=3000)
@given(deliveries_of_a_new_release())
def test_unknown_values_and_missing_secondary_members_are_accepted_and_reported(document: Any) -> None:
    assert_accepted(document)


@with_examples(120, nightly=3000)
@example(delivery(answers=[{"answer_type": None}]))  # the member's name in Python is an unknown member
@example(delivery(updated_at="2026-03-02T09:00+0000"))
@example(delivery(updated_at="2026-03-02T09:00"))
@given(mutated_deliveries() | deliveries_with_another_change())
def test_a_delivery_that_cannot_be_stored_is_refused_with_the_violations_of_strict_mode(
    document: Any,
) -> None:
    if can_be_stored(document):
        assert_accepted(document)
    else:
        assert refusal(document, ContractMode.TOLERANT) == refusal(document, ContractMode.STRICT) != ()


# --- each place of the contract

STORED = [json.loads(sample.body) for sample in SAMPLES if sample.expected_outcome]
"""Sample deliveries. Together they contain every member of the contract."""
VALUE_BY_TYPE = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "array": [],
    "object": {},
    "null": None,
}


def is_map(place: Place) -> bool:
    """Whether an empty array stands for an empty object here: an object without variants and required members."""
    variants = any(step.startswith("(") for step in place.below)
    return "object" in place.rules["type"] and not variants and not place.rules.get("required")


def always(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


def member_at(location: Location) -> str:
    return json_path(tuple("*" if isinstance(part, int) else part for part in location))


def rules_of_the_contract() -> Iterator[tuple[str, str]]:
    for route, place in PLACES.items():
        path = member_at(location_of(route))
        if "enum" in place.rules:
            yield path, "enum"
        for name in place.rules.get("required", ()):
            yield f"{path}.{name}", "required"


def test_each_unknown_value_and_each_missing_secondary_member_is_accepted() -> None:
    changes = {
        (member_at(place), change): (sent, place) for sent in STORED for place, change in tolerable_changes(sent)
    }
    reported = set()
    for (_, change), (sent, place) in changes.items():
        document = apply_change(sent, place, always("NEW" if change is unknown else REMOVED))
        structure = [v for v in tolerant(document).violations if v.kind is Kind.STRUCTURE]
        assert structure == list(refusal(document, ContractMode.STRICT))
        assert_storable_and_publishable(document)
        reported |= {(re.sub(r"\[\d+]", ".*", v.path), v.rule) for v in refusal(document, ContractMode.STRICT)}
    assert reported == {
        (path, rule)
        for path, rule in rules_of_the_contract()
        if path not in ({"$.entity"} if rule == "enum" else NEEDED)
    }


def test_a_wrong_type_is_reported_at_each_place_and_refused_only_in_a_needed_member() -> None:
    places = {member_at(at): (at, place, sent) for sent in STORED for at, place in places_with_value(TREE, sent) if at}
    for location, place, sent in places.values():
        types = place.rules["type"] | ({"integer"} if "number" in place.rules["type"] else set())
        for wrong in (value for kind, value in VALUE_BY_TYPE.items() if kind not in types):
            document = apply_change(sent, location, always(wrong))
            if json_path(location) in NEEDED:
                assert refusal(document, ContractMode.TOLERANT) == refusal(document, ContractMode.STRICT) != ()
            elif wrong == [] and is_map(place):
                assert refusal(document, ContractMode.STRICT) == ()
            else:
                assert (json_path(location), "type") in pairs(tolerant(document).violations)
                if wrong == {}:  # the later code treats every wrong type alike, so one is enough
                    assert_storable_and_publishable(document)


def test_a_delivery_with_only_the_needed_members_is_accepted() -> None:
    appointment = {"id": "a-1", "updatedAt": "2026-03-02T09:00:00Z", "status": "WAITING"}
    assert_accepted({"id": "e-1", "entity": "Appointment", "data": {"eventType": "CREATE", "appointment": appointment}})


@pytest.mark.parametrize("path", sorted(NEEDED))
def test_a_delivery_without_a_needed_member_is_refused_with_every_missing_member(path: str) -> None:
    document = apply_change(delivery(), tuple(path.removeprefix("$.").split(".")), always(REMOVED))
    del document["version"]
    assert pairs(refusal(document, ContractMode.TOLERANT)) == {("$.version", "required"), (path, "required")}


@pytest.mark.parametrize("event_type", ["DELETE", "create", "x" * 5000])
def test_an_unknown_event_type_is_published_as_appointment_unrecognized(event_type: str) -> None:
    document = delivery(event_type=event_type, status="WAITING")
    assert_accepted(document)
    message = messages.message(items.event_item(received(body(document))), source="pexip.engage")
    assert message.detail_type == "AppointmentUnrecognized"
    assert json.loads(message.detail)["metadata"]["eventType"] == event_type


@pytest.mark.parametrize("member", ["event_type", "status"])
@pytest.mark.parametrize("value", ["", None, 3, ["CREATE"], {}])
def test_an_event_type_or_a_status_without_text_is_refused(member: str, value: Any) -> None:
    assert refusal(delivery(**{member: value}), ContractMode.TOLERANT) != ()


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T10:00:00+0100",
        "2026-03-02T10:00:00+01",
        "2026-03-02 10:00:00+01:00",
        "2026-03-02T10:00+01:00",
        "2026-03-02T10:00:00,000+01:00",
        "20260302T090000Z",
        "2026-W10-1T09:00:00Z",
    ],
)
def test_an_instant_in_another_notation_is_accepted_and_reported(text: str) -> None:
    parsed = tolerant(delivery(updated_at=text))
    assert parsed.essentials.updated_at == "2026-03-02T09:00:00.000000000Z"
    assert pairs(parsed.violations) == {("$.data.appointment.updatedAt", "format")}
    assert refusal(delivery(updated_at=text), ContractMode.STRICT) != ()


@pytest.mark.parametrize("text", ["2026-03-02T09:00:00", "2026-03-02", "0000-00-00 00:00:00", "now", "1772442000", ""])
def test_a_text_that_is_no_instant_is_refused(text: str) -> None:
    found = refusal(delivery(updated_at=text), ContractMode.TOLERANT)
    assert pairs(found) == {("$.data.appointment.updatedAt", "format")}


@pytest.mark.parametrize("mode", ContractMode)
def test_an_empty_array_stands_for_an_empty_map_without_required_members(mode: ContractMode) -> None:
    office = {"id": "o-1", "translations": [], "location": {"geolocation": [], "translations": []}}
    document = delivery(office=office, location=[], metadata=[], previous={"status": "ACCEPTED", "office": []})
    assert refusal(document, mode) == ()
    assert tolerant(document).violations == ()
    assert_storable_and_publishable(document)
    assert pairs(refusal(delivery(office=[]), ContractMode.STRICT)) == {("$.data.appointment.office", "type")}


@pytest.mark.parametrize("mode", ContractMode)
def test_a_callback_request_is_refused_by_name(mode: ContractMode) -> None:
    contents: list[Any] = [{}, delivery()["data"], None]
    for data in contents:
        with pytest.raises(CallbackRequestError, match="Callback Request"):
            parse_body(body({**delivery(), "entity": "Callback Request", "data": data}), mode)


@with_examples(100, nightly=1000)
@given(JSON, JSON, st.sampled_from(["ROBOT", "CUSTOMER", None]))
def test_a_participant_of_unknown_type_can_be_stored_and_published(
    employee: Any, customer: Any, kind: str | None
) -> None:
    """The contract has no rules for the person of such a participant, nor for a person of the other type."""
    strange = {"role": "PRIMARY", "employee": employee, "customer": customer, "": customer, "type": kind}
    if kind is None:
        del strange["type"]
    if kind == "CUSTOMER":
        strange["customer"] = {"id": 7}
    previous = {"status": "LOST", "participants": [{"type": "ROBOT", "employee": {"id": 7}}]}
    document = delivery(participants=[strange, strange], previous=previous)
    assert_accepted(document)
    accepted = received(body(document))
    current = items.current_item(accepted)
    assert current.get("customerId") == ({"S": "7"} if kind == "CUSTOMER" else None)
    assert "employeeId" not in current


def test_a_valid_delivery_has_the_same_result_in_both_modes() -> None:
    for document in STORED:
        assert tolerant(document) == parse_body(body(document), ContractMode.STRICT)
