"""The metrics and the log line of a run. They have counts and ids, and no value of an answer of the API."""

from __future__ import annotations

from typing import Any

from appointments.contract.members import loggable
from appointments.reconciliation.judging import Kind
from appointments.reconciliation.passes import Missed, RunOutcome, RunReport
from appointments.reconciliation.repairs import RepairResult

VERDICTS = {
    Kind.SAME: "Same",
    Kind.MISSING: "Missing",
    Kind.BEHIND: "Behind",
    Kind.DIFFERS: "Differs",
    Kind.TOUCHED: "Touched",
    Kind.AHEAD: "Ahead",
    Kind.GONE: "Gone",
    Kind.IN_FLIGHT: "InFlight",
}
NOT_REPAIRED = (RepairResult.CONFLICT, RepairResult.WAITING, RepairResult.FUTURE)


def metric_values(report: RunReport, calls: int) -> dict[str, int]:
    """Return the value of each metric of a run. A verdict that it does not have is left out."""
    values = {VERDICTS[kind]: count for kind, count in report.kinds.items() if count}
    not_repaired = sum(report.repairs[result] for result in NOT_REPAIRED)
    return values | {
        "Missed": report.missed_count,
        "EngageCalls": calls,
        "PassComplete": int(report.outcome is RunOutcome.COMPLETE),
        "RunFailed": int(report.outcome is RunOutcome.FAILED),
        **({"Repaired": report.repairs[RepairResult.REPAIRED]} if report.repairs else {}),
        **({"NotRepaired": not_repaired} if report.repairs else {}),
    }


def line(report: RunReport) -> dict[str, Any]:
    """Return the members of the log line."""
    return {
        "message": "reconcile",
        "outcome": report.outcome.value,
        **({"problem": report.problem} if report.problem else {}),
        "verdicts": {kind.value: count for kind, count in report.kinds.items()},
        "repairs": {result.value: count for result, count in report.repairs.items()},
        "missed": [_missed(each) for each in report.missed],
    }


def _missed(missed: Missed) -> dict[str, Any]:
    verdict = missed.verdict
    return {
        "appointment_id": loggable(verdict.appointment_id),
        "verdict": verdict.kind.value,
        "differing": list(verdict.differing),
        **({"repair": missed.repair.value} if missed.repair else {}),
    }
