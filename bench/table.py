"""The report as tables for a terminal, and the formats of its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from bench.variants import FLOOR, NO_OP, TYPICAL, WEBHOOK

HEADINGS = {
    "main": "One delivery",
    "memory": "At a share of a CPU",
    "instructions": "Instructions of the processor",
    "package": "Package",
    "units": "Write units",
    "publisher": "Publisher",
    "levers": "Levers, each undone alone",
}
COMPARED = (NO_OP, FLOOR, TYPICAL)
"""The variants that the webhook's ratios are shown for."""
Rows = list[list[str]]


def text(report: dict[str, Any]) -> str:
    """Return the whole report in aligned columns."""
    parts = [machine(report)]
    for heading, rows in tables(report):
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        parts.append("\n".join([heading.upper(), *(line.rstrip() for line in lines)]))
    notes = "\n".join(f"- {note}" for note in report["notes"])
    return "\n\n".join([*parts, *([notes] if notes else [])])


def machine(report: dict[str, Any]) -> str:
    """Return one sentence on the machine and the rounds."""
    on = report["machine"]
    return (
        f"{on['date']}, {on['cpu']}, {on['cores']} cores, {on['architecture']}, kernel {on['kernel']}, "
        f"Python {on['python']}; medians of {report['rounds']} rounds, in brackets the quartiles of the rounds' ratios."
    )


def tables(report: dict[str, Any]) -> Iterator[tuple[str, Rows]]:
    """Yield a heading and rows for each group. The first row is the head."""
    for name, measures in report["measures"].items():
        yield HEADINGS[name], rows_of_measures(measures)


def rows_of_measures(measures: Sequence[dict[str, Any]]) -> Rows:
    """Return a head, and for each measure its title, the median of each variant and the ratios."""
    variants = list(dict.fromkeys(chain.from_iterable(measure["variants"] for measure in measures)))
    numerator = measures[0]["numerator"]
    others = [name for name in variants if name != numerator and (numerator != WEBHOOK or name in COMPARED)]
    others = [name for name in others if any(name in measure["ratios"] for measure in measures)]
    head = ["", *variants, *(f"{numerator} ÷ {name}" for name in others)]
    return [head, *(_row(measure, variants, others) for measure in measures)]


def titled(measure: dict[str, Any]) -> str:
    """Return the title of a measure with its unit."""
    return f"{measure['title']}, {measure['unit']}" if measure["unit"] else str(measure["title"])


def _row(measure: dict[str, Any], variants: Sequence[str], others: Sequence[str]) -> list[str]:
    medians = [median(measure, name) for name in variants]
    return [titled(measure), *medians, *(ratio(measure["ratios"].get(name)) for name in others)]


def median(measure: dict[str, Any], variant: str) -> str:
    """Return the median of a variant, or nothing if the variant was not measured."""
    summary = measure["variants"].get(variant)
    return number(summary["median"]) if summary else ""


def ratio(summary: dict[str, float] | None) -> str:
    """Return the median ratio with its quartiles, or alone where the quartiles are equal, as those of counts are."""
    if summary is None:
        return ""
    middle, first, third = (f"{summary[name]:.2f}" for name in ("median", "q1", "q3"))
    return middle if summary["q1"] == summary["q3"] else f"{middle} ({first}-{third})"


def number(value: float) -> str:
    """Return three significant digits, or a whole number unchanged."""
    if value == int(value):
        return f"{int(value)}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
