"""A run says "all correct" only if it is."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest
from rich.console import Console

from local.report import DeliveryResult, RunResult
from tests.builders import delivery

OLD, NEW = "2026-03-02T09:00:00Z", "2026-03-02T09:00:00.5Z"
EXPECTED: dict[str, tuple[int, str | None]] = {"new": (202, "stored"), "old": (202, "stale"), "bad": (422, None)}


def event_item(name: str) -> dict[str, Any]:
    return {"pk": {"S": "APPOINTMENT#a-1"}, "sk": {"S": f"EVENT#{name}"}}


def current_item(name: str) -> dict[str, Any]:
    return {
        "pk": {"S": "APPOINTMENT#a-1"},
        "sk": {"S": "CURRENT"},
        "eventId": {"S": name},
        "status": {"S": "ACCEPTED"},
    }


def message(name: str, *, stale: bool) -> dict[str, Any]:
    metadata = {"id": name, "stale": stale, "appointmentId": "a-1"}
    return {"detail-type": "AppointmentCreated", "detail": {"metadata": metadata, "data": {"changes": ["start"]}}}


GOOD = RunResult(
    deliveries=(
        DeliveryResult("new", 202, "stored", 0, delivery(id="e-2", updated_at=NEW)),
        DeliveryResult("old", 202, "stale", 0, delivery(id="e-1", updated_at=OLD)),
        DeliveryResult("bad", 422, None, 3, None),
    ),
    items=(event_item("e-1"), event_item("e-2"), current_item("e-2")),
    messages=(message("e-2", stale=False), message("e-1", stale=True)),
    verdicts={"a-1": ("same",), "a-2": ("behind", "status")},
)
LOST = {"a-2": ("behind", "status")}

OTHER_STATUS = dataclasses.replace(GOOD.deliveries[0], status=200)


def test_a_correct_run_has_no_problems() -> None:
    assert list(GOOD.problems(EXPECTED, LOST)) == []
    assert GOOD.closing_line([]) == (
        "3 deliveries answered, 2 events and 1 appointments stored, 2 messages received, 1 lost delivery found: "
        "all correct."
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"deliveries": (dataclasses.replace(GOOD.deliveries[0], status=200), *GOOD.deliveries[1:])},
            "new was answered",
        ),
        ({"deliveries": GOOD.deliveries[:2]}, "bad was not delivered"),
        ({"items": GOOD.items[1:]}, "history"),
        ({"items": (*GOOD.items, event_item("e-3"))}, "history"),
        ({"items": (*GOOD.items[:2], current_item("e-1"))}, "state"),
        ({"items": GOOD.items[:2]}, "state"),
        ({"messages": GOOD.messages[1:]}, "the bus"),
        ({"messages": (*GOOD.messages, GOOD.messages[0])}, "the bus"),
        ({"messages": (GOOD.messages[0], message("e-1", stale=False))}, "the bus"),
        ({"verdicts": {}}, "the comparison"),
        ({"verdicts": {"a-1": ("same",), "a-2": ("same",)}}, "the comparison"),
        ({"verdicts": {"a-1": ("same",), "a-2": ("behind", "start")}}, "the comparison"),
        ({"verdicts": {**GOOD.verdicts, "a-1": ("missing",)}}, "the comparison"),
    ],
)
def test_a_missing_extra_or_different_result_is_reported(change: dict[str, Any], problem: str) -> None:
    (line,) = dataclasses.replace(GOOD, **change).problems(EXPECTED, LOST)
    assert problem in line


def shown(result: RunResult) -> list[str]:
    output = io.StringIO()
    console = Console(file=output, width=120)
    for table in result.tables():
        console.print(table)
    return [line.rstrip() for line in output.getvalue().splitlines()]


def test_the_tables_have_a_row_for_every_delivery_appointment_and_message() -> None:
    rows = [line.split() for line in shown(GOOD)]
    assert [row[:3] for row in rows[2:5]] == [["new", "202", "stored"], ["old", "202", "stale"], ["bad", "422", "3"]]
    assert rows[7] == ["a-1", "ACCEPTED", "2", "e-2"]
    assert rows[-5] == ["AppointmentCreated", "a-1", "stale", "start"]
    assert rows[-2:] == [["a-1", "same"], ["a-2", "behind", "status"]]


def test_a_value_in_brackets_is_printed_as_text_and_not_as_markup() -> None:
    delivery_result = dataclasses.replace(GOOD.deliveries[0], name="[bold]name[/bold]")
    assert shown(dataclasses.replace(GOOD, deliveries=(delivery_result,)))[2].startswith("[bold]name[/bold]")
