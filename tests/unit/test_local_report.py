"""A run says "all as it should be" only when it is."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from local.report import Delivered, Result
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


GOOD = Result(
    delivered=(
        Delivered("new", 202, "stored", 0, delivery(id="e-2", updated_at=NEW)),
        Delivered("old", 202, "stale", 0, delivery(id="e-1", updated_at=OLD)),
        Delivered("bad", 422, None, 3, None),
    ),
    items=(event_item("e-1"), event_item("e-2"), current_item("e-2")),
    messages=(message("e-2", stale=False), message("e-1", stale=True)),
)


def test_a_run_in_which_all_is_as_it_should_be_has_nothing_wrong() -> None:
    assert list(GOOD.wrong(EXPECTED)) == []
    assert GOOD.closing_line([]) == (
        "3 deliveries answered, 2 events and 1 appointments stored, 2 messages received: all as it should be."
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"delivered": (dataclasses.replace(GOOD.delivered[0], status=200), *GOOD.delivered[1:])}, "new was answered"),
        ({"delivered": GOOD.delivered[:2]}, "bad was not delivered"),
        ({"items": GOOD.items[1:]}, "history"),
        ({"items": (*GOOD.items, event_item("e-3"))}, "history"),
        ({"items": (*GOOD.items[:2], current_item("e-1"))}, "state"),
        ({"items": GOOD.items[:2]}, "state"),
        ({"messages": GOOD.messages[1:]}, "the bus"),
        ({"messages": (*GOOD.messages, GOOD.messages[0])}, "the bus"),
        ({"messages": (GOOD.messages[0], message("e-1", stale=False))}, "the bus"),
    ],
)
def test_whatever_is_missing_too_much_or_different_is_told(change: dict[str, Any], told: str) -> None:
    (line,) = dataclasses.replace(GOOD, **change).wrong(EXPECTED)
    assert told in line


def test_the_tables_name_every_delivery_appointment_and_message() -> None:
    lines = list(GOOD.tables())
    assert [line.split()[:3] for line in lines[2:5]] == [
        ["new", "202", "stored"],
        ["old", "202", "stale"],
        ["bad", "422", "3"],
    ]
    assert "a-1" in lines[8]
    assert lines[-2].split() == ["AppointmentCreated", "a-1", "stale", "start"]
