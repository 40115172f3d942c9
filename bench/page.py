"""The generated blocks of docs/performance.md that hold the figures of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from bench import growth, instructions, levers, memory, publishing, table
from bench.variants import FASTAPI, FLOOR, NO_OP, PUBLISHER, TYPICAL, WEBHOOK, WITHOUT_BYTECODE
from generate import blocks

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
DELIVERY = (
    "main.coldWall",
    "main.coldCpu",
    "main.plainColdCpu",
    "main.readyCpu",
    "main.firstCpu",
    "main.warmCpu",
    "main.reconnectCpu",
    "main.warmWall",
    "main.warmPeak",
    "main.firstCalls",
    "main.warmCalls",
    "main.warmLog",
    "package.unzipped",
    "package.zipped",
    "units.laterTable",
    "units.laterIndexes",
)
"""The measures of the first table, in its order."""
VARIANTS = (NO_OP, FLOOR, WEBHOOK, TYPICAL, WITHOUT_BYTECODE, FASTAPI)
Measures = dict[str, dict[str, Any]]


class IncompleteReportError(Exception):
    """A report without some of the measures that the page shows."""


def updated(text: str, report: dict[str, Any]) -> str:
    """Return the page with the figures of the report. Raises IncompleteReportError and blocks.MissingBlockError."""
    for name, content in contents(report).items():
        text = blocks.replace(text, name, content)
    return text


def contents(report: dict[str, Any]) -> dict[str, str]:
    """Return the content of each block by its name. Raises IncompleteReportError."""
    measures = {measure["key"]: measure for group in report["measures"].values() for measure in group}
    missing = [key for key in keys() if key not in measures]
    if missing:
        raise IncompleteReportError(
            f"the report has no {missing[0]}; measure all sections, with "
            "DYNAMODB_LOCAL_ENDPOINT set to a DynamoDB Local and valgrind installed"
        )
    return {
        "delivery": f"{table.machine(report)}\n\n{blocks.table(_delivery(measures, DELIVERY))}",
        "instructions": blocks.table(_delivery(measures, instructions.ROWS)),
        "levers": blocks.table(_levers(measures)),
        "publisher levers": blocks.table(_publisher_levers(measures)),
        "publisher": blocks.table(table.rows_of_measures([measures[key] for key in publishing.ROWS])),
        "growth": blocks.table(_growth(measures)),
        "memory": blocks.table(memory.table(report)),
    }


def keys() -> list[str]:
    """Return the keys of all measures that the page shows."""
    return [
        *DELIVERY,
        *instructions.ROWS,
        *(f"levers.{lever.key}{phase}" for lever in levers.LEVERS for phase in levers.PHASES),
        levers.WAITING_KEY,
        *(f"publisherLevers.{lever.key}{kind}" for lever in levers.PUBLISHER_LEVERS for kind in ("Cpu", "Speed")),
        *publishing.ROWS,
        *(f"{case.key}{kind}" for case in growth.cases() for kind in ("Cpu", "Units")),
    ]


def _delivery(measures: Measures, keys: Iterable[str]) -> table.Rows:
    head = ["", *VARIANTS, *(f"{WEBHOOK} ÷ {name}" for name in table.COMPARED)]
    rows = []
    for measure in (measures[key] for key in keys):
        ratios = [table.ratio(measure["ratios"].get(name)) for name in table.COMPARED]
        rows.append([table.titled(measure), *_medians(measure, VARIANTS), *ratios])
    return [head, *rows]


def _medians(measure: dict[str, Any], variants: Iterable[str]) -> list[str]:
    return [table.median(measure, name) for name in variants]


def _levers(measures: Measures) -> table.Rows:
    rows = []
    for lever in levers.LEVERS:
        phases = (measures[f"levers.{lever.key}{phase}"] for phase in levers.PHASES)
        rows.append([lever.title, *chain.from_iterable(_undone(phase, WEBHOOK) for phase in phases)])
    waiting = measures[levers.WAITING_KEY]
    rows.append([waiting["title"], *_undone(waiting, WEBHOOK), "", "", "", ""])
    head = chain.from_iterable((f"{title}, ms", "undone ÷ built") for title in levers.PHASES.values())
    return [["lever", *head], *rows]


def _publisher_levers(measures: Measures) -> table.Rows:
    rows = []
    for lever in levers.PUBLISHER_LEVERS:
        cpu, speed = (measures[f"publisherLevers.{lever.key}{kind}"] for kind in ("Cpu", "Speed"))
        rows.append([lever.title, *_undone(cpu, PUBLISHER), *_undone(speed, PUBLISHER)])
    return [["lever", "CPU of an event, ms", "undone ÷ built", "events a second", "undone ÷ built"], *rows]


def _undone(measure: dict[str, Any], built: str) -> Sequence[str]:
    """Return the change from the built function to the one with the lever undone, and their ratio."""
    before, after = _medians(measure, (built, levers.UNDONE))
    return f"{before} → {after}", table.ratio(measure["ratios"][built])


def _growth(measures: Measures) -> table.Rows:
    rows = []
    for case in growth.cases():
        cpu, units = (measures[f"{case.key}{kind}"] for kind in ("Cpu", "Units"))
        rows.append([case.title, *_medians(cpu, growth.COMPARED), *_medians(units, growth.COMPARED)])
    cpu_head, units_head = ([f"{name}, {unit}" for name in growth.COMPARED] for unit in ("CPU, ms", "write units"))
    return [["", *cpu_head, *units_head], *rows]
