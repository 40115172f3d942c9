"""Which members of an appointment differ from previousAppointment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from appointments.contract.members import instant, member, objects, text


def changes(appointment: dict[str, Any], previous: Any) -> list[str]:
    """Return the names of the members that differ; [] without previousAppointment.

    A member that previousAppointment leaves out is no evidence of a change; null is a value.
    """
    if not isinstance(previous, dict):
        return []
    return [name for name in CHANGES if name in previous and _is_changed(name, appointment, previous)]


def _is_changed(name: str, appointment: dict[str, Any], previous: dict[str, Any]) -> bool:
    value, before = appointment.get(name), previous[name]
    return value != before and _COMPARISONS[name](value, before)


def _differ(_value: Any, _previous: Any) -> bool:
    """Compare the JSON values: other notations differ."""
    return True


def _differ_as_instants(value: Any, previous: Any) -> bool:
    return (instant(value) or value) != (instant(previous) or previous)


def _differ_by_id(value: Any, previous: Any) -> bool:
    """Ids compare as text: the sender writes a lead segment's id as 42 and as "42" (docs/contract.md, C3)."""
    if previous == [] or (isinstance(previous, dict) and "id" not in previous):  # [] is an empty map (C7)
        return False
    return text(member(value, "id")) != text(member(previous, "id"))


def _differ_where_known(value: Any, previous: Any) -> bool:
    """Compare the members that the previous object has, at every level."""
    value, previous = ({} if each == [] else each for each in (value, previous))  # an empty map (C7)
    if not isinstance(value, dict) or not isinstance(previous, dict):
        return bool(value != previous)
    return any(_differ_where_known(value.get(name), previous[name]) for name in previous)


def _differ_as_people(value: Any, previous: Any) -> bool:
    """Compare type, role and id of the participants, without those of the three that a previous participant lacks."""
    before, now = objects(previous), objects(value)
    known = [name for name, read in _PERSON.items() if all(read(participant) is not None for participant in before)]
    return sorted(_described(each, known) for each in before) != sorted(_described(each, known) for each in now)


def _described(participant: dict[str, Any], names: list[str]) -> tuple[str, ...]:
    return tuple(_PERSON[name](participant) or "" for name in names)


def _person_id(participant: dict[str, Any]) -> str | None:
    """The id under the participant's type, else under either name: previousAppointment can leave the type out."""
    names = ("customer", "employee") if participant.get("type") == "CUSTOMER" else ("employee", "customer")
    person = next((participant[name] for name in names if isinstance(participant.get(name), dict)), None)
    return text(member(person, "id"))


_PERSON: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "type": lambda participant: text(participant.get("type")),
    "role": lambda participant: text(participant.get("role")),
    "id": _person_id,
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "status": _differ,
    "start": _differ_as_instants,
    "end": _differ_as_instants,
    "office": _differ_by_id,
    "subject": _differ_by_id,
    "participants": _differ_as_people,
    "location": _differ_where_known,
    "listing": _differ_by_id,
    "leadSegment": _differ_by_id,
    "externalId": _differ,
    "meetingType": _differ,  # the sender's previousAppointment has none; the state that a repair replaced has
}
CHANGES = tuple(_COMPARISONS)
"""The names that ``changes`` can contain; part of the contract with subscribers."""
