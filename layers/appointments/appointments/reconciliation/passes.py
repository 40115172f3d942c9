"""One run of the scheduled reconciliation: it continues the pass of the last run, or begins a new one.

A pass judges the whole window once. A run ends with its time; the next one continues after the last slice whose
verdicts were dealt with. A run that dies between a repair and the save judges that slice again, and finds it repaired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from botocore.exceptions import ClientError

from appointments.deadline import Deadline
from appointments.errors import UnavailableError
from appointments.reconciliation.errors import BudgetSpentError, ReconciliationError, SettingsError
from appointments.reconciliation.judging import MISSED, Kind, Verdict
from appointments.reconciliation.position import NotHeldError, Position
from appointments.reconciliation.repairs import RepairResult, Repairs
from appointments.reconciliation.run import Cursor, Reconciliation
from appointments.sdk import SDK_ERRORS, code_of, name_of

MISSED_NAMED = 100
"""A report names at most this many missed appointments."""
RUN_ERRORS = (ReconciliationError, UnavailableError, *SDK_ERRORS)
"""What ends a run: errors of the API, of the table, the buckets and the queues."""


class RunOutcome(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"
    """The whole window is judged."""
    UNSURE = "unsure"
    """The whole window was compared, but a listing of the API changed at each reading. The next run begins again."""
    CONTINUES = "continues"
    """The time or the calls of the run are spent: the next run continues."""
    BUSY = "busy"
    """Another run is at work."""
    FAILED = "failed"
    """The run could not look, or could not write. What it judged before stays true, and the next run continues."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A missed appointment, and what became of its repair; ``repair`` is None in the mode ``report``."""

    verdict: Verdict
    repair: RepairResult | None


@dataclass(slots=True)
class RunReport:
    """What a run found and did. ``problem`` says why it failed, and quotes no value."""

    outcome: RunOutcome = RunOutcome.FAILED
    kinds: Counter[Kind] = field(default_factory=Counter)
    repairs: Counter[RepairResult] = field(default_factory=Counter)
    missed: list[Missed] = field(default_factory=list)
    problem: str = ""

    @property
    def missed_count(self) -> int:
        return sum(self.kinds[kind] for kind in MISSED)


def run(
    reconciliation: Reconciliation,
    position: Position,
    begin: Callable[[], Cursor],
    repairs: Repairs | None,
    deadline: Deadline,
    *,
    seconds: float,
) -> RunReport:
    """Continue the pass, or begin one at ``begin``; without ``repairs``, write nothing to the table.

    ``deadline`` is when the run ends itself, and ``seconds`` how long it can last at most: no other run begins earlier.
    Raises nothing that a service or the API can cause; the report has it.
    """
    report = RunReport()
    try:
        saved = position.take(seconds)
    except NotHeldError as error:
        report.outcome, report.problem = RunOutcome.BUSY, str(error)
        return report
    except UnavailableError as error:
        report.problem = str(error)
        return report
    try:
        cursor = _go_on(reconciliation, position, _cursor(saved, begin), repairs, deadline, report)
        report.outcome = RunOutcome.COMPLETE if cursor.is_complete else RunOutcome.UNSURE
    except BudgetSpentError as error:
        report.outcome, report.problem = RunOutcome.CONTINUES, str(error)
    except RUN_ERRORS as error:
        report.problem = problem_of(error)
    return report


def problem_of(error: Exception) -> str:
    """Return what a report says of one of RUN_ERRORS."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {code_of(error)}"
    return name_of(error) if isinstance(error, SDK_ERRORS) else str(error)


def _cursor(saved: str | None, begin: Callable[[], Cursor]) -> Cursor:
    if saved is None:
        return begin()
    try:
        return Cursor.from_json(saved)
    except SettingsError:  # of another release: begin again
        return begin()


def _go_on(
    reconciliation: Reconciliation,
    position: Position,
    cursor: Cursor,
    repairs: Repairs | None,
    deadline: Deadline,
    report: RunReport,
) -> Cursor:
    try:
        for part in reconciliation.slices(cursor):
            for verdict in part.verdicts:
                if deadline.passed:
                    raise BudgetSpentError("the time of the run is spent: the next run continues")  # noqa: TRY301
                _deal_with(verdict, repairs, report)
            cursor = part.cursor
            position.save(cursor.to_json())
    except NotHeldError:
        raise
    except BaseException:
        position.release(cursor.to_json())
        raise
    position.release(None)
    return cursor


def _deal_with(verdict: Verdict, repairs: Repairs | None, report: RunReport) -> None:
    result = None if repairs is None else repairs.repair(verdict)
    report.kinds[verdict.kind] += 1
    if result is not None:
        report.repairs[result] += 1
    if verdict.kind in MISSED and len(report.missed) < MISSED_NAMED:
        report.missed.append(Missed(verdict, result))
