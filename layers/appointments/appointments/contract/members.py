"""Reads members of a decoded document that may hold any JSON: each function returns None for what it cannot use."""

from __future__ import annotations

import re
from typing import Any

from appointments.contract import instants


def member(value: Any, *names: str) -> Any:
    """The member at a path of names; None where an object or a member on the way is missing."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text(value: Any) -> str | None:
    """A string unchanged, an integer in decimal: ids come in both forms (docs/contract.md, C3)."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def instant(value: Any) -> str | None:
    """A date-time in any notation of ISO 8601 with an offset, in the fixed width of :func:`.instants.utc`."""
    try:
        return instants.utc_of_any(value)
    except (ValueError, TypeError):
        return None


LOGGABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
"""What looks like an id. Only this is logged: the sender can put anything into the members for ids."""
NOT_LOGGED = "(not logged)"


def loggable(value: str) -> str:
    """The id unchanged if it looks like one, else NOT_LOGGED."""
    return value if LOGGABLE.fullmatch(value) else NOT_LOGGED


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of an array; empty for anything else."""
    return [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []


PERSONS = {"EMPLOYEE": "employee", "CUSTOMER": "customer"}
"""By the type of a participant, the member that holds the person."""


def person(participant: dict[str, Any]) -> Any:
    """The person of a participant; None for an unknown type, whose members may mean anything."""
    kind = participant.get("type")
    return participant.get(PERSONS[kind]) if isinstance(kind, str) and kind in PERSONS else None
