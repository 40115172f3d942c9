"""A run of the benchmark: the requested sections and their report."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import instructions, levers, memory, package, publishing, share, starts, units, variants
from bench.dynamodb import Table
from bench.machine import machine
from bench.measures import Measures
from bench.variants import WEBHOOK, Variant

UNITS = (
    "DynamoDB Local counts the write units; they are scaled so that a small item in a transaction costs two, and its "
    "entry in an index one."
)
NO_VALGRIND = "Instructions were not counted: install valgrind."
NO_SHARE = "Times at a share of a CPU were not measured: they need Linux and the right to make a control group."
NO_DYNAMODB = "Write units were not counted: set DYNAMODB_LOCAL_ENDPOINT to a DynamoDB Local."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The number of rounds and of deliveries in each round, and whether instructions are counted: it takes minutes."""

    rounds: int = 20
    warm_up: int = starts.WARM_UP
    warm: int = starts.WARM
    instructions: bool = True


QUICK = Plan(rounds=2, warm_up=2, warm=4, instructions=False)


@dataclass(slots=True)
class Context:
    """The input and the results of the sections."""

    plan: Plan
    build: Path
    webhooks: list[Variant]
    table: Table | None
    measures: Measures = field(default_factory=Measures)
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def webhook(self) -> Variant:
        return next(variant for variant in self.webhooks if variant.name == WEBHOOK)


def _start(context: Context) -> None:
    plan = context.plan
    context.report["calls"] = starts.measure(
        context.webhooks, context.measures, rounds=plan.rounds, warm_up=plan.warm_up, warm=plan.warm
    )


def _instructions(context: Context) -> None:
    if context.plan.instructions and instructions.is_available():
        instructions.measure(context.webhooks, context.measures)


def _memory(context: Context) -> None:
    if share.is_available():
        memory.measure(context.webhooks, context.measures, rounds=context.plan.rounds)


def _units(context: Context) -> None:
    if context.table:
        units.measure(context.webhooks, context.measures, context.table)


def _levers(context: Context) -> None:
    if context.plan.instructions and instructions.is_available():
        instructions.measure_levers(context.webhook, context.measures)
    levers.measure_waiting(context.webhook, context.measures, rounds=context.plan.rounds)


SECTIONS: dict[str, Callable[[Context], None]] = {
    "start": _start,
    "memory": _memory,
    "instructions": _instructions,
    "package": lambda context: package.measure(context.webhooks, context.measures),
    "units": _units,
    "publisher": lambda context: publishing.measure(
        variants.publishers(context.build), context.measures, rounds=context.plan.rounds
    ),
    "levers": _levers,
}


def run(plan: Plan, build: Path, *, only: Collection[str] = (), dynamodb: str | None = None) -> dict[str, Any]:
    """Return the report. Raises MissingError without a build, WrongAnswerError if a handler fails its checks."""
    begin = time.monotonic()
    with ExitStack() as stack:
        table = stack.enter_context(Table(dynamodb)) if dynamodb else None
        context = Context(plan, build, variants.webhooks(build), table)
        for name, section in SECTIONS.items():
            if not only or name in only:
                started = time.monotonic()
                section(context)
                print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return {
        "machine": machine(),
        "rounds": plan.rounds,
        "seconds": round(time.monotonic() - begin),
        "measures": context.measures.as_dict(),
        **context.report,
        "notes": [
            UNITS if table else NO_DYNAMODB,
            *([] if instructions.is_available() else [NO_VALGRIND]),
            *([] if share.is_available() else [NO_SHARE]),
        ],
    }
