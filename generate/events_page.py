"""Generates the tables and blocks of docs/events.md from the code and the golden messages. The prose is in the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from appointments.contract.essentials import CHANGE_RANK, RANKS
from appointments.publishing.changes import CHANGES
from appointments.publishing.messages import DETAIL_TYPES, RECONCILED, UNRECOGNIZED
from appointments.reconciliation.repair import EVENT_TYPE
from appointments.storage.items import REPAIR_RANK
from generate import blocks, contract_members, message_members, rules
from generate.message_members import Members
from samples.files import EVENTS, pretty

PAGE = Path(__file__).parents[1] / "docs" / "events.md"
EXAMPLE = "AppointmentRescheduled"
RULE = "moved"


def generate() -> str:
    """Return the page with every block up to date. Raises ValueError for a member without a description."""
    text = PAGE.read_text(encoding="utf-8")
    for name, content in content_of_blocks().items():
        text = blocks.replace(text, name, content)
    return text


def content_of_blocks() -> dict[str, str]:
    """Return the content of each block by its name. Raises ValueError for a member without a description."""
    reference = json.loads((EVENTS / "eventbridge" / f"{EXAMPLE}.reference.v1.json").read_text(encoding="utf-8"))
    detail = json.loads((EVENTS / "eventbridge" / f"{EXAMPLE}.v1.json").read_text(encoding="utf-8"))["detail"]
    return {
        "detail-types": _detail_types(),
        "outer": _members(message_members.OUTER),
        "metadata": _described(message_members.METADATA, detail["metadata"]),
        "ranks": _table(("rank", "eventType"), *_ranks()),
        "routing": _described(message_members.ROUTING, detail["routing"]),
        "data": _described(message_members.DATA, detail["data"]),
        "appointment": _table(("member", "type", "null", "can be absent"), *contract_members.of_appointment()),
        "changes": ", ".join(f"`{name}`" for name in CHANGES) + ".",
        "rule": rules.block(RULE),
        "example": f"```json\n{pretty(reference)}\n```",
    }


def _detail_types() -> str:
    event_types = {detail_type: f"`{event_type}`" for event_type, detail_type in DETAIL_TYPES.items()}
    event_types[RECONCILED] = f"none of the sender's: `{EVENT_TYPE}`"
    rows = [
        (f"`{name}`", event_types.get(name, "any other"), when, no_promise)
        for name, (when, no_promise) in message_members.SENT_WHEN.items()
    ]
    _check({*DETAIL_TYPES.values(), RECONCILED, UNRECOGNIZED}, set(message_members.SENT_WHEN))
    return _table(("detail-type", "eventType", "sent when", "does not promise"), *rows)


def _ranks() -> list[tuple[str, str]]:
    names: dict[int, list[str]] = {}
    for event_type in DETAIL_TYPES:
        names.setdefault(RANKS.get(event_type, CHANGE_RANK), []).append(event_type)
    names[CHANGE_RANK].append("and any other")
    ranks = [(str(rank), ", ".join(names[rank])) for rank in sorted(names)]
    return [(f"`{REPAIR_RANK}`, below all others", f"{EVENT_TYPE} of an `{RECONCILED}`"), *ranks]


def _described(members: Members, message: dict[str, Any]) -> str:
    _check(set(members), set(message))
    return _members({name: members[name] for name in message})


def _check(described: set[str], published: set[str]) -> None:
    if names := ", ".join(sorted(described ^ published)):
        raise ValueError(f"the descriptions and the message differ in {names}: edit generate/message_members.py")


def _members(members: Members) -> str:
    return _table(("member", "type", "meaning"), *((f"`{name}`", *columns) for name, columns in members.items()))


def _table(head: tuple[str, ...], *rows: tuple[str, ...]) -> str:
    return blocks.table((head, *rows), other_columns="---")
