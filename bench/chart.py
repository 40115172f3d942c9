"""The report as a drawing: how the webhook compares with the typical one, measure by measure, in one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from bench.variants import FLOOR, TYPICAL, WEBHOOK

SHOWN = {
    "main.coldWall": "cold start",
    "main.coldCpu": "cold start, CPU",
    "share.first512": "first delivery at 512 MB's share",
    "main.warmCpu": "warm delivery, CPU",
    "main.warmWall": "warm delivery, answer",
    "main.warmPeak": "peak memory",
    "package.zipped": "package, zipped",
    "main.warmCalls": "SDK calls of a delivery",
    "units.laterTable": "write units, table",
}
LABELS, PLOT, ROW, TOP, BOTTOM = 230, 430, 30, 56, 58
WIDTH = LABELS + PLOT + 70
OURS, THEIRS, INK, GRID = "#2f6f9f", "#b5541c", "#24292f", "#d8dee4"


@dataclass(frozen=True, slots=True)
class Bar:
    """Everything in terms of the typical one, which is 1; ``floor`` is None where the floor does nothing like it."""

    label: str
    middle: float
    first: float
    third: float
    floor: float | None


def bars(report: dict[str, Any]) -> list[Bar]:
    """Of the measures that the report has."""
    found = {one["key"]: one for group in report["measures"].values() for one in group}
    made = []
    for key, label in SHOWN.items():
        one = found.get(key)
        if one and TYPICAL in one["ratios"]:
            ratio, floor = one["ratios"][TYPICAL], one["variants"].get(FLOOR)
            to_typical = floor["median"] / one["variants"][TYPICAL]["median"] if floor else None
            made.append(Bar(label, ratio["median"], ratio["q1"], ratio["q3"], to_typical))
    return made


def svg(report: dict[str, Any]) -> str:
    drawn = bars(report)
    most = max([1.0, *(bar.third for bar in drawn), *(bar.floor or 0 for bar in drawn)]) * 1.08
    height = TOP + ROW * len(drawn) + BOTTOM
    on = report["machine"]
    below = (
        f"{on['date']}, {on['cpu']}, {on['cores']} cores, Python {on['python']}, medians of {report['rounds']} rounds"
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" font-family="sans-serif" font-size="13" fill="{INK}">',
            f"<title>The {WEBHOOK} in terms of a typical one</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            _text(12, 22, f"The {WEBHOOK} in terms of a typical one: less is better", weight="bold"),
            *_scale(most, height),
            *(line for number, bar in enumerate(drawn) for line in _bar(bar, TOP + ROW * number, most)),
            _text(12, height - 28, f"bars: the {WEBHOOK}, lines: the quartiles, marks: the floor", size=11),
            _text(12, height - 12, below, size=11),
            "</svg>\n",
        ]
    )


def _scale(most: float, height: int) -> Sequence[str]:
    """A line at every half, and one that stands out at what is typical."""
    lines = []
    for half in range(int(most * 2) + 1):
        x, bottom = _x(half / 2, most), height - BOTTOM + 4
        color, width = (THEIRS, 2) if half == 2 else (GRID, 1)
        lines.append(f'<line x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{bottom}" stroke="{color}" stroke-width="{width}"/>')
        lines.append(_text(x, TOP - 14, TYPICAL if half == 2 else f"{half / 2:g}", anchor="middle", size=11))
    return lines


def _bar(bar: Bar, y: int, most: float) -> Sequence[str]:
    end, middle = _x(bar.middle, most), y + ROW // 2 - 2
    lines = [
        _text(LABELS - 10, middle + 4, bar.label, anchor="end"),
        f'<rect x="{LABELS}" y="{y + 4}" width="{round(end - LABELS, 1)}" height="{ROW - 12}" fill="{OURS}"/>',
        f'<line x1="{_x(bar.first, most)}" y1="{middle}" x2="{_x(bar.third, most)}" y2="{middle}" stroke="{INK}"/>',
        _text(max(end, _x(bar.third, most)) + 6, middle + 4, f"{bar.middle:.2f}", weight="bold"),
    ]
    if bar.floor is not None:
        x = _x(bar.floor, most)
        lines.append(f'<line x1="{x}" y1="{y + 1}" x2="{x}" y2="{y + ROW - 5}" stroke="{INK}" stroke-width="3"/>')
    return lines


def _x(value: float, most: float) -> float:
    return round(LABELS + value / most * PLOT, 1)


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal", size: int = 13) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}">{escape(text)}</text>'
    )
