"""The check behind the fault and load tests reports each broken promise, and nothing else."""

from __future__ import annotations

import copy
import gzip
from typing import Any

import pytest

from local.delivery_log import DeliveryLog, Event, Observation
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
    """Three events, the third stale, stored and published correctly."""

    def __init__(self) -> None:
        self.log = DeliveryLog()
        for content in BODIES.values():
            self.log.record(Event.from_body(content), acknowledged=True)
        self.current = {"pk": {"S": "APPOINTMENT#a-1"}, "sk": {"S": "CURRENT"}, "eventId": {"S": "e-2"}}
        self.events = [event("e-1", stale=False), event("e-2", stale=False), event("e-3", stale=True)]
        self.streamed = copy.deepcopy(self.events)
        self.messages = [message("e-1", stale=False), message("e-2", stale=False), message("e-3", stale=True)]

    def problems(self) -> list[str]:
        items = [*([self.current] if self.current else []), *self.events]
        return list(self.log.problems(Observation(items, self.streamed, self.messages, lambda _: BODIES["e-1"])))


@pytest.fixture
def world() -> World:
    return World()


def test_a_correct_world_has_no_problems(world: World) -> None:
    world.messages.insert(1, world.messages[0])  # a repeated message is allowed
    world.messages.append(world.messages[0])
    assert world.problems() == []


def test_a_body_in_the_bucket_is_checked_too(world: World) -> None:
    del world.events[0]["body"]
    world.events[0]["bodyKey"] = {"S": "bodies/1"}
    assert world.problems() == []
    world.events[1] = world.events[1] | {"bodyKey": {"S": "bodies/1"}}
    assert world.problems() == ["not kept byte for byte: e-2"]


def test_a_lost_event_is_reported(world: World) -> None:
    world.events.pop(0)
    world.streamed.pop(0)
    assert world.problems() == ["acknowledged and lost: e-1", "published and never stored: e-1"]


def test_an_unacknowledged_event_may_be_stored_or_not(world: World) -> None:
    world.log.acknowledged.discard("e-1")
    assert world.problems() == []
    for records in (world.events, world.streamed, world.messages):
        records.pop(0)
    assert world.problems() == []


def test_an_event_that_was_never_sent_is_reported(world: World) -> None:
    del world.log.sent["e-1"]
    assert "in the history and never sent: e-1" in world.problems()


def test_a_changed_body_is_reported(world: World) -> None:
    world.events[0]["body"]["B"] = gzip.compress(BODIES["e-1"] + b" ")
    assert world.problems() == ["not kept byte for byte: e-1"]


@pytest.mark.parametrize("state", ["e-1", "e-3", None])
def test_a_state_that_is_not_of_the_newest_instant_is_reported(world: World, state: str | None) -> None:
    if state:
        world.current["eventId"]["S"] = state
    else:
        world.current = {}
    assert world.problems() == ["appointments whose state is not their newest event: a-1"]


def test_the_greater_id_wins_at_the_same_instant(world: World) -> None:
    world.log.sent["e-3"] = Event("e-3", "a-1", world.log.sent["e-2"].updated_at, 2, world.log.sent["e-3"].digest)
    for records in (world.events, world.streamed):
        records[2]["stale"]["BOOL"] = False
    world.messages[2] = message("e-3", stale=False)
    assert world.problems() == ["appointments whose state is not their newest event: a-1"]
    world.current["eventId"]["S"] = "e-3"
    assert world.problems() == []


@pytest.mark.parametrize(("index", "flag"), [(0, True), (1, True), (2, False)])
def test_a_wrong_stale_flag_is_reported(world: World, index: int, flag: bool) -> None:
    name = f"e-{index + 1}"
    for records in (world.events, world.streamed):
        records[index]["stale"]["BOOL"] = flag
    world.messages[index] = message(name, stale=flag)
    assert world.problems() == [f"flagged wrongly: {name}"]


def test_an_unpublished_event_is_reported(world: World) -> None:
    world.messages.pop()
    assert world.problems() == ["stored and never published: e-3"]


def test_a_message_with_another_flag_than_its_event_is_reported(world: World) -> None:
    world.messages.append(message("e-1", stale=True))
    assert world.problems() == ["published with another flag than stored: e-1"]


def test_another_order_of_messages_than_of_commits_is_reported(world: World) -> None:
    world.messages.reverse()
    assert world.problems() == ["appointments first published in another order than committed: a-1"]


def test_other_appointments_are_ignored(world: World) -> None:
    other = Event("e-9", "a-9", world.log.sent["e-1"].updated_at, 2, b"")
    world.log = DeliveryLog()
    world.log.record(other, acknowledged=False)
    assert world.problems() == []
