"""What a reconciliation found, for a person: ids, instants and names of members, and no value of an appointment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from appointments.contract.instants import utc
from appointments.errors import AppointmentsError
from appointments.reconciliation.errors import ReconciliationError
from appointments.reconciliation.judging import MISSED, Kind, Verdict
from appointments.reconciliation.run import Cursor, Reconciliation, Slice
from appointments_cli.screen import Column, Record, Screen
from appointments_cli.screen import Kind as Cell

SHOWN = MISSED | {Kind.GONE}
"""What is shown without --all."""
COLUMNS = (
    Column("verdict", kind=Cell.ID, essential=True),
    Column("appointmentId", "appointment", Cell.ID, essential=True),
    Column("differing", "differs", Cell.ID, importance=9, short=" ".join),
    Column("start", kind=Cell.INSTANT, importance=4),
    Column("updatedAt", "in Engage since", Cell.INSTANT, importance=7),
    Column("tableUpdatedAt", "in the table since", Cell.INSTANT, importance=6),
)
REPAIR = Column("repair", kind=Cell.ID, importance=8)


class Report:
    """A context manager that shows verdicts as they come, on a terminal as one table at the end, and then sums up.

    ``repair`` repairs the appointment of a verdict and returns the result; None for a verdict that needs no repair.
    """

    def __init__(
        self,
        screen: Screen,
        cursor: Cursor,
        looking: Reconciliation,
        *,
        shows_all: bool,
        of_ids: bool,
        repair: Callable[[Verdict], str | None] | None = None,
    ) -> None:
        self.cursor = cursor
        self.judged: set[str] = set()
        self._screen = screen
        self._looking = looking
        self._shows_all = shows_all or of_ids
        self._of_ids = of_ids
        self._repair = repair
        self._columns = COLUMNS if repair is None else (*COLUMNS[:2], REPAIR, *COLUMNS[2:])
        self._counts: Counter[Kind] = Counter()
        self._results: Counter[str] = Counter()
        self._records: list[Record] = []

    @property
    def missed(self) -> int:
        return sum(self._counts[kind] for kind in MISSED)

    def add(self, done: Slice) -> None:
        self.add_verdicts(done.verdicts)
        self.cursor = done.cursor

    def add_verdicts(self, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            self._counts[verdict.kind] += 1
            self.judged.add(verdict.appointment_id)
            result = None if self._repair is None else self._repair(verdict)
            if result is not None:
                self._results[result] += 1
            if not self._shows_all and verdict.kind not in SHOWN:
                continue
            record = _record(verdict)
            if self._repair is not None:
                record["repair"] = result
            if self._screen.is_terminal:
                self._records.append(record)
            else:
                self._screen.line(self._columns, record)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        """Sum up, also what was found before an error. Ctrl-C is an end like any other."""
        if self._screen.is_terminal:
            self._screen.table(self._columns, self._records)
        self._screen.say(self._sum())
        if self._results:
            counted = ", ".join(f"{count:,} {result}" for result, count in sorted(self._results.items()))
            self._screen.say(f"repairs: {counted}")
        for sentence in self._not_covered():
            self._screen.say(sentence)
        if not self._of_ids and not self.cursor.is_done and isinstance(error, AppointmentsError | KeyboardInterrupt):
            self._screen.say(f"to continue: --since {self.cursor.done[:19]}Z --until {self.cursor.until[:19]}Z")
        if isinstance(error, ReconciliationError):
            self._screen.say(f"the vendor finds these calls by X-Correlation-Id {self._looking.api.correlation_id}")
        return isinstance(error, KeyboardInterrupt)

    def _sum(self) -> str:
        total = self._counts.total()
        counted = ", ".join(f"{self._counts[kind]:,} {kind.value}" for kind in Kind if self._counts[kind])
        noun = "appointment" if total == 1 else "appointments"
        calls = self._looking.api.calls
        with_calls = f"{calls:,} call{'' if calls == 1 else 's'} of the Engage API"
        return f"{total:,} {noun} compared with {with_calls}" + (f": {counted}" if counted else "")

    def _not_covered(self) -> Iterable[str]:
        for first, last in self.cursor.unsure:
            shown = (self._screen.zone.show(each) for each in (first, last))
            yield f"not complete from {' to '.join(shown)}: the listing changed each time it was read"
        if self._looking.index_is_missing:
            yield "not looked for, because the table has no OfficeIndex: what Engage moved out of the time or deleted"
        if not self._of_ids:
            yield "not compared: appointments without a date; --id compares them"


def _record(verdict: Verdict) -> Record:
    start = None if verdict.appointment is None else verdict.appointment.document["start"]
    stored = (verdict.stored or {}).get("start", {}).get("S")
    return {
        "verdict": verdict.kind.value,
        "appointmentId": verdict.appointment_id,
        "differing": list(verdict.differing),
        "start": utc(start) if start else stored,
        "updatedAt": verdict.updated_at,
        "tableUpdatedAt": verdict.stored_at,
    }
