"""The block of docs/cost.md with the bill, line by line, and what each lever changes."""

from __future__ import annotations

import re

from generate import blocks
from generate.bill import DAILY, DEFAULT, LOADS, MILLION, ROOT, Bill, Line, Load, Options, current, prices

PAGE = ROOT / "docs" / "cost.md"
BLOCK = "bill"
GOAL_BLOCK = "goal"
WINDOW_SECONDS = 60
PER_MILLION = re.compile(r"([Aa]bout )[\d.]+( dollars per million deliveries)")
FIXED = re.compile(r"[\d.]+( dollars a month (?:besides|that do not depend))")
LEVERS = {
    "`OfficeIndex`, `EmployeeIndex`, `CustomerIndex` = `false`": DEFAULT._replace(indexes=False),
    "`PlatformLogs` = `problems`": DEFAULT._replace(platform_logs=False),
    f"`PublisherBatchingWindowSeconds` = {WINDOW_SECONDS}": DEFAULT._replace(window_seconds=WINDOW_SECONDS),
    "`Tracing` = `Active`": DEFAULT._replace(traces=True),
}

FEWER_LOGS = DEFAULT._replace(platform_logs=False)
GOALS = {
    "defaults": DEFAULT,
    "`PlatformLogs` = `problems`": FEWER_LOGS,
    f"… and `PublisherBatchingWindowSeconds` = {WINDOW_SECONDS}": FEWER_LOGS._replace(window_seconds=WINDOW_SECONDS),
}


def generate() -> str:
    """Return the whole page with the block up to date."""
    text = blocks.replace(PAGE.read_text(encoding="utf-8"), BLOCK, content())
    return blocks.replace(text, GOAL_BLOCK, goal())


def content() -> str:
    """Return the content of the block."""
    bill, table = current(), prices()
    return "\n\n".join(
        (
            f"List prices of {table['region']} without a free tier, {table['date']} (`generate/prices.json`).",
            blocks.table(_lines(bill)),
            f"A million deliveries cost {per_million(bill):.2f} dollars with all indexes and "
            f"{per_million(bill, DEFAULT._replace(indexes=False)):.2f} without. The first month of storage is "
            f"{bill.kept(MILLION):.2f} of them. Besides, {fixed(bill):.2f} dollars a month do not depend on the "
            "deliveries.",
            blocks.table(_levers(bill)),
        )
    )


def goal() -> str:
    """Return the table of the prices that the goal is about: without the storage of the deliveries."""
    bill = current()
    rows = [
        [
            title,
            *(
                _dollars(per_million(bill, options._replace(indexes=indexes)) - bill.kept(MILLION))
                for indexes in (True, False)
            ),
        ]
        for title, options in GOALS.items()
    ]
    return blocks.table([["dollars per million deliveries, apart from storage", "all indexes", "no indexes"], *rows])


def with_figures(path: str) -> str:
    """Return a page that names the price of the stack, with the price of the bill."""
    bill, text = current(), (ROOT / path).read_text(encoding="utf-8")
    text = PER_MILLION.sub(rf"\g<1>{per_million(bill):.1f}\g<2>", text)
    return FIXED.sub(rf"{fixed(bill):.1f}\g<1>", text)


def per_million(bill: Bill, options: Options = DEFAULT) -> float:
    """Return the dollars for a million deliveries, without the lines that do not depend on the deliveries."""
    return bill.total(MILLION, options) - fixed(bill)


def fixed(bill: Bill) -> float:
    """Return the dollars of a month that do not depend on the deliveries."""
    return sum(line.dollars for line in bill.lines(DAILY) if line.fixed)


def _lines(bill: Bill) -> list[list[str]]:
    head = ["dollars a month", *(load.title for load in LOADS)]
    rows = [
        [f"{first.title} ({_basis(first, second)})", _dollars(first.dollars), _dollars(second.dollars)]
        for first, second in zip(*(bill.lines(load) for load in LOADS), strict=True)
    ]
    return [head, *rows, ["total", *(_dollars(bill.total(load)) for load in LOADS)]]


def _basis(first: Line, second: Line) -> str:
    return first.basis if first.basis == second.basis else f"{first.basis}; {second.basis}"


def _levers(bill: Bill) -> list[list[str]]:
    rows = [[title, *(_change(bill, load, options) for load in LOADS)] for title, options in LEVERS.items()]
    others = [
        ["`WebhookProvisionedConcurrency` = 1", *(f"+{bill.provisioned():.2f}" for _ in LOADS)],
        ["`WebhookSnapStart` = `PublishedVersions`", *(f"+{bill.snapshot(load):.2f}" for load in LOADS)],
        ["each further month that the history keeps a month's events", *(f"+{bill.kept(load):.2f}" for load in LOADS)],
    ]
    return [["change, dollars a month", *(load.title for load in LOADS)], *rows, *others]


def _change(bill: Bill, load: Load, options: Options) -> str:
    return f"{bill.total(load, options) - bill.total(load):+.2f}"


def _dollars(value: float) -> str:
    return f"{value:.2f}"
