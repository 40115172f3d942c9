"""Hides what may be personal: names, addresses, phones, free text, tokens and URLs. Ids, enums and times are shown.

A member is shown only if its name and its value are known to be harmless, so a new member of the sender is masked.
"""

from __future__ import annotations

import re
from typing import Any

MASK = "***"
ENUMS = frozenset(
    {
        "answerType",
        "availableRoles",
        "createdByType",
        "createdFrom",
        "eventType",
        "meetingType",
        "role",
        "status",
        "type",
        "updatedByType",
        "updatedFrom",
    }
)
TIMES = frozenset({"start", "end", "createdAt", "updatedAt", "deletedAt"})
MAPS = frozenset({"metadata", "callbackRequest"})
"""Objects whose member names are the customer's own."""
NUMBERS = frozenset({"order", "trailingBufferTime"})
_ENUM = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ Tt][0-9:.,]{4,}([Zz]|[+-][0-9:]{2,6})?")
_ZONE = re.compile(r"[A-Za-z_]{1,20}(/[A-Za-z_+-]{1,20}){0,2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2}")


def masked(value: Any, name: str = "") -> Any:
    """Return any JSON value with MASK in place of what may be personal. ``name`` is the member that holds it."""
    if name in MAPS and value:
        return MASK
    if isinstance(value, dict):
        return {key: masked(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [masked(element, name) for element in value]
    return value if is_harmless(name, value) else MASK


def is_harmless(name: str, value: Any) -> bool:
    """Whether the value of a member that is no object and no array can be shown."""
    if value is None or isinstance(value, bool):
        return True
    if name in ("id", "externalId") or name.endswith("Id"):
        return True
    if not isinstance(value, str):
        return name in NUMBERS
    patterns = ((ENUMS, _ENUM), (TIMES, _TIME), ({"timeZone"}, _ZONE), ({"language"}, _LANGUAGE))
    return any(name in names and pattern.fullmatch(value) for names, pattern in patterns)
