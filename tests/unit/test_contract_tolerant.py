"""Tolerant mode accepts every delivery that can be keyed, ordered and routed, and the code after it takes any JSON.

The contract's own schema and the list of needed members judge what is accepted, not the models.
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
OPEN = {"$.data.eventType", "$.data.appointment.status"}
"""Any text is accepted in these."""


# --- what a release of the vendor's may change

Change = Callable[[st.DrawFn, Any], Any]


def unknown(draw: st.DrawFn, _value: Any) -> str:
    return draw(texts().filter(bool))


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
        if "enum" in place.rules and path != "$.entity":
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


def can_be_stored(document: Any) -> bool:
    """Whether no broken rule concerns a needed member, except an unknown text or another notation of an instant."""
    return all(is_enough(path, document) for path, _ in broken(document) if path in {"$", *NEEDED})


def is_enough(path: str, document: Any) -> bool:
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
    assert parsed.violation_count == len(parsed.violations)
    assert_goes_on(document)


def assert_goes_on(document: Any) -> None:
    """Both items of the table and both forms of the message can be made of it."""
    arrived = received(body(document))
    item, current = items.event_item(arrived), items.current_item(arrived)
    assert "None" not in {*texts_in(item), *texts_in(current)} - {*texts_in(document)}
    assert all(current[name] != {"S": ""} for keys in items.INDEXES.values() for name in keys if name in current)
    for form in EventDetail:
        message = messages.message(item, source="pexip.engage", event_detail=form)
        detail = json.loads(message.detail)
        assert message.detail_type == messages.DETAIL_TYPES.get(document["data"]["eventType"], messages.UNRECOGNIZED)
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
@example(delivery(answers=[{"answer_type": None}]))  # the member's name in Python is an unknown member
@example(delivery(updated_at="2026-03-02T09:00+0000"))
@example(delivery(updated_at="2026-03-02T09:00"))
@given(nearly_deliveries() | changed_by_more())
def test_a_delivery_is_accepted_if_it_can_be_stored_and_else_refused_with_all_that_strict_mode_finds(
    document: Any,
) -> None:
    if can_be_stored(document):
        assert_taken_in(document)
    else:
        assert refused(document, ContractMode.TOLERANT) == refused(document, ContractMode.STRICT) != ()


# --- each place of the contract

STORED = [json.loads(sample.body) for sample in SAMPLES if sample.expected_outcome]
"""Deliveries in which, together, there is every member of the contract."""
OF_TYPE = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}, "null": None}


def is_map(place: Place) -> bool:
    """Whether an empty array stands for an empty object here: an object without variants and required members."""
    variants = any(step.startswith("(") for step in place.below)
    return "object" in place.rules["type"] and not variants and not place.rules.get("required")


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
    reported = set()
    for (_, change), (sent, place) in changes.items():
        document = changed(sent, place, to("NEW" if change is unknown else REMOVED))
        structure = [v for v in tolerant(document).violations if v.kind is Kind.STRUCTURE]
        assert structure == list(refused(document, ContractMode.STRICT))
        assert_goes_on(document)
        reported |= {(re.sub(r"\[\d+]", ".*", v.path), v.rule) for v in refused(document, ContractMode.STRICT)}
    assert reported == {
        (path, rule)
        for path, rule in rules_of_the_contract()
        if path not in ({"$.entity"} if rule == "enum" else NEEDED)
    }


def test_a_wrong_type_is_reported_at_each_place_and_refused_only_where_the_member_is_needed() -> None:
    places = {member_at(at): (at, place, sent) for sent in STORED for at, place in visited(TREE, sent) if at}
    for location, place, sent in places.values():
        types = place.rules["type"] | ({"integer"} if "number" in place.rules["type"] else set())
        for wrong in (value for kind, value in OF_TYPE.items() if kind not in types):
            document = changed(sent, location, to(wrong))
            if json_path(location) in NEEDED:
                assert refused(document, ContractMode.TOLERANT) == refused(document, ContractMode.STRICT) != ()
            elif wrong == [] and is_map(place):
                assert refused(document, ContractMode.STRICT) == ()
            else:
                assert (json_path(location), "type") in pairs(tolerant(document).violations)
                if wrong == {}:  # any wrong type is as good for what follows
                    assert_goes_on(document)


def test_the_least_that_is_needed_is_taken_in() -> None:
    appointment = {"id": "a-1", "updatedAt": "2026-03-02T09:00:00Z", "status": "WAITING"}
    assert_taken_in({"id": "e-1", "entity": "Appointment", "data": {"eventType": "CREATE", "appointment": appointment}})


@pytest.mark.parametrize("path", sorted(NEEDED))
def test_without_something_needed_it_is_refused_and_all_that_is_missing_told(path: str) -> None:
    document = changed(delivery(), tuple(path.removeprefix("$.").split(".")), to(REMOVED))
    del document["version"]
    assert pairs(refused(document, ContractMode.TOLERANT)) == {("$.version", "required"), (path, "required")}


@pytest.mark.parametrize("event_type", ["DELETE", "create", "x" * 5000])
def test_an_unknown_event_type_has_a_detail_type_for_it(event_type: str) -> None:
    document = delivery(event_type=event_type, status="WAITING")
    assert_taken_in(document)
    message = messages.message(items.event_item(received(body(document))), source="pexip.engage")
    assert message.detail_type == "AppointmentUnrecognized"
    assert json.loads(message.detail)["metadata"]["eventType"] == event_type


@pytest.mark.parametrize("member", ["event_type", "status"])
@pytest.mark.parametrize("value", ["", None, 3, ["CREATE"], {}])
def test_an_event_type_or_a_status_that_is_no_text_is_refused(member: str, value: Any) -> None:
    assert refused(delivery(**{member: value}), ContractMode.TOLERANT) != ()


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
    assert refused(delivery(updated_at=text), ContractMode.STRICT) != ()


@pytest.mark.parametrize("text", ["2026-03-02T09:00:00", "2026-03-02", "0000-00-00 00:00:00", "now", "1772442000", ""])
def test_a_text_that_is_no_instant_is_refused(text: str) -> None:
    found = refused(delivery(updated_at=text), ContractMode.TOLERANT)
    assert pairs(found) == {("$.data.appointment.updatedAt", "format")}


@pytest.mark.parametrize("mode", ContractMode)
def test_an_empty_array_stands_for_an_empty_map_without_required_members(mode: ContractMode) -> None:
    office = {"id": "o-1", "translations": [], "location": {"geolocation": [], "translations": []}}
    document = delivery(office=office, location=[], metadata=[], previous={"status": "ACCEPTED", "office": []})
    assert refused(document, mode) == ()
    assert tolerant(document).violations == ()
    assert_goes_on(document)
    assert pairs(refused(delivery(office=[]), ContractMode.STRICT)) == {("$.data.appointment.office", "type")}


@pytest.mark.parametrize("mode", ContractMode)
def test_the_vendors_other_webhook_entity_is_refused_by_name(mode: ContractMode) -> None:
    contents: list[Any] = [{}, delivery()["data"], None]
    for data in contents:
        with pytest.raises(CallbackRequestError, match="Callback Request"):
            parse_body(body({**delivery(), "entity": "Callback Request", "data": data}), mode)


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
    arrived = received(body(document))
    current = items.current_item(arrived)
    assert current.get("customerId") == ({"S": "7"} if kind == "CUSTOMER" else None)
    assert "employeeId" not in current


def test_a_sound_delivery_is_the_same_in_both_modes() -> None:
    for document in STORED:
        assert tolerant(document) == parse_body(body(document), ContractMode.STRICT)
