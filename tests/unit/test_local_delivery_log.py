"""The judge of every fault and load test judges: each broken promise is told, and nothing else is."""

from __future__ import annotations

import copy
import gzip
from typing import Any

import pytest

from local.delivery_log import Event, Found, Ledger
from tests.builders import body, delivery

BODIES = {
    "e-1": body(delivery(id="e-1", updated_at="2026-03-02T09:00:00Z")),
    "e-2": body(delivery(id="e-2", updated_at="2026-03-02T11:00:00+01:00")),
    "e-3": body(delivery(id="e-3", updated_at="2026-03-02T11:30:00+02:00")),
}


def event(name: str, *, stale: bool) -> dict[str, Any]:
    packed = gzip.compress(BODIES[name])
    return {
        "pk": {"S": "APPOINTMENT#a-1"},
        "sk": {"S": f"EVENT#{name}"},
        "body": {"B": packed},
        "stale": {"BOOL": stale},
    }


def message(name: str, *, stale: bool) -> dict[str, Any]:
    return {"detail": {"metadata": {"id": name, "appointmentId": "a-1", "stale": stale}}}


class World:
    """Three events, the third of them stale, as they should be stored and published."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        for content in BODIES.values():
            self.ledger.record(Event.of(content), acknowledged=True)
        self.current = {"pk": {"S": "APPOINTMENT#a-1"}, "sk": {"S": "CURRENT"}, "eventId": {"S": "e-2"}}
        self.events = [event("e-1", stale=False), event("e-2", stale=False), event("e-3", stale=True)]
        self.streamed = copy.deepcopy(self.events)
        self.messages = [message("e-1", stale=False), message("e-2", stale=False), message("e-3", stale=True)]

    def wrong(self) -> list[str]:
        items = [*([self.current] if self.current else []), *self.events]
        return list(self.ledger.wrong(Found(items, self.streamed, self.messages, lambda _: BODIES["e-1"])))


@pytest.fixture
def world() -> World:
    return World()


def test_nothing_is_wrong_when_all_is_as_it_should_be(world: World) -> None:
    world.messages.insert(1, world.messages[0])  # at least once
    world.messages.append(world.messages[0])
    assert world.wrong() == []


def test_a_body_that_its_item_only_names_is_looked_at_too(world: World) -> None:
    del world.events[0]["body"]
    world.events[0]["bodyKey"] = {"S": "bodies/1"}
    assert world.wrong() == []
    world.events[1] = world.events[1] | {"bodyKey": {"S": "bodies/1"}}
    assert world.wrong() == ["not kept byte for byte: e-2"]


def test_a_lost_event(world: World) -> None:
    world.events.pop(0)
    world.streamed.pop(0)
    assert world.wrong() == ["acknowledged and lost: e-1", "published and never stored: e-1"]


def test_an_event_that_was_not_acknowledged_may_be_there_or_not(world: World) -> None:
    world.ledger.acknowledged.discard("e-1")
    assert world.wrong() == []
    for things in (world.events, world.streamed, world.messages):
        things.pop(0)
    assert world.wrong() == []


def test_an_event_that_nobody_sent(world: World) -> None:
    del world.ledger.sent["e-1"]
    assert "in the history and never sent: e-1" in world.wrong()


def test_a_body_that_is_not_the_one_that_was_sent(world: World) -> None:
    world.events[0]["body"]["B"] = gzip.compress(BODIES["e-1"] + b" ")
    assert world.wrong() == ["not kept byte for byte: e-1"]


@pytest.mark.parametrize("state", ["e-1", "e-3", None])
def test_a_state_that_is_not_the_newest_instant(world: World, state: str | None) -> None:
    if state:
        world.current["eventId"]["S"] = state
    else:
        world.current = {}
    assert world.wrong() == ["appointments whose state is not their newest event: a-1"]


def test_of_one_instant_the_greater_id_is_the_state(world: World) -> None:
    world.ledger.sent["e-3"] = Event("e-3", "a-1", world.ledger.sent["e-2"].updated_at, world.ledger.sent["e-3"].digest)
    for things in (world.events, world.streamed):
        things[2]["stale"]["BOOL"] = False
    world.messages[2] = message("e-3", stale=False)
    assert world.wrong() == ["appointments whose state is not their newest event: a-1"]
    world.current["eventId"]["S"] = "e-3"
    assert world.wrong() == []


@pytest.mark.parametrize(("index", "flag"), [(0, True), (1, True), (2, False)])
def test_a_flag_that_is_not_what_the_state_was_at_that_moment(world: World, index: int, flag: bool) -> None:
    name = f"e-{index + 1}"
    for things in (world.events, world.streamed):
        things[index]["stale"]["BOOL"] = flag
    world.messages[index] = message(name, stale=flag)
    assert world.wrong() == [f"flagged wrongly: {name}"]


def test_an_event_that_was_not_published(world: World) -> None:
    world.messages.pop()
    assert world.wrong() == ["stored and never published: e-3"]


def test_a_message_with_another_flag_than_its_event(world: World) -> None:
    world.messages.append(message("e-1", stale=True))
    assert world.wrong() == ["published with another flag than stored: e-1"]


def test_events_published_in_another_order_than_they_were_committed(world: World) -> None:
    world.messages.reverse()
    assert world.wrong() == ["appointments first published in another order than committed: a-1"]


def test_other_appointments_are_left_aside(world: World) -> None:
    other = Event("e-9", "a-9", world.ledger.sent["e-1"].updated_at, b"")
    ledger = Ledger()
    ledger.record(other, acknowledged=False)
    world.ledger = ledger
    assert world.wrong() == []
