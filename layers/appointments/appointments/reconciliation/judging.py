"""Judges one appointment: what the API says of it against what the table has of it.

A current item does not tell everything. It leaves out a text of more than 1,024 bytes, names at most 20 participants,
and a repair writes ``updatedAt`` in whole seconds. What is unknown is no difference.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from appointments.contract import instants
from appointments.contract.members import PERSONS, member, text
from appointments.reconciliation.engage_appointment import EngageAppointment
from appointments.storage import items
from appointments.storage.items import Item

IN_FLIGHT_SECONDS = 900
"""A change that is younger is not judged: the sender's attempts, the backlog and this system's own work take time."""
SECOND, MILLISECOND = 1_000_000_000, 1_000_000
"""In nanoseconds. Two instants of one version differ by less than a second if one has no fraction, else by less than a
millisecond: the API shows milliseconds, and a webhook may show whole seconds or microseconds."""


class Kind(StrEnum):
    """What a comparison finds."""

    SAME = "same"
    MISSING = "missing"
    """The API has the appointment, the table does not."""
    BEHIND = "behind"
    """The API is newer, and something that both tell differs."""
    DIFFERS = "differs"
    """Both have the same instant, and something differs."""
    TOUCHED = "touched"
    """The API is newer, and nothing that both tell differs."""
    AHEAD = "ahead"
    """The table is newer."""
    GONE = "gone"
    """The table has the appointment, the API does not."""
    IN_FLIGHT = "in-flight"
    """The last change is younger than IN_FLIGHT_SECONDS."""


MISSED = frozenset({Kind.MISSING, Kind.BEHIND, Kind.DIFFERS})
"""What should not be: a delivery never arrived, or arrived with other content."""


class Verdict(NamedTuple):
    """The judgement of one appointment.

    ``differing`` has names of DIFFERING. ``appointment`` is that of the API, ``stored`` the current item; one of them
    can be None. ``updated_at`` and ``stored_at`` are their instants in the form of :func:`.instants.utc`.
    """

    appointment_id: str
    kind: Kind
    differing: tuple[str, ...]
    appointment: EngageAppointment | None
    stored: Item | None

    @property
    def updated_at(self) -> str | None:
        return None if self.appointment is None else instants.utc(self.appointment.document["updatedAt"])

    @property
    def stored_at(self) -> str | None:
        return None if self.stored is None else _text(self.stored, "updatedAt")


def judge(appointment_id: str, appointment: EngageAppointment | None, stored: Item | None, now: str) -> Verdict:
    """Compare an appointment of the API with the current item. At least one of them is not None.

    ``now`` is an instant in the form of :func:`.instants.utc`.
    """
    differing: tuple[str, ...] = ()
    if appointment is None:
        changes = [_text(stored or {}, name) for name in ("updatedAt", "receivedAt")]
        kind = Kind.IN_FLIGHT if any(_is_young(each, now) for each in changes if each) else Kind.GONE
    elif _is_young(instants.utc(appointment.document["updatedAt"]), now):
        kind = Kind.IN_FLIGHT
    elif stored is None:
        kind = Kind.MISSING
    else:
        differing = tuple(name for name, differs in DIFFERING.items() if differs(appointment.document, stored))
        kind = _compared(appointment.document, stored, bool(differing))
        differing = differing if kind in MISSED else ()
    return Verdict(appointment_id, kind, differing, appointment, stored)


def _compared(document: dict[str, Any], stored: Item, differs: bool) -> Kind:
    both = (instants.utc(document["updatedAt"]), _text(stored, "updatedAt") or "")
    tolerance = SECOND if any(int(each[20:29] or 0) == 0 for each in both) else MILLISECOND
    ahead = _nanoseconds(both[0]) - _nanoseconds(both[1])
    if abs(ahead) < tolerance:
        return Kind.DIFFERS if differs else Kind.SAME
    if ahead < 0:
        return Kind.AHEAD
    return Kind.BEHIND if differs else Kind.TOUCHED


def _is_young(instant: str, now: str) -> bool:
    return abs(_nanoseconds(now) - _nanoseconds(instant)) < IN_FLIGHT_SECONDS * SECOND


_BEGIN = datetime.min.replace(tzinfo=UTC)


def _nanoseconds(instant: str) -> int:
    """The nanoseconds of an instant in the form of :func:`.instants.utc`; 0 for what is none."""
    try:
        since = datetime.fromisoformat(f"{instant[:19]}Z") - _BEGIN
    except ValueError:
        return 0
    return since // timedelta(seconds=1) * SECOND + int(instant[20:29])


def _text(stored: Item, name: str) -> str | None:
    value: str | None = stored.get(name, {}).get("S")
    return value


def _known(value: str | None) -> str | None:
    """The text as an item would hold it."""
    return value if value and len(value.encode()) <= items.TEXT_BYTES else None


def _differs_if_both(name: str) -> Callable[[dict[str, Any], Item], bool]:
    """Compare a text that every appointment has: without it, one of the two does not tell."""

    def differs(document: dict[str, Any], stored: Item) -> bool:
        value, before = _known(text(document[name])), _text(stored, name)
        return value is not None and before is not None and value != before

    return differs


def _differs_as_second(name: str) -> Callable[[dict[str, Any], Item], bool]:
    def differs(document: dict[str, Any], stored: Item) -> bool:
        value = document[name] and f"{instants.utc(document[name])[:19]}Z"
        return bool(value != _text(stored, name))

    return differs


def _differs_as_id(name: str) -> Callable[[dict[str, Any], Item], bool]:
    def differs(document: dict[str, Any], stored: Item) -> bool:
        value = text(member(document, name, "id"))
        return _known(value) != _text(stored, f"{name}Id")  # a text that is too long is None in both

    return differs


def _differ_as_people(document: dict[str, Any], stored: Item) -> bool:
    """Whether a participant differs by type, role or id.

    The item has the first 20 of the participants and the number of all. Each that it has must be one of the API's; a
    part that one of the two does not tell fits any other.
    """
    if "participants" not in stored:
        return False
    people = [_described(each) for each in document["appointmentParticipants"]]
    before = [tuple(_text(each["M"], name) for name in ("type", "role", "id")) for each in stored["participants"]["L"]]
    if int(stored.get("participantCount", {"N": len(before)})["N"]) != len(people):
        return True
    for person in [each for each in before if each in people]:
        if person in people:
            people.remove(person)
            before.remove(person)
    return not all(_takes_one(person, people) for person in sorted(before, key=lambda each: each.count(None)))


def _described(participant: dict[str, Any]) -> tuple[str | None, ...]:
    id_ = text(member(participant, "participant", "id")) if participant["type"] in PERSONS else None
    return (_known(participant["type"]), _known(participant["role"]), _known(id_))


def _takes_one(person: tuple[str | None, ...], people: list[tuple[str | None, ...]]) -> bool:
    """Remove one of the people that the person may be. Return whether there is one."""
    for other in people:
        if all(one is None or two is None or one == two for one, two in zip(person, other, strict=True)):
            people.remove(other)
            return True
    return False


DIFFERING: dict[str, Callable[[dict[str, Any], Item], bool]] = {
    "status": _differs_if_both("status"),
    "start": _differs_as_second("start"),
    "end": _differs_as_second("end"),
    "meetingType": _differs_if_both("meetingType"),
    "office": _differs_as_id("office"),
    "subject": _differs_as_id("subject"),
    "participants": _differ_as_people,
}
"""The members that are compared, by their names in the webhook."""
