"""What is shown of objects in quarantine and of a redrive. No record contains a value of a body."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from appointments.contract.violations import Violation
from appointments_cli.quarantine.objects import QuarantineObject
from appointments_cli.screen import Column, Kind, Record, counted
from appointments_cli.terminal import echo

INDEX = re.compile(r"\[\d+\]")
LISTED = 3
"""The line of an object lists at most this many violations."""
PROGRESS_SECONDS = 2.0
COLUMNS = (
    Column("receivedAt", "received", Kind.INSTANT, essential=True),
    Column("key", "key", Kind.ID, essential=True),
    Column("firstViolation", "first violation", Kind.PATH, importance=6, least=28),
    Column("violationCount", "violations", Kind.NUMBER, importance=3),
    Column("outcome", "redriven", importance=5),
    Column("appointmentId", "appointment", Kind.ID, importance=4),
    Column("eventType", "event", importance=2),
    Column("envelopeId", "envelope id", Kind.ID, importance=1),
)
FACTS = (
    Column("key"),
    Column("reason"),
    Column("receivedAt", "received", Kind.INSTANT),
    Column("appointmentId", "appointment"),
    Column("envelopeId", "envelope id"),
    Column("correlationId", "correlation id"),
    Column("eventType", "event"),
    Column("size", "bytes"),
    Column("requestId", "request id"),
    Column("functionRequestId", "function request id"),
    Column("contentType", "content type"),
    Column("contentEncoding", "content encoding"),
    Column("erasedAt", "erased", Kind.INSTANT),
    Column("violationCount", "violations"),
    Column("listedViolations", "rules"),
    Column("outcome", "redriven"),
    Column("redrivenAt", "redriven at", Kind.INSTANT),
)
RESULTS = (
    Column("outcome", kind=Kind.ID, essential=True),
    Column("key", kind=Kind.ID, essential=True),
    Column("detail", importance=5),
)
GROUPS = (
    Column("objects", kind=Kind.NUMBER, essential=True),
    Column("path", kind=Kind.PATH, essential=True, least=40),
    Column("rule", importance=4),
    Column("newestAt", "newest", Kind.INSTANT, importance=3),
    Column("newest", "newest key", Kind.ID, importance=2),
)


def record(entry: QuarantineObject) -> Record:
    """Return the record of an object, for the list and for its facts."""
    violations = [f"{each.path} {each.rule} ({each.expected})" for each in entry.metadata.violations]
    more = [f"and {entry.unlisted} more"] if entry.unlisted > 0 else []
    first = entry.metadata.violations[:1]
    return {
        **entry.as_dict(),
        "firstViolation": "".join(f"{each.path} {each.rule}" for each in first),
        "listedViolations": [*violations, *more],
    }


def detail(text: str, violations: Sequence[Violation]) -> str:
    """Return why an object was not stored, or the rules that it breaks."""
    texts = [text] if text else [f"{violation.path} {violation.rule}" for violation in violations[:LISTED]]
    more = len(violations) - LISTED
    return "; ".join([*texts, *([f"and {more} more"] if more > 0 else [])])


def groups(entries: Iterable[QuarantineObject]) -> list[Record]:
    """Count the objects by path and rule of their violations, the most frequent first, then by path and rule.

    Of the newest objects of one time, the first key is shown.
    """
    found: dict[tuple[str, str], list[QuarantineObject]] = {}
    for entry in entries:
        broken = {(INDEX.sub("[*]", each.path), each.rule) for each in entry.metadata.violations}
        for path, rule in broken or {("", entry.reason)}:
            found.setdefault((path, rule), []).append(entry)
    records = []
    for (path, rule), group in found.items():
        first_key = sorted(group, key=lambda entry: entry.key)
        newest = max(first_key, key=lambda entry: entry.received_at)
        records.append(
            {
                "objects": len(group),
                "path": path or f"({rule})",
                "rule": rule if path else "",
                "newestAt": newest.received_at,
                "newest": newest.key,
            }
        )
    return sorted(records, key=lambda each: (-each["objects"], each["path"], each["rule"]))


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
        listed = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.counts.items()))
        return counted(self.total, "object") + (f": {listed}" if listed else "")
