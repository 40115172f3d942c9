"""docs/performance.md has the tables and rows that the benchmark reports, and its figures are within the budgets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import instructions, levers, memory, package, page, publishing, starts, units
from bench.measures import Measure, Measures
from bench.variants import NO_OP, PUBLISHER, UNBATCHED, WEBHOOK
from generate import blocks, budgets
from local.template import Template

PAGE = page.PAGE.read_text(encoding="utf-8")
BUDGETS: dict[str, Any] = json.loads((budgets.BUDGETS / "budgets.json").read_text(encoding="utf-8"))
GENERATED_ROWS = ("delivery", "instructions", "levers", "publisher", "memory")


def complete_report() -> dict[str, Any]:
    """A report with invented values for every measure that the benchmark knows."""
    measures = Measures()
    webhooks = dict.fromkeys(page.VARIANTS, WEBHOOK)
    undone = dict.fromkeys((WEBHOOK, levers.UNDONE), levers.UNDONE)
    publishers = dict.fromkeys((PUBLISHER, publishing.SINGLE_RECORDS, UNBATCHED), PUBLISHER)
    rows: list[tuple[str, str, str, dict[str, str]]] = [
        *(
            (key, title, unit, webhooks)
            for key, (title, unit) in (starts.ROWS | instructions.ROWS | package.ROWS).items()
        ),
        *((key, title, "", dict.fromkeys(webhooks.keys() - {NO_OP}, WEBHOOK)) for key, title in units.ROWS.items()),
        *(
            (f"levers.{lever.key}.{phase}", lever.title, "million instructions", undone)
            for lever in levers.LEVERS
            for phase in instructions.PHASES
        ),
        (levers.WAITING_KEY, levers.WAITING_TITLE, "ms", undone),
        *((key, title, unit, webhooks) for key, (title, unit) in memory.ROWS.items()),
        *((key, title, unit, publishers) for key, (title, unit) in publishing.ROWS.items()),
    ]
    for key, title, unit, variants in rows:
        for name, numerator in variants.items():
            measures.add(Measure(key, title, unit, numerator), name, 2.0)
    machine = {"date": "2026-03-02", "cpu": "x", "cores": 2, "kernel": "6", "architecture": "x", "python": "3.13.0"}
    return {"machine": machine, "rounds": 3, "measures": measures.as_dict(), "notes": []}


def cells(block: str) -> list[list[str]]:
    lines = [line for line in block.splitlines() if line.startswith("|") and "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def titles(block: str) -> tuple[list[str], list[str]]:
    """The head of a table, and the first cell of its rows."""
    head, *rows = cells(block)
    return head, [row[0] for row in rows]


@pytest.mark.parametrize("name", GENERATED_ROWS)
def test_a_table_has_the_columns_and_rows_that_the_benchmark_reports(name: str) -> None:
    _, committed, _ = blocks.split(PAGE, name)
    assert titles(committed) == titles(page.contents(complete_report())[name]), "run make bench to update the page"


def test_every_cell_of_the_webhook_has_a_figure() -> None:
    for name in ("delivery", "instructions", "publisher"):
        head, *rows = cells(blocks.split(PAGE, name)[1])
        columns = [
            column for column, title in enumerate(head) if title.startswith((WEBHOOK, PUBLISHER)) and "÷" not in title
        ]
        assert columns
        for row in rows:
            assert all(float(row[column]) >= 0 for column in columns), row


def test_a_report_replaces_the_blocks_and_nothing_else() -> None:
    contents = page.contents(complete_report())
    updated = page.updated(PAGE, complete_report())
    for name, content in contents.items():
        assert blocks.split(updated, name)[1].strip() == content
        updated = blocks.replace(updated, name, blocks.split(PAGE, name)[1].strip())
    assert updated == PAGE


@pytest.mark.parametrize("group", ["main", "memory", "instructions", "units", "publisher", "levers"])
def test_an_incomplete_report_is_an_error_that_says_how_to_complete_it(group: str) -> None:
    report = complete_report()
    del report["measures"][group]
    with pytest.raises(page.IncompleteReportError, match="measure all sections, with DYNAMODB_LOCAL_ENDPOINT"):
        page.updated(PAGE, report)


# ---------------------------------------------------------------- budgets


def webhook_figure(title: str) -> float:
    head, *rows = cells(blocks.split(PAGE, "delivery")[1])
    (row,) = (row for row in rows if row[0] == title)
    return float(row[head.index(WEBHOOK)])


def test_the_figures_are_within_the_budgets() -> None:
    mebibyte = 1024 * 1024
    assert webhook_figure("later delivery, table, write units") <= BUDGETS["writeUnits"]["table"]
    assert webhook_figure("later delivery, indexes, write units") <= BUDGETS["writeUnits"]["indexes"]
    assert webhook_figure("package, unzipped, MiB") * mebibyte <= BUDGETS["WebhookFunction"]["bytes"]


def test_the_page_lists_every_budget() -> None:
    head, *rows = cells(blocks.split(PAGE, budgets.BLOCK)[1])
    for name, *numbers in rows:
        modules = (budgets.BUDGETS / f"{name}.modules.txt").read_text().split()
        limits = BUDGETS[name]
        assert numbers == [
            str(len(modules)),
            str(limits["filesOpenedAtStart"]),
            str(limits["filesOpenedByTheFirstEvent"]),
            f"{limits['instructionsOfAStart']:,}",
            f"{limits['instructionsOfAWarmEvent']:,}",
            str(limits["bytes"] / 1_000_000),
        ]
    assert {row[0] for row in rows} | {"writeUnits"} == BUDGETS.keys()
    assert len(head) == len(rows[0])


def test_the_row_at_a_share_of_a_cpu_is_that_of_the_memory_in_the_template() -> None:
    assert Template().function("WebhookFunction").memory_mb == memory.TEMPLATE_MB
