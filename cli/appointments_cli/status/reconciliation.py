"""The check of the scheduled reconciliation: when its last pass ended, and what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from appointments_cli.moments import ago
from appointments_cli.status.facts import INFO, OK, WRONG, Fact, Look, Metric, values

WHAT = "reconciliation"
SCHEDULES = 3
"""NoPassAlarm rings after this many schedules without a complete pass."""
LOOKED_AT = timedelta(days=14)
RUNBOOK = "see docs/operations.md, Reconciliation"


def last_pass(look: Look) -> Iterator[Fact]:
    """Say nothing of a stack without a reconciliation."""
    from appointments.contract.instants import utc
    from appointments_cli.options import Window
    from appointments_cli.reading import passes
    from appointments_cli.reading.loglines import GROUPS

    if look.target.resource(GROUPS["reconcile"]) is None:
        return
    runs = passes.runs(look.target, Window(utc((look.now - LOOKED_AT).isoformat())))
    last = runs[-1] if runs else None
    complete = [each for each in passes.ended(runs) if each.outcome == "complete"]
    allowed = timedelta(hours=SCHEDULES * int(look.target.stack.parameters.get("ReconcileHours") or "6"))
    if last is not None and last.outcome != "complete":
        state = WRONG if last.outcome == "failed" else INFO
        advice = ", ".join(filter(None, (last.problem, RUNBOOK)))
        yield Fact(state, "reconciliation run", f"{last.outcome} {ago(last.at, look.now)} ago: {advice}")
    if not complete:
        yield _none(look, allowed)
        return
    newest = complete[-1]
    when = f"last pass {ago(newest.at, look.now)} ago"
    found = f"{newest.missed} missed of {newest.verdicts.total()}"
    if newest.missed:
        found += f" ({_counted(Counter({each: newest.verdicts[each] for each in passes.MISSED}) + newest.repairs)})"
    if look.now - datetime.fromisoformat(newest.at) > allowed:
        yield Fact(WRONG, WHAT, f"{when}, {found}: {RUNBOOK}")
    elif newest.unmended:
        yield Fact(WRONG, WHAT, f"{when}, {found}: see reconcile")
    else:
        yield Fact(OK, WHAT, f"{when}, {found}")


def _none(look: Look, allowed: timedelta) -> Fact:
    """Tell a function that is new from one that never works, by the clock of the stack."""
    clock = Metric(look.namespace, "PassDue", (("service", "reconcile"),))
    due = values(look, [clock], LOOKED_AT, period=3600)[clock]
    if due and look.now - min(due) > allowed:
        return Fact(WRONG, WHAT, f"no complete pass, due for {ago(min(due).isoformat(), look.now)}: {RUNBOOK}")
    return Fact(INFO, WHAT, "no complete pass yet")


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)
