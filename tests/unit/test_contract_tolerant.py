"""Tolerant mode takes in exactly what lacks nothing needed and has nothing of a wrong type, and all that follows holds.

What may be tolerated is judged by the contract's own schema and by the list of what is needed, not by the models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial, reduce
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appointments.contract.mode import ContractMode
from appointments.contract.parsing import Parsed, parse_body
from appointments.contract.violations import Kind, Violation, json_path
from appointments.errors import ContractError
from appointments.publishing import messages
from appointments.publishing.messages import EventDetail
from appointments.storage import items
from samples.story import SAMPLES
from tests.builders import body, delivery, received
from tests.unit.test_contract_schema import (
    JSON,
    KEYS,
    LIMITS,
    MARK,
    PLACES,
    REMOVED,
    TREE,
    Location,
    Place,
    _pairs,
    broken,
    changed,
    deliveries_beyond_limits,
    disguised,
    grown,
    location_of,
    locations,
    nearly_deliveries,
    removed,
    replaced,
    texts,
    thorough,
    with_more,
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
CLOSED = {"$.entity", "$.data.eventType"}
"""Of these an unknown value is as bad as none: there is no detail-type for it."""


# --- what a release of the vendor's may change

Change = Callable[[st.DrawFn, Any], Any]


def unknown(draw: st.DrawFn, _value: Any) -> str:
    return draw(texts())


def visited(place: Place, value: Any, location: Location = ()) -> Iterator[tuple[Location, Place]]:
    """Each place that a delivery has something at; what is inside comes first."""
    below = dict(_pairs(value))
    for step, next_place in place.below.items():
        if step[0] == "(" and step[1:-1] in (below.get("status"), below.get("type")):
            yield from visited(next_place, value, location)
        for key in below if step == "[]" else below.keys() & {step[1:]}:
            yield from visited(next_place, below[key], (*location, key))
    yield location, place


def tolerable(document: Any) -> Iterator[tuple[Location, Change]]:
    """Where in a delivery something can change in tolerant mode, and how."""
    for location, place in visited(TREE, document):
        path = json_path(location)
        if "enum" in place.rules and path not in CLOSED:
            yield location, unknown
        if location and isinstance(location[-1], str) and path not in NEEDED:
            yield location, removed


DEMANDING = [route for route, place in PLACES.items() if place.rules.keys() & {"enum", "required"}]


@st.composite
def changed_by_a_release(draw: st.DrawFn) -> Any:
    """A delivery with unknown values and without members, any set of them, in a place of each kind alike."""
    route = draw(st.sampled_from(DEMANDING))
    document = grown(draw, TREE, route) if draw(st.booleans()) else draw(deliveries_beyond_limits())
    possible = list(dict.fromkeys(tolerable(document)))
    aimed_at = [change for change in possible if change[0][: len(location_of(route))] == location_of(route)]
    chosen = {draw(st.sampled_from(aimed_at or possible)), *draw(st.lists(st.sampled_from(possible), max_size=8))}
    for location, change in dict(sorted(chosen, key=possible.index)).items():
        document = changed(document, location, partial(change, draw))
    return document


@st.composite
def changed_by_more(draw: st.DrawFn) -> Any:
    """The same with one change of any kind anywhere."""
    document = draw(changed_by_a_release())
    location = draw(st.sampled_from(list(locations(document))[1:]))
    return changed(document, location, partial(draw(st.sampled_from([replaced, removed, disguised, with_more])), draw))


# --- the judge


def may_be_tolerated(document: Any, path: str, rule: str) -> bool:
    if rule in LIMITS and (path, rule) not in KEYS:
        return True
    if rule == "required":
        return path not in NEEDED
    return rule == "enum" and path not in CLOSED and isinstance(value_at(document, path), str)


def value_at(document: Any, path: str) -> Any:
    steps = re.findall(r"\.(\w+)|\[(\d+)\]", path)
    return reduce(lambda value, step: value[step[0] or int(step[1])], steps, document)


def tolerant(document: Any) -> Parsed:
    return parse_body(body(document), ContractMode.TOLERANT)


def refused(document: Any, mode: ContractMode) -> tuple[Violation, ...]:
    """What a document is refused for, () if it is not."""
    try:
        parse_body(body(document), mode)
    except ContractError as error:
        return error.violations
    return ()


def pairs(violations: tuple[Violation, ...]) -> set[tuple[str, str]]:
    return {(violation.path, violation.rule) for violation in violations}


def assert_taken_in(document: Any) -> None:
    """Unchanged, with what strict mode refuses it for and then every broken limit; and what follows works with it."""
    parsed = tolerant(document)
    structure = tuple(violation for violation in parsed.violations if violation.kind is Kind.STRUCTURE)
    assert structure == refused(document, ContractMode.STRICT)
    assert pairs(parsed.violations) == broken(document)
    assert len(pairs(parsed.violations)) == len(parsed.violations)
    assert MARK not in str(parsed.violations)
    assert parsed.document == document
    assert_goes_on(document)


def assert_goes_on(document: Any) -> None:
    """Into the table's two items and both forms of the message."""
    arrived = received(body(document), ContractMode.TOLERANT)
    item, current = items.event_item(arrived), items.current_item(arrived)
    assert "None" not in {*texts_in(item), *texts_in(current)}
    assert all(current[name] != {"S": ""} for keys in items.INDEXES.values() for name in keys if name in current)
    for form in EventDetail:
        detail = json.loads(messages.message(item, source="pexip.engage", event_detail=form).detail)
        assert detail["metadata"]["violations"] == [violation.as_dict() for violation in arrived.violations]
        if form is EventDetail.FULL:
            assert detail["data"]["appointment"] == document["data"]["appointment"]
            assert detail["data"]["previousAppointment"] == document["data"].get("previousAppointment")


def texts_in(value: Any) -> Iterator[str]:
    for _, below in _pairs(value):
        yield from texts_in(below)
    if isinstance(value, str):
        yield value


# --- any delivery


@thorough(300)
@given(changed_by_a_release())
def test_unknown_values_and_missing_secondary_members_are_reported_and_taken_in(document: Any) -> None:
    assert_taken_in(document)


@thorough(300)
@example(delivery(answers=[{"answer_type": None}]))  # what the member is called in Python is not what it is called
@given(nearly_deliveries() | changed_by_more())
def test_whatever_else_is_wrong_is_refused_with_all_that_strict_mode_says(document: Any) -> None:
    if all(may_be_tolerated(document, path, rule) for path, rule in broken(document)):
        assert_taken_in(document)
    else:
        assert refused(document, ContractMode.TOLERANT) == refused(document, ContractMode.STRICT) != ()


# --- each place of the contract

STORED = [json.loads(sample.body) for sample in SAMPLES if sample.expected_outcome]
"""Deliveries in which, together, there is every member of the contract."""
OF_TYPE = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}, "null": None}


def to(value: Any) -> Callable[[Any], Any]:
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


def test_each_unknown_value_and_each_missing_secondary_member_is_taken_in() -> None:
    changes = {(member_at(place), change): (sent, place) for sent in STORED for place, change in tolerable(sent)}
    told = set()
    for (_, change), (sent, place) in changes.items():
        document = changed(sent, place, to("NEW" if change is unknown else REMOVED))
        assert_taken_in(document)
        told |= {(re.sub(r"\[\d+]", ".*", v.path), v.rule) for v in refused(document, ContractMode.STRICT)}
    assert told == {
        (path, rule) for path, rule in rules_of_the_contract() if path not in (CLOSED if rule == "enum" else NEEDED)
    }


def test_a_wrong_type_is_refused_at_each_place_and_told_beside_what_could_be_tolerated() -> None:
    places = {member_at(at): (at, place, sent) for sent in STORED for at, place in visited(TREE, sent) if at}
    for location, place, sent in places.values():
        types = place.rules["type"] | ({"integer"} if "number" in place.rules["type"] else set())
        for wrong in (value for kind, value in OF_TYPE.items() if kind not in types):
            missing = "version" if location != ("version",) else "correlationId"
            document = changed(changed(sent, location, to(wrong)), (missing,), to(REMOVED))
            found = refused(document, ContractMode.TOLERANT)
            assert found == refused(document, ContractMode.STRICT)
            assert pairs(found) > {(f"$.{missing}", "required")}


def test_the_least_that_is_needed_is_taken_in() -> None:
    appointment = {"id": "a-1", "updatedAt": "2026-03-02T09:00:00Z", "status": "WAITING"}
    assert_taken_in({"id": "e-1", "entity": "Appointment", "data": {"eventType": "CREATE", "appointment": appointment}})


@pytest.mark.parametrize("path", sorted(NEEDED))
def test_without_something_needed_it_is_refused_and_all_that_is_missing_told(path: str) -> None:
    document = changed(delivery(), tuple(path.removeprefix("$.").split(".")), to(REMOVED))
    del document["version"]
    assert pairs(refused(document, ContractMode.TOLERANT)) == {("$.version", "required"), (path, "required")}


@pytest.mark.parametrize("event_type", ["DELETE", "create", ""])
def test_an_event_type_that_has_no_detail_type_is_refused(event_type: str) -> None:
    document = delivery(event_type=event_type, status="WAITING")
    assert pairs(refused(document, ContractMode.TOLERANT)) == {
        ("$.data.eventType", "enum"),
        ("$.data.appointment.status", "enum"),
    }


@thorough(100)
@given(JSON, JSON, st.sampled_from(["ROBOT", "CUSTOMER", None]))
def test_whoever_an_unknown_participant_is_what_follows_works(employee: Any, customer: Any, kind: str | None) -> None:
    """No rule of the contract holds for the person in it, nor for one under the name of the other type."""
    strange = {"role": "PRIMARY", "employee": employee, "customer": customer, "": customer, "type": kind}
    if kind is None:
        del strange["type"]
    if kind == "CUSTOMER":
        strange["customer"] = {"id": 7}
    previous = {"status": "LOST", "participants": [{"type": "ROBOT", "employee": {"id": 7}}]}
    document = delivery(participants=[strange, strange], previous=previous)
    assert_taken_in(document)
    arrived = received(body(document), ContractMode.TOLERANT)
    current = items.current_item(arrived)
    assert current.get("customerId") == ({"S": "7"} if kind == "CUSTOMER" else None)
    assert "employeeId" not in current


def test_a_sound_delivery_is_the_same_in_both_modes() -> None:
    for document in STORED:
        assert tolerant(document) == parse_body(body(document))
