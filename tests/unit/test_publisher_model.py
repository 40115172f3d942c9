"""The publisher with a model of the event source mapping, and with an EventBridge and a queue that fail in every way.

The mapping behaves as Lambda documents it: it delivers a batch again from the earliest reported event, and splits the
batch of an invocation that died. The number of faults is finite, so every event must end published or parked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from appointments.publishing import publication
from appointments.publishing.messages import Message
from appointments.publishing.pending import ParkReason, PendingEvent
from appointments.publishing.publication import Published
from tests import profiles
from tests.unit.publishing import Bridge, Clock, InPlace, Parking, event, failure, message, publish, success

GOOD, UNREADABLE, REFUSED, INVALID = range(4)
CALL_FAULTS = (
    "throttle some",
    "fail whole",
    "deny whole",
    "lose the answer",
    "answer nothing",
    "confirm nothing",
    "take 20 seconds",
    "kill before",
    "kill after",
)
PARK_FAULTS = ("fail", "fail after", "take 20 seconds", "kill before", "kill after")


class KilledError(BaseException):
    """The execution environment dies between two steps. No code of the function may handle this."""


@dataclass
class World:
    """Everything outside the function. Each call takes the next fault of its list; None is a call without a fault."""

    kinds: dict[str, int]
    call_faults: list[str | None]
    park_faults: list[str | None]
    masks: list[int]
    seconds: float
    executor: Callable[[int], Executor] = InPlace
    clock: Clock = field(default_factory=Clock)
    faulty: bool = False
    lock: Any = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.bridge = Bridge(self._answer)
        self.parking = Parking()

    def invoke(self, batch: list[PendingEvent]) -> Published:
        """Invoke the publisher. It may report an event only after a fault: permanent failures are parked."""
        self.faulty = False
        published = publish(
            self.bridge, batch, park=self._park, seconds=self.seconds, clock=self.clock, executor=self.executor
        )
        assert self.faulty or published.failed == {}
        assert published.count + len(published.parked) + len(published.failed) == len(batch)
        return published

    def _next(self, faults: list[str | None]) -> str | None:
        fault = faults.pop(0) if faults else None
        self.faulty = self.faulty or fault is not None
        return fault

    def _answer(self, _: int, details: Sequence[str]) -> Sequence[dict[str, Any]]:
        with self.lock:
            return self._answer_locked(details)

    def _answer_locked(self, details: Sequence[str]) -> Sequence[dict[str, Any]]:
        assert len({detail[0] for detail in details}) == len(details), "one call contains two events of an appointment"
        fault = self._next(self.call_faults)
        match fault:
            case "kill before":
                raise KilledError
            case "fail whole":
                raise ClientError({"Error": {"Code": "InternalException"}}, "PutEvents")
            case "deny whole":
                raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutEvents")
            case "answer nothing":
                return []
            case "confirm nothing":
                return [{} for _ in details]
        if any(self.kinds[detail] == INVALID for detail in details):
            raise ClientError({"Error": {"Code": "ValidationException"}}, "PutEvents")
        mask = self.masks.pop(0) if fault == "throttle some" and self.masks else 0
        results = [self._result(detail, throttled=bool(mask >> n & 1)) for n, detail in enumerate(details)]
        if fault == "take 20 seconds":
            self.clock.advance(20)
        if fault in ("kill after", "lose the answer"):
            self.bridge.accepted += [d for d, result in zip(details, results, strict=True) if "EventId" in result]
            raise KilledError if fault == "kill after" else ReadTimeoutError(endpoint_url="url")
        return results

    def _result(self, detail: str, *, throttled: bool) -> dict[str, Any]:
        if throttled:
            return failure()
        return failure("MalformedDetail") if self.kinds[detail] == REFUSED else success()

    def _park(self, pending: PendingEvent, reason: ParkReason) -> None:
        match self._next(self.park_faults):
            case "kill before":
                raise KilledError
            case "fail":
                raise ConnectionError
            case "take 20 seconds":
                self.clock.advance(20)
                self.parking(pending, reason)
            case "fail after":
                self.parking(pending, reason)
                raise ConnectionError
            case "kill after":
                self.parking(pending, reason)
                raise KilledError
            case None:
                self.parking(pending, reason)


def deliver(batch: list[PendingEvent], invoke: Callable[[list[PendingEvent]], Published]) -> None:
    """Deliver a batch as the event source mapping does, with no limit of attempts."""
    while batch:
        try:
            failed = invoke(batch).failed
        except KilledError:
            if len(batch) > 1:
                deliver(batch[: len(batch) // 2], invoke)
                batch = batch[len(batch) // 2 :]
            continue
        reported = [index for index, pending in enumerate(batch) if pending.sequence_number in failed]
        batch = batch[reported[0] :] if reported else []


def faults(kinds: Sequence[str]) -> st.SearchStrategy[list[str | None]]:
    return st.lists(st.sampled_from((*kinds, None)), max_size=25)


worlds = st.tuples(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from((GOOD, GOOD, GOOD, UNREADABLE, REFUSED, INVALID)))),
    faults(CALL_FAULTS),
    faults(PARK_FAULTS),
    st.lists(st.integers(0, 15), max_size=25),
    st.floats(1.5, 60),
    st.integers(1, 12),
    st.integers(1, 3),
    st.sampled_from((InPlace, ThreadPoolExecutor)),
)


@given(worlds)
@settings(max_examples=profiles.examples(500), deadline=None)
def test_despite_faults_every_event_is_published_or_parked_in_the_order_of_its_appointment(drawn: Any) -> None:
    letters, call_faults, park_faults, masks, seconds, batch_size, entries, executor = drawn
    kinds = {f"{letter}{number}": kind for number, (letter, kind) in enumerate(letters)}

    def build(detail: str) -> Message:
        if kinds[detail] == UNREADABLE:
            raise ValueError
        return message(detail)

    stream = [event(letter, number, build) for number, (letter, _) in enumerate(letters)]
    world = World(kinds, call_faults, park_faults, masks, seconds, executor)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publication, "CALL_ENTRIES", entries)  # so that a batch needs several calls
        for start in range(0, len(stream), batch_size):
            deliver(stream[start : start + batch_size], world.invoke)

    good = [detail for detail, kind in kinds.items() if kind == GOOD]
    assert set(world.bridge.accepted) == set(good)
    assert set(world.parking.parked) == set(kinds) - set(good)
    for letter in "abcd":
        first_publications = list(dict.fromkeys(world.bridge.accepted_for(letter)))
        assert first_publications == [detail for detail in good if detail[0] == letter]


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcdefghijklmnop"), max_size=60), st.sets(st.sampled_from("abcdefghijklmnop")))
def test_all_events_of_a_refused_appointment_are_reported_and_no_others(
    letters: Any, refused_letters: set[str]
) -> None:
    bridge = Bridge(lambda _, details: [failure() if d[0] in refused_letters else success() for d in details])
    batch = [event(letter, number) for number, letter in enumerate(letters)]
    published = publish(bridge, batch)
    assert set(published.failed) == {str(number) for number, letter in enumerate(letters) if letter in refused_letters}
    for letter in set(letters) - refused_letters:
        assert bridge.accepted_for(letter) == [pending.sort_key for pending in batch if pending.partition_key == letter]


@settings(deadline=None)
@given(st.text("abc", max_size=12), st.lists(st.sampled_from((GOOD, UNREADABLE, REFUSED, INVALID)), min_size=12))
def test_permanent_failures_of_events_cause_no_second_invocation(letters: str, kinds: Any) -> None:
    """No event is published twice because of them."""
    world = World({f"{letter}{n}": kinds[n] for n, letter in enumerate(letters)}, [], [], [], 57)

    def build(detail: str) -> Message:
        if world.kinds[detail] == UNREADABLE:
            raise ValueError
        return message(detail)

    world.invoke([event(letter, number, build) for number, letter in enumerate(letters)])
    assert len(world.bridge.accepted) == len(set(world.bridge.accepted)) == list(world.kinds.values()).count(GOOD)
