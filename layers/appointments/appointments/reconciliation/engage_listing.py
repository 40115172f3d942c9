"""A listing of all rows, in pages by offset, while rows come, go and move.

Offsets shift while rows change, and the order of a listing is not documented. A pass over the pages counts only if it
found as many distinct ids as the API says there are, if this number stayed the same, and if each page begins with the
last row of the page before: the offsets overlap by one row, and another row there shows a shift.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from appointments.reconciliation.engage_answers import Page
from appointments.reconciliation.engage_appointment import EngageAppointment

PASSES, LAST_PASSES = 2, 10
"""A listing that changes while it is read is read at most this many times: if the question can be split, and if not."""
MOST_PAGES = 4
"""A listing of more pages is not read on if the question can be split: a shorter one changes less while it is read."""


class Rows(NamedTuple):
    """The rows by id. If the listing is not ``is_complete``, they are those that any pass found."""

    appointments: dict[str, EngageAppointment]
    is_complete: bool


def listing(page: Callable[[int], Page], *, can_be_split: bool = False) -> Rows:
    """Return the rows of the pages that ``page`` returns by offset.

    ``can_be_split``: the caller can ask for parts of a listing that is not complete.
    """
    found: dict[str, EngageAppointment] = {}
    for _ in range(PASSES if can_be_split else LAST_PASSES):
        rows, is_complete, is_long = _pass(page, MOST_PAGES if can_be_split else None)
        if is_complete:
            return Rows(rows, True)
        found |= rows
        if is_long:
            break
    return Rows(found, False)


def _pass(page: Callable[[int], Page], most_pages: int | None) -> tuple[dict[str, EngageAppointment], bool, bool]:
    """Read the pages once. Return the rows by id, whether they are all, and whether there are too many pages."""
    first = current = page(0)
    rows = {row.document["id"]: row for row in current.rows}
    if most_pages is not None and first.total > most_pages * max(1, len(first.rows)):
        return rows, False, True
    end = len(first.rows)
    while end < first.total and current.rows:
        last = current.rows[-1].document["id"]
        overlap = 1 if len(current.rows) > 1 else 0
        current = page(end - overlap)
        rows |= {row.document["id"]: row for row in current.rows}
        is_shifted = bool(overlap and current.rows and current.rows[0].document["id"] != last)
        progress = len(current.rows) - overlap
        if is_shifted or current.total != first.total or progress <= 0:
            break
        end += progress
    else:
        return rows, len(rows) == first.total, False
    return rows, False, False
