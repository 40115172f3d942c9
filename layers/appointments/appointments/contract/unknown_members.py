"""Finds the members of a document that the contract does not know: how a new release of the sender shows first.

The contract accepts such members at every level (C5). Maps, whose names the customer chooses, have no known names and
are not searched, and neither is the inside of an unknown member.
"""

from __future__ import annotations

import re
from typing import Any

from appointments.contract.member_names import MEMBERS, ROOT
from appointments.contract.members import NOT_LOGGED

NAME = re.compile(r"(?=.{1,40}$)[A-Za-z_]+(?:[0-9]{1,3}[A-Za-z_]*)?")
"""A short name of letters with at most one number, such as ``office365CalendarUrl``. Any other text could be personal
data, a number or a token, and is not written."""
MOST = 100
"""At most this many paths of one document are listed."""


def unknown_members(document: Any) -> tuple[str, ...]:
    """Return the distinct paths, such as ``$.data.appointment.participants[*].nickname``. No path contains a value."""
    found: dict[str, None] = {}
    _search(document, ROOT, "$", found)
    return tuple(found)


def _search(value: Any, model: str, path: str, found: dict[str, None]) -> None:
    if isinstance(value, list):
        for element in value:
            _search(element, model, path + "[*]", found)
    elif isinstance(value, dict):
        known = MEMBERS[model]
        for name, member in value.items():
            if name not in known:
                if len(found) < MOST:
                    found[f"{path}.{name if NAME.fullmatch(name) else NOT_LOGGED}"] = None
            elif inside := known[name]:
                _search(member, inside, f"{path}.{name}", found)
