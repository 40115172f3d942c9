"""``detail.routing``: flat members for the patterns of rules, alike in a full message and in a reference.

Each member is always there. A text is null, and a list empty, where the sender's member is missing, of another type,
empty or too long: a pattern with ``exists`` matches null, but not an empty list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from appointments.contract.members import PERSONS, instant, member, objects, text
from appointments.publishing.references import REFERENCE_PARTICIPANTS, bounded
from appointments.storage.items import primary_id

LIST_BYTES = 16 * 1024
"""The ids of a list have at most this many bytes of JSON together, so that a reference always fits the bus."""


def routing(appointment: dict[str, Any], previous: Any) -> dict[str, Any]:
    """Return the block, in the order in which it is published.

    Both arguments are decoded JSON that may break the contract. Ids are texts, instants are in the fixed width of
    :func:`.instants.utc`. What ``previous`` leaves out is null and no change.
    """
    before = previous if isinstance(previous, dict) else {}
    people, people_before = objects(appointment.get("participants")), _typed(before)
    added, removed = _reassigned(appointment, before)
    return {
        "status": _name(appointment, "status"),
        "previousStatus": _name(before, "status"),
        "start": instant(appointment.get("start")),
        "end": instant(appointment.get("end")),
        "officeId": _id(appointment, "office"),
        "previousOfficeId": _id(before, "office"),
        "subjectId": _id(appointment, "subject"),
        "listingId": _id(appointment, "listing"),
        "leadSegmentId": _id(appointment, "leadSegment"),
        "employeeId": _short(primary_id(people, "EMPLOYEE")),
        "previousEmployeeId": _short(primary_id(people_before, "EMPLOYEE")),
        "employeesAdded": added,
        "employeesRemoved": removed,
        "customerId": _short(primary_id(people, "CUSTOMER")),
        "meetingType": _name(appointment, "meetingType"),
        "createdFrom": _name(appointment, "createdFrom"),
        "createdByType": _name(appointment, "createdByType"),
        "updatedFrom": _name(appointment, "updatedFrom"),
        "updatedByType": _name(appointment, "updatedByType"),
    }


def _name(appointment: dict[str, Any], name: str) -> str | None:
    value = appointment.get(name)
    return _short(value) if isinstance(value, str) else None


def _id(appointment: dict[str, Any], name: str) -> str | None:
    return _short(text(member(appointment, name, "id")))


def _short(value: str | None) -> str | None:
    """The text; None for an empty one and for one that is too long for a reference."""
    return bounded(value) if value else None


def _reassigned(appointment: dict[str, Any], before: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The employees that are new, and those that are gone; none where the other side can have unnamed ones."""
    if "participants" not in before:
        return [], []
    now, all_now = _employees(appointment)
    then, all_then = _employees(before)
    added = [identity for identity in now if identity not in then] if all_then else []
    removed = [identity for identity in then if identity not in now] if all_now else []
    return _short_list(added), _short_list(removed)


def _employees(appointment: dict[str, Any]) -> tuple[dict[str, None], bool]:
    """The ids of the employees in their order, and whether these are all of them. Null is nobody, as in ``changes``."""
    participants = appointment.get("participants", "missing")
    if participants is None:
        return {}, True
    people = _typed(appointment)
    ids = [text(member(each.get("employee"), "id")) for each in people if each["type"] in ("EMPLOYEE", None)]
    complete = isinstance(participants, list) and len(people) == len(participants) and all(ids)
    return {identity: None for identity in ids if identity}, complete


def _typed(appointment: dict[str, Any]) -> list[dict[str, Any]]:
    """The participants with a type. previousAppointment can leave it out: then the member of the person tells it."""
    people = objects(appointment.get("participants"))
    return [each if _has_type(each) else each | {"type": _kind(each)} for each in people]


def _has_type(participant: dict[str, Any]) -> bool:
    kind = participant.get("type")
    return isinstance(kind, str) and kind != ""


def _kind(participant: dict[str, Any]) -> str | None:
    return next((kind for kind, name in PERSONS.items() if isinstance(participant.get(name), dict)), None)


def _short_list(ids: Iterable[str]) -> list[str]:
    """At most as many ids as a reference has participants, of at most LIST_BYTES."""
    found: list[str] = []
    room = LIST_BYTES
    for identity in filter(_short, ids):
        room -= len(json.dumps(identity)) + 1
        if room < 0 or len(found) == REFERENCE_PARTICIPANTS:
            break
        found.append(identity)
    return found
