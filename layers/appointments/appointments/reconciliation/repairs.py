"""Repairs what a reconciliation found: the appointments that are missing or behind, one by one."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from appointments import timing
from appointments.contract import instants
from appointments.deadline import Deadline
from appointments.outcome import Outcome
from appointments.reconciliation.judging import Kind
from appointments.reconciliation.repair import repair_of

if TYPE_CHECKING:
    from appointments.reconciliation.judging import Verdict
    from appointments.storage.items import Delivery
    from appointments.storage.store import Store

REPAIRABLE = frozenset({Kind.MISSING, Kind.BEHIND})


class RepairResult(StrEnum):
    """What became of an appointment that needs a repair."""

    REPAIRED = "repaired"
    KNOWN = "known"
    """The history has this repair: an earlier run wrote it, and a webhook may have replaced its state since."""
    OVERTAKEN = "overtaken"
    """The table has a state of the same second or later by now. Nothing is written."""
    CONFLICT = "conflict"
    """The history has another event with the key of the repair. Nothing is written."""
    WAITING = "waiting"
    """Deliveries wait in the backlog, and this one may be among them. Nothing is written until they are stored."""
    FUTURE = "future"
    """The API's updatedAt is in the future. Nothing is written."""


_RESULTS = {
    Outcome.STORED: RepairResult.REPAIRED,
    Outcome.DUPLICATE: RepairResult.KNOWN,
    Outcome.STALE: RepairResult.OVERTAKEN,
    Outcome.CONFLICT: RepairResult.CONFLICT,
}


class Repairs:
    """Writes repairs to the table.

    ``waiting`` returns how many deliveries wait in the backlog. It is asked before each repair, because an outage of
    the table can begin at any moment. ``history_retention_days`` 0 keeps events for ever.
    """

    def __init__(
        self,
        store: Store,
        waiting: Callable[[], int],
        *,
        history_retention_days: int,
        clock: Callable[[], float] = time.time,
        now: Callable[[], str] = instants.now,
    ) -> None:
        self._store = store
        self._waiting = waiting
        self._history_retention_days = history_retention_days
        self._clock = clock
        self._now = now

    def repair(self, verdict: Verdict) -> RepairResult | None:
        """Repair the appointment of a verdict; None for one that needs no repair. A repeated call is safe.

        Raises UnavailableError if the table or the backlog did not answer: the repair may or may not be written.
        """
        return self._result(verdict, lambda repair: _RESULTS[self._store.repair(repair, Deadline(timing.REPAIR))])

    def preview(self, verdict: Verdict) -> RepairResult | None:
        """Return what :meth:`repair` would most likely return, without writing anything."""
        return self._result(verdict, lambda _: RepairResult.REPAIRED)

    def _result(self, verdict: Verdict, write: Callable[[Delivery], RepairResult]) -> RepairResult | None:
        if verdict.kind not in REPAIRABLE or verdict.appointment is None:
            return None
        try:
            repair = repair_of(
                verdict.appointment,
                received_at=self._now(),
                history_retention_days=self._history_retention_days,
                now=self._clock(),
            )
        except ValueError:
            return RepairResult.FUTURE
        return RepairResult.WAITING if self._waiting() else write(repair)
