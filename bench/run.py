"""One run: the sections that were asked for, and the report of them all."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import growth, history, imports, levers, package, publishing, shares, starts, units, variants
from bench.dynamodb import Table
from bench.machine import machine
from bench.measures import Measures
from bench.variants import WEBHOOK, Variant

UNITS = (
    "Write units are as DynamoDB Local counts them, corrected so that a small item in a transaction is two. "
    "Whether a transaction doubles those of an index too is not documented; it is counted so here."
)
NO_DYNAMODB = "Write units were not counted: DYNAMODB_LOCAL_ENDPOINT names no DynamoDB Local."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured. ``slow_rounds`` are those of what takes seconds by itself (:mod:`.shares`)."""

    rounds: int = 20
    slow_rounds: int = 3
    warm_up: int = starts.WARM_UP
    warm: int = starts.WARM
    memory_mb: tuple[int, ...] = shares.MEMORY_MB
    history: tuple[int, ...] = history.LENGTHS


QUICK = Plan(rounds=2, slow_rounds=1, warm_up=2, warm=4, memory_mb=(512, 1769), history=(0, 5))


@dataclass(slots=True)
class Run:
    """The sections' common ground; each fills in its part."""

    plan: Plan
    build: Path
    webhooks: list[Variant]
    table: Table | None
    measures: Measures = field(default_factory=Measures)
    report: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def webhook(self) -> Variant:
        return next(variant for variant in self.webhooks if variant.name == WEBHOOK)


def _start(run: Run) -> None:
    plan = run.plan
    calls = starts.measure(run.webhooks, run.measures, rounds=plan.rounds, warm_up=plan.warm_up, warm=plan.warm)
    run.report["calls"] = calls


def _share(run: Run) -> None:
    plan = run.plan
    means = shares.measure(
        run.webhooks, run.measures, rounds=plan.rounds, others=plan.slow_rounds, memory=plan.memory_mb
    )
    run.notes.append(
        f"The share of a CPU was kept by: {means}. 1769 MB are a whole one. Medians of {plan.slow_rounds} rounds, "
        f"those of the first delivery at 512 MB's of {plan.rounds}."
    )


def _imports(run: Run) -> None:
    run.report["imports"] = {"of": WEBHOOK, **imports.profile(run.webhook)}


def _package(run: Run) -> None:
    package.measure(run.webhooks, run.measures)


def _units(run: Run) -> None:
    if run.table:
        units.measure(run.webhooks, run.measures, run.table)


def _growth(run: Run) -> None:
    growth.measure(run.webhooks, run.measures, rounds=run.plan.rounds, table=run.table)


def _levers(run: Run) -> None:
    levers.measure(run.webhook, run.measures, rounds=run.plan.rounds)
    publisher, _ = variants.publishers(run.build)
    publishing.measure_levers(publisher, run.measures, rounds=run.plan.rounds)


def _history(run: Run) -> None:
    history.measure(run.webhook, run.measures, rounds=run.plan.rounds, table=run.table, lengths=run.plan.history)


def _publisher(run: Run) -> None:
    publishing.measure(variants.publishers(run.build), run.measures, rounds=run.plan.rounds)


SECTIONS: dict[str, Callable[[Run], None]] = {
    "start": _start,
    "share": _share,
    "package": _package,
    "imports": _imports,
    "units": _units,
    "growth": _growth,
    "history": _history,
    "publisher": _publisher,
    "levers": _levers,
}


def run(plan: Plan, build: Path, *, only: Collection[str] = (), dynamodb: str | None = None) -> dict[str, Any]:
    """The report. Raises MissingError for what is to be made first, WrongAnswerError for a handler that is wrong."""
    begin = time.monotonic()
    with ExitStack() as stack:
        table = stack.enter_context(Table(dynamodb)) if dynamodb else None
        one = Run(plan, build, variants.webhooks(build), table)
        for name, section in SECTIONS.items():
            if not only or name in only:
                started = time.monotonic()
                section(one)
                print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    one.notes.append(UNITS if table else NO_DYNAMODB)
    return {
        "machine": machine(),
        "rounds": plan.rounds,
        "seconds": round(time.monotonic() - begin),
        "measures": one.measures.as_dict(),
        **one.report,
        "notes": one.notes,
    }
