"""The reference form of an appointment: ids, status and times, without personal data and capability URLs.

Its size is bounded for every delivery, because it replaces a message that is too large for the bus.
"""

from __future__ import annotations

import json
from typing import Any

from appointments.contract.members import PERSONS, member, objects

REFERENCE_PARTICIPANTS = 100
"""A reference lists at most this many participants."""
REFERENCE_BYTES = 1024
"""A value of more JSON text than this is null in a reference."""

_CHARACTER_BYTES = 12
"""One character is at most this many bytes of JSON in ASCII: two escaped surrogates."""
_MEMBERS = ("id", "status", "start", "end", "updatedAt")
_OBJECTS = ("office", "subject", "listing", "leadSegment")


def reference(appointment: dict[str, Any]) -> dict[str, Any]:
    """Return ids, status and times of an appointment or a previousAppointment, under their names."""
    members: dict[str, Any] = {name: bounded(appointment[name]) for name in _MEMBERS if name in appointment}
    for name in _OBJECTS:
        if isinstance(appointment.get(name), dict) and appointment[name]:
            members[name] = _only_id(appointment[name])
    members["participants"] = [
        {name: bounded(participant[name]) for name in ("type", "role") if name in participant}
        | {name: _only_id(participant[name]) for name in PERSONS.values() if isinstance(participant.get(name), dict)}
        for participant in objects(appointment.get("participants"))[:REFERENCE_PARTICIPANTS]
    ]
    return members


def bounded(value: Any) -> Any:
    """Return a JSON value, or None if its text is too long for a reference."""
    if isinstance(value, str) and len(value) * _CHARACTER_BYTES < REFERENCE_BYTES - 1:  # spares the encoding
        return value
    return value if len(json.dumps(value)) <= REFERENCE_BYTES else None


def _only_id(value: dict[str, Any]) -> dict[str, Any]:
    identity = member(value, "id")
    return {"id": bounded(identity) if isinstance(identity, int | str) else None}
