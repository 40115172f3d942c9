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


class System:
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
def system() -> System:
    return System()


def test_a_correct_system_has_no_problems(system: System) -> None:
    system.messages.insert(1, system.messages[0])  # a repeated message is allowed
    system.messages.append(system.messages[0])
    assert system.problems() == []


def test_a_changed_body_in_the_bucket_is_reported(system: System) -> None:
    del system.events[0]["body"]
    system.events[0]["bodyKey"] = {"S": "bodies/1"}
    assert system.problems() == []
    system.events[1] = system.events[1] | {"bodyKey": {"S": "bodies/1"}}
    assert system.problems() == ["stored with another body than sent: e-2"]


def test_a_lost_event_is_reported(system: System) -> None:
    system.events.pop(0)
    system.streamed.pop(0)
    assert system.problems() == ["acknowledged, but not in the history: e-1", "published, but never stored: e-1"]


def test_an_unacknowledged_event_may_be_stored_or_not(system: System) -> None:
    system.log.acknowledged.discard("e-1")
    assert system.problems() == []
    for records in (system.events, system.streamed, system.messages):
        records.pop(0)
    assert system.problems() == []


def test_an_event_that_was_never_sent_is_reported(system: System) -> None:
    del system.log.sent["e-1"]
    assert "in the history, but never sent: e-1" in system.problems()


def test_a_changed_body_is_reported(system: System) -> None:
    system.events[0]["body"]["B"] = gzip.compress(BODIES["e-1"] + b" ")
    assert system.problems() == ["stored with another body than sent: e-1"]


@pytest.mark.parametrize("state", ["e-1", "e-3", None])
def test_a_current_item_that_is_not_the_newest_event_is_reported(system: System, state: str | None) -> None:
    if state:
        system.current["eventId"]["S"] = state
    else:
        system.current = {}
    assert system.problems() == ["appointments whose current item is not their newest event: a-1"]


def test_the_greater_id_wins_at_the_same_instant(system: System) -> None:
    system.log.sent["e-3"] = Event("e-3", "a-1", system.log.sent["e-2"].updated_at, 2, system.log.sent["e-3"].digest)
    for records in (system.events, system.streamed):
        records[2]["stale"]["BOOL"] = False
    system.messages[2] = message("e-3", stale=False)
    assert system.problems() == ["appointments whose current item is not their newest event: a-1"]
    system.current["eventId"]["S"] = "e-3"
    assert system.problems() == []


@pytest.mark.parametrize(("index", "flag"), [(0, True), (1, True), (2, False)])
def test_a_wrong_stale_flag_is_reported(system: System, index: int, flag: bool) -> None:
    name = f"e-{index + 1}"
    for records in (system.events, system.streamed):
        records[index]["stale"]["BOOL"] = flag
    system.messages[index] = message(name, stale=flag)
    assert system.problems() == [f"stored with the wrong stale flag: {name}"]


def test_an_unpublished_event_is_reported(system: System) -> None:
    system.messages.pop()
    assert system.problems() == ["stored, but never published: e-3"]


def test_a_message_with_a_different_stale_flag_than_its_event_is_reported(system: System) -> None:
    system.messages.append(message("e-1", stale=True))
    assert system.problems() == ["published with another stale flag than stored: e-1"]


def test_a_different_order_of_messages_and_commits_is_reported(system: System) -> None:
    system.messages.reverse()
    assert system.problems() == ["appointments published in another order than stored: a-1"]


def test_other_appointments_are_ignored(system: System) -> None:
    other = Event("e-9", "a-9", system.log.sent["e-1"].updated_at, 2, b"")
    system.log = DeliveryLog()
    system.log.record(other, acknowledged=False)
    assert system.problems() == []
