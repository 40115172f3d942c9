"""docs/performance.md's figures: everything between two marks of it is made from docs/performance.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench import chart, costs, table

DOCS = Path(__file__).parents[1] / "docs"
PAGE, FIGURES, CHART = DOCS / "performance.md", DOCS / "performance.json", DOCS / "performance.svg"
BEGIN, END = "<!-- {name}: python -m bench --document JSON -->", "<!-- /{name} -->"


def write(report: dict[str, Any]) -> None:
    FIGURES.write_text(json.dumps(report, indent=1) + "\n")
    CHART.write_text(chart.svg(report).rstrip() + "\n")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), report), encoding="utf-8")


def _parts(report: dict[str, Any]) -> dict[str, str]:
    priced = f"Prices of {costs.PRICES_OF}.\n\n{table.rows_as_markdown(costs.table(report))}\n\n{costs.snapshot()}"
    return {"figures": table.markdown(report), "costs": priced}


def page(text: str, report: dict[str, Any]) -> str:
    """The page with the report's figures in it. Raises ValueError where a mark is missing."""
    for name, figures in _parts(report).items():
        begin, end = BEGIN.format(name=name), END.format(name=name)
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"{PAGE.name} has no part marked {name}")
        text = f"{before}{begin}\n\n{figures}\n\n{end}{after}"
    return text
