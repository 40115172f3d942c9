"""The check of the errors that the functions wrote into their logs: an alarm says that something fails, a line why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from appointments_cli.moments import ago
from appointments_cli.status.facts import INFO, OK, WRONG, Fact, Look

SERVICES = ("webhook", "backlog", "publisher")
LOOKED_AT = timedelta(minutes=15)
RECENT = timedelta(minutes=5)
"""An error that came less than this long ago is still there."""
LINES = 2000
"""The status reads at most this many lines of each function."""
SHOWN = 5


class Kind(NamedTuple):
    """Errors that differ in their times alone."""

    service: str
    message: str
    error: str


def recent(look: Look) -> Iterator[Fact]:
    found: dict[Kind, list[str]] = {}
    for kind, at in _errors(look):
        found.setdefault(kind, []).append(at)
    if not found:
        yield Fact(OK, "errors in the logs", "none in 15 min")
        return
    for kind, times in sorted(found.items(), key=lambda each: max(each[1]), reverse=True)[:SHOWN]:
        last = max(times)
        state = WRONG if look.now - datetime.fromisoformat(last) < RECENT else INFO
        problem = f"{len(times)} in 15 min, the last one {ago(last, look.now)} ago"
        yield Fact(state, f"errors of the {kind.service}", f"{problem}: {kind.message}, {kind.error}")


def _errors(look: Look) -> Iterator[tuple[Kind, str]]:
    from appointments.contract.instants import utc
    from appointments_cli.options import Window
    from appointments_cli.reading.loglines import GROUPS, messages

    window = Window(utc((look.now - LOOKED_AT).isoformat()))
    for service in SERVICES:
        for _, at, text in islice(messages(look.target, GROUPS[service], window, '"error"'), LINES):
            kind = _kind(service, text)
            if kind is not None:
                yield kind, at


def _kind(service: str, text: str) -> Kind | None:
    """Return what a line of Powertools says of an error; None for any other line."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    if not isinstance(line, dict) or line.get("level") not in ("ERROR", "WARNING") or "error" not in line:
        return None
    return Kind(service, str(line.get("message", "")), str(line["error"]))
