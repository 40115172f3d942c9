"""The report as tables, for a terminal and for a document; everything in them comes from the JSON alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from bench.variants import FLOOR, NO_OP, TYPICAL, WEBHOOK

HEADINGS = {
    "main": "One delivery",
    "share": "With a share of a CPU",
    "package": "Package",
    "units": "Write units",
    "body": "By size of the body",
    "participants": "By number of participants",
    "history": "By length of the appointment's history",
    "publisher": "Publisher",
    "levers": "Levers, each undone alone",
    "publisherLevers": "The publisher's levers, each undone alone",
}
Rows = list[list[str]]


def text(report: dict[str, Any]) -> str:
    """For a terminal: columns as wide as what is in them."""
    parts = [machine(report)]
    for heading, rows in tables(report):
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        parts.append("\n".join([heading.upper(), *(line.rstrip() for line in lines)]))
    return "\n\n".join([*parts, *_notes(report)])


def markdown(report: dict[str, Any]) -> str:
    parts = [machine(report)]
    for heading, rows in tables(report):
        parts.append(f"### {heading}\n\n{rows_as_markdown(rows)}")
    return "\n\n".join([*parts, *_notes(report)])


def rows_as_markdown(rows: Rows) -> str:
    head, *others = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *others))


def machine(report: dict[str, Any]) -> str:
    on = report["machine"]
    return (
        f"{on['date']}, {on['cpu']}, {on['cores']} cores, {on['architecture']}, kernel {on['kernel']}, "
        f"Python {on['python']}; medians of {report['rounds']} rounds, in brackets the quartiles of the rounds' ratios."
    )


def tables(report: dict[str, Any]) -> Iterator[tuple[str, Rows]]:
    """A heading, and rows of which the first is the head."""
    for name, measures in report["measures"].items():
        yield HEADINGS[name], _table(measures)
    if imports := report.get("imports"):
        yield _imports(imports)


def _table(measures: Sequence[dict[str, Any]]) -> Rows:
    variants = list(dict.fromkeys(chain.from_iterable(one["variants"] for one in measures)))
    ours = measures[0]["ours"]
    against = [name for name in variants if name != ours and (ours != WEBHOOK or name in (NO_OP, FLOOR, TYPICAL))]
    against = [name for name in against if any(name in one["ratios"] for one in measures)]
    head = ["", *variants, *(f"{ours} ÷ {name}" for name in against)]
    return [head, *(_row(one, variants, against) for one in measures)]


def _row(measure: dict[str, Any], variants: Sequence[str], against: Sequence[str]) -> list[str]:
    title = f"{measure['title']}, {measure['unit']}" if measure["unit"] else measure["title"]
    values = [measure["variants"].get(name) for name in variants]
    cells = [number(value["median"]) if value else "" for value in values]
    return [title, *cells, *(_ratio(measure["ratios"].get(name)) for name in against)]


def _ratio(summary: dict[str, float] | None) -> str:
    """The quartiles only where they differ: what is counted has no spread."""
    if summary is None:
        return ""
    middle, first, third = (f"{summary[name]:.2f}" for name in ("median", "q1", "q3"))
    return middle if summary["q1"] == summary["q3"] else f"{middle} ({first}-{third})"


def number(value: float) -> str:
    """Three digits that mean something; counts as they are."""
    if value == int(value):
        return f"{int(value)}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _imports(imports: dict[str, Any]) -> tuple[str, Rows]:
    heading = f"Imports of a cold start: {imports['modules']} modules, {imports['milliseconds']} ms of {imports['of']}"
    rows = [[one["package"], number(one["milliseconds"]), f"{one['share']:.0%}"] for one in imports["packages"]]
    return heading, [["package", "own time, ms", "share"], *rows]


def _notes(report: dict[str, Any]) -> list[str]:
    return ["\n".join(f"- {note}" for note in report["notes"])] if report["notes"] else []
