"""Formats objects in quarantine and the results of a redrive. No line contains a value of a body."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence

from appointments.contract.violations import Violation
from cli.quarantine.objects import QuarantineObject
from cli.terminal import echo

LISTED = 3
"""The line of an object lists at most this many violations."""
PROGRESS_SECONDS = 2.0
HEAD = ("received", "violations", "redriven", "key", "first violation")
LIST_WIDTHS = (20, 10, 21, 73)
RESULT_WIDTHS = (21, 73)


def table_head() -> str:
    return _columns(HEAD, LIST_WIDTHS)


def table_row(entry: QuarantineObject) -> str:
    first = entry.metadata.violations[:1]
    cells = (
        entry.received_at[:19] + "Z",
        str(entry.metadata.violation_count),
        entry.outcome or "",
        entry.key,
        *(f"{violation.path} {violation.rule}" for violation in first),
    )
    return _columns(cells, LIST_WIDTHS)


def facts(entry: QuarantineObject) -> list[str]:
    """Format one object: a line for each fact and for each listed violation."""
    values = {name: value for name, value in entry.as_dict().items() if name != "violations" and value is not None}
    lines = [f"{name:<17} {value}" for name, value in values.items()]
    broken = [f"  {violation.path} {violation.rule} ({violation.expected})" for violation in entry.metadata.violations]
    more = [f"  and {entry.unlisted} more"] if entry.unlisted > 0 else []
    return [*lines, *broken, *more]


def result_row(outcome: str, key: str, detail: str, violations: Sequence[Violation]) -> str:
    """Format the line of a redriven object: the outcome and, if it was refused, the rules that it breaks."""
    texts = [detail] if detail else [f"{violation.path} {violation.rule}" for violation in violations[:LISTED]]
    more = len(violations) - LISTED
    return _columns((outcome, key, "; ".join([*texts, *([f"and {more} more"] if more > 0 else [])])), RESULT_WIDTHS)


def json_line(entry: QuarantineObject) -> str:
    """Format one object as JSON in ASCII: control characters of a header are escaped."""
    return json.dumps(entry.as_dict())


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Fixed widths: rows are printed before the last one is known."""
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, *cells[len(widths) :]]).rstrip()


class Progress:
    """Counts outcomes and prints the counts to stderr every two seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._next = clock() + PROGRESS_SECONDS

    def add(self, outcome: str) -> None:
        self.counts[outcome] += 1
        if self._clock() >= self._next:
            echo(f"... {self.summary()}", err=True)
            self._next = self._clock() + PROGRESS_SECONDS

    @property
    def total(self) -> int:
        return self.counts.total()

    def summary(self) -> str:
        total = self.total
        counted = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.counts.items()))
        return f"{total} object{'' if total == 1 else 's'}" + (f": {counted}" if counted else "")
