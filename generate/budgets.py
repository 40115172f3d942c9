"""Generates the block of docs/performance.md with the budgets of tests/fixtures/budgets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generate import blocks

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
BUDGETS = ROOT / "tests" / "fixtures" / "budgets"
BLOCK = "budgets"
LIMITS = {
    "files opened at start": "filesOpenedAtStart",
    "files opened by the first event": "filesOpenedByTheFirstEvent",
    "bytecode instructions of a start": "instructionsOfAStart",
    "… of a warm event": "instructionsOfAWarmEvent",
}
HEAD = ["", "modules imported at start", *LIMITS, "package, MB"]


def generate() -> str:
    """Return the whole page with the block up to date."""
    return blocks.replace(PAGE.read_text(encoding="utf-8"), BLOCK, content())


def content() -> str:
    """Return the content of the block."""
    limits: dict[str, dict[str, int]] = json.loads((BUDGETS / "budgets.json").read_text(encoding="utf-8"))
    units = limits["writeUnits"]
    functions = {name: limit for name, limit in limits.items() if "bytes" in limit}
    rows = [HEAD, *([name, *_cells(name, limit)] for name, limit in functions.items())]
    return (
        f"{blocks.table(rows)}\n\n"
        f"A delivery of 8.4 KB takes at most {units['table']} write units of the table and, if it changes no key of "
        f"an index, {units['indexes']} of the indexes. The publisher sends events/stream/batch.json in at most "
        f"{functions['PublisherFunction']['callsOfTheBatch']} calls of PutEvents."
    )


def _cells(function: str, limit: dict[str, Any]) -> list[str]:
    modules = (BUDGETS / f"{function}.modules.txt").read_text(encoding="utf-8").split()
    return [
        str(len(modules)),
        *(f"{limit[name]:,}" for name in LIMITS.values()),
        f"{limit['bytes'] / 1_000_000:g}",
    ]
