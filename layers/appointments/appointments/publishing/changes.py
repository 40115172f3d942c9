"""Which members of an appointment differ from previousAppointment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from appointments.contract.members import instant, member, objects, text


def changes(appointment: dict[str, Any], previous: Any) -> list[str]:
    """Return the names of the members that differ, with an absent member as null; [] without previousAppointment."""
    if not isinstance(previous, dict):
        return []
    return [name for name, view in _VIEWS.items() if _differ(appointment.get(name), previous.get(name), view)]


def _differ(value: Any, previous: Any, view: Callable[[Any], Any]) -> bool:
    """Most members are equal as they are written; only others need the view of what they mean."""
    return value != previous and bool(view(value) != view(previous))


def _as_written(value: Any) -> Any:
    return value


def _instant(value: Any) -> Any:
    return instant(value) or value


def _identity(value: Any) -> Any:
    """Ids compare as text: the sender writes a lead segment's id as 42 and as "42" (mapping.md, C3)."""
    return text(member(value, "id"))


def _people(value: Any) -> list[tuple[str, str, str]]:
    return sorted(
        (text(p.get("type")) or "", text(p.get("role")) or "", _identity(_person(p)) or "") for p in objects(value)
    )


def _person(participant: dict[str, Any]) -> Any:
    """The person under the participant's type, else under either name: previousAppointment can leave the type out."""
    names = ("customer", "employee") if participant.get("type") == "CUSTOMER" else ("employee", "customer")
    return next((participant[name] for name in names if isinstance(participant.get(name), dict)), None)


_VIEWS: dict[str, Callable[[Any], Any]] = {
    "status": _as_written,
    "start": _instant,
    "end": _instant,
    "office": _identity,
    "subject": _identity,
    "participants": _people,
    "location": _as_written,
    "listing": _identity,
    "leadSegment": _identity,
    "externalId": _as_written,
}
CHANGES = tuple(_VIEWS)
"""The names that ``changes`` can contain; part of the contract with subscribers."""
