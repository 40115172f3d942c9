"""One short line for a person, made from a log line of a function."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from local.function_logs import decoded

NAMES = {
    "WebhookFunction": "webhook",
    "BacklogFunction": "backlog",
    "PublisherFunction": "publisher",
    "ReconcileFunction": "reconcile",
}


def short_lines(function: str, line: str) -> list[str]:
    """Return what to show of a log line: a line for a delivery, a message or a warning; any other line unchanged."""
    members = decoded(line)
    if not members:
        return [line]
    if "message" not in members:
        return []  # only metrics
    source = NAMES[function]
    missed = members.get("missed", [])
    events = members.get("events") or members.get("messages") or [*missed, members]
    return [_line(source, members, event) for event in events]


def _line(source: str, members: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    parts = [
        time.strftime("%H:%M:%S"),
        source,
        str(members["level"]) if "level" in members else "",
        str(event.get("result") or event.get("outcome") or event.get("verdict") or members.get("message", "")),
        str(event.get("event_type", "")),
        *(f"{label} {event[name]}" for label, name in LABELS.items() if event.get(name)),
    ]
    return "  ".join(part for part in parts if part)


LABELS = {"appointment": "appointment_id", "event": "envelope_id", "status": "status", "code": "code"}
