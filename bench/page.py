"""The generated blocks of docs/performance.md that hold the figures of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from bench import instructions, levers, memory, publishing, table
from bench.variants import FASTAPI, FLOOR, NO_OP, TYPICAL, WEBHOOK
from generate import blocks

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
DELIVERY = (
    "main.coldCpu",
    "main.plainColdCpu",
    "main.readyCpu",
    "main.firstCpu",
    f"memory.first{memory.TEMPLATE_MB}",
    "main.warmCpu",
    "main.reconnectCpu",
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
VARIANTS = (NO_OP, FLOOR, WEBHOOK, TYPICAL, FASTAPI)
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
            "DYNAMODB_LOCAL_ENDPOINT set to a DynamoDB Local, valgrind installed, and the right to make control groups"
        )
    return {
        "delivery": f"{table.machine(report)}\n\n{blocks.table(_rows(measures, DELIVERY, VARIANTS))}",
        "instructions": blocks.table(_rows(measures, instructions.ROWS, instructions.COMPARED)),
        "levers": f"{blocks.table(_levers(measures))}\n\n{_waiting(measures)}",
        "publisher": blocks.table(table.rows_of_measures([measures[key] for key in publishing.ROWS])),
        "memory": blocks.table(memory.table(measures)),
    }


def keys() -> list[str]:
    """Return the keys of all measures that the page shows."""
    return [
        *DELIVERY,
        *instructions.ROWS,
        *(f"levers.{lever.key}.{phase}" for lever in levers.LEVERS for phase in instructions.PHASES),
        levers.WAITING_KEY,
        *memory.ROWS,
        *publishing.ROWS,
    ]


def _rows(measures: Measures, keys: Iterable[str], variants: Sequence[str]) -> table.Rows:
    others = [name for name in table.COMPARED if name in variants]
    rows = []
    for measure in (measures[key] for key in keys):
        ratios = [table.ratio(measure["ratios"].get(name)) for name in others]
        rows.append([table.titled(measure), *_medians(measure, variants), *ratios])
    return [["", *variants, *(f"{WEBHOOK} ÷ {name}" for name in others)], *rows]


def _medians(measure: dict[str, Any], variants: Iterable[str]) -> list[str]:
    return [table.median(measure, name) for name in variants]


def _levers(measures: Measures) -> table.Rows:
    rows = []
    for lever in levers.LEVERS:
        phases = (measures[f"levers.{lever.key}.{phase}"] for phase in instructions.PHASES)
        rows.append([lever.title, *chain.from_iterable(_undone(phase, WEBHOOK) for phase in phases)])
    head = chain.from_iterable((title, "undone ÷ built") for title in instructions.PHASES.values())
    return [["lever, million instructions", *head], *rows]


def _waiting(measures: Measures) -> str:
    """Return the sentence on the lever that saves no instructions, but time."""
    measure = measures[levers.WAITING_KEY]
    before, after = _medians(measure, (WEBHOOK, levers.UNDONE))
    return f"A {measure['title']}: {before} ms; if the secret is not read ahead, {after} ms."


def _undone(measure: dict[str, Any], built: str) -> Sequence[str]:
    """Return the change from the built function to the one with the lever undone, and their ratio."""
    before, after = _medians(measure, (built, levers.UNDONE))
    return f"{before} → {after}", table.ratio(measure["ratios"][built])
