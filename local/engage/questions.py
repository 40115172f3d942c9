"""The answer of the stand-in to a question: filters, an order and a page, by the positions of the switches."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from local.engage.rows import Row
from local.engage.switches import Switches
from local.engage.world import World

DEFAULT_LIMIT = 25
ARRAYS = {
    "id": lambda row: row["id"],
    "status": lambda row: row["status"],
    "meeting-type": lambda row: row["meetingType"],
    "office-id": lambda row: (row["office"] or {}).get("id"),
    "subject-id": lambda row: (row["subject"] or {}).get("id"),
}
"""The documented filters by several values that the stand-in has."""


class BadQuestionError(Exception):
    """The API would answer 400."""


def listing(world: World, query: str, switches: Switches) -> dict[str, Any]:
    """Return the document of a page. Raises BadQuestionError."""
    question = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    if any(name in ARRAYS for name, _ in question):
        raise BadQuestionError("name=value is not accepted for an array")
    rows = [row for row in world.rows() if is_shown(row, switches)]
    for check in _checks(question, switches):
        rows = [row for row in rows if check(row)]
    rows = _ordered(rows, switches)
    values = dict(question)
    offset = _number(values.get("offset", "0"), 0)
    limit = _number(values.get("limit", str(DEFAULT_LIMIT)), 1)
    if limit > switches.greatest_limit:
        if switches.above_limit == "refused":
            raise BadQuestionError("limit is too great")
        limit = switches.greatest_limit
    meta = {"offset": offset, "limit": limit, "totalCount": len(rows)}
    return {"data": rows[offset : offset + limit], "meta": meta}


def is_shown(row: Row, switches: Switches) -> bool:
    return "deletedAt" not in row or switches.deleted == "listed"


def _checks(question: list[tuple[str, str]], switches: Switches) -> list[Callable[[Row], bool]]:
    checks: list[Callable[[Row], bool]] = []
    for name, read in ARRAYS.items():
        wanted = {value for each, value in question if each == f"{name}[]"}
        if wanted:
            checks.append(lambda row, read=read, wanted=wanted: read(row) in wanted)  # type: ignore[misc]
    bounds = {name: _moment(value) for name, value in question if name in ("from", "to", "updated-since")}
    if "from" in bounds or "to" in bounds:
        checks.append(lambda row: _is_between(row, bounds.get("from"), bounds.get("to"), switches))
    if "updated-since" in bounds and switches.updated_filter == "honoured":
        checks.append(lambda row: datetime.fromisoformat(row["updatedAt"]) >= bounds["updated-since"])
    return checks


def _is_between(row: Row, first: datetime | None, last: datetime | None, switches: Switches) -> bool:
    if row["start"] is None:
        return switches.undated == "listed"
    start = datetime.fromisoformat(row["start"])
    end = datetime.fromisoformat(row["end"]) if row["end"] else start
    after, before = {"start": (start, start), "overlap": (end, start), "end": (end, end), "within": (start, end)}[
        switches.compares
    ]
    if switches.bounds == "included":
        return (first is None or after >= first) and (last is None or before <= last)
    return (first is None or after > first) and (last is None or before < last)


def _ordered(rows: list[Row], switches: Switches) -> list[Row]:
    match switches.order:
        case "random":
            return random.sample(rows, len(rows))
        case "start":
            return sorted(rows, key=lambda row: row["start"] or "")
        case "updated":
            return sorted(rows, key=lambda row: row["updatedAt"], reverse=True)
        case _:
            return rows  # the order of the world, which is that of creation until rows move


def _number(text: str, least: int) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) >= least):
        raise BadQuestionError("offset and limit are numbers")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuestionError("from and to are ISO 8601") from None
    if moment.tzinfo is None:
        raise BadQuestionError("from and to have an offset")
    return moment
