"""The publisher between a model of the event source mapping and an EventBridge and a queue that fail in every way.

The mapping is as Lambda documents it: a batch comes again from the earliest reported event; one whose invocation
died comes again in halves. The faults are finite, so that everything must have come to its end.
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
from tests.unit.publishing import Bridge, Clock, InPlace, Parking, accepted, event, message, publish, refused

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
    """The execution environment is gone between two steps; nothing in the function gets to see this."""


@dataclass
class World:
    """Everything outside of the function. ``faults`` are used up one by one, None is a call without one."""

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
        """Nothing may be reported of an invocation in which nothing went wrong but single events for good."""
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
            return self._answer_of_one(details)

    def _answer_of_one(self, details: Sequence[str]) -> Sequence[dict[str, Any]]:
        assert len({detail[0] for detail in details}) == len(details), "two of one appointment in a call"
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
            self.clock.pass_by(20)
        if fault in ("kill after", "lose the answer"):
            self.bridge.accepted += [d for d, result in zip(details, results, strict=True) if "EventId" in result]
            raise KilledError if fault == "kill after" else ReadTimeoutError(endpoint_url="url")
        return results

    def _result(self, detail: str, *, throttled: bool) -> dict[str, Any]:
        if throttled:
            return refused()
        return refused("MalformedDetail") if self.kinds[detail] == REFUSED else accepted()

    def _park(self, pending: PendingEvent, reason: ParkReason) -> None:
        match self._next(self.park_faults):
            case "kill before":
                raise KilledError
            case "fail":
                raise ConnectionError
            case "take 20 seconds":
                self.clock.pass_by(20)
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
    """The event source mapping, which never gives up here."""
    while batch:
        try:
            failed = invoke(batch).failed
        except KilledError:
            if len(batch) > 1:
                deliver(batch[: len(batch) // 2], invoke)
                batch = batch[len(batch) // 2 :]
            continue
        reported = [index for index, one in enumerate(batch) if one.sequence_number in failed]
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
def test_whatever_fails_every_event_is_published_or_parked_and_an_appointments_order_is_kept(drawn: Any) -> None:
    letters, call_faults, park_faults, masks, seconds, batch_size, entries, executor = drawn
    kinds = {f"{letter}{number}": kind for number, (letter, kind) in enumerate(letters)}

    def build(detail: str) -> Message:
        if kinds[detail] == UNREADABLE:
            raise ValueError
        return message(detail)

    stream = [event(letter, number, build) for number, (letter, _) in enumerate(letters)]
    world = World(kinds, call_faults, park_faults, masks, seconds, executor)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publication, "CALL_ENTRIES", entries)  # so that there is more than one call to make
        for start in range(0, len(stream), batch_size):
            deliver(stream[start : start + batch_size], world.invoke)

    good = [detail for detail, kind in kinds.items() if kind == GOOD]
    assert set(world.bridge.accepted) == set(good)
    assert set(world.parking.parked) == set(kinds) - set(good)
    for letter in "abcd":
        first_publications = list(dict.fromkeys(world.bridge.of(letter)))
        assert first_publications == [detail for detail in good if detail[0] == letter]


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcdefghijklmnop"), max_size=60), st.sets(st.sampled_from("abcdefghijklmnop")))
def test_appointments_that_cannot_get_through_are_reported_whole_and_no_other_is(letters: Any, stuck: set[str]) -> None:
    bridge = Bridge(lambda _, details: [refused() if d[0] in stuck else accepted() for d in details])
    batch = [event(letter, number) for number, letter in enumerate(letters)]
    published = publish(bridge, batch)
    assert set(published.failed) == {str(number) for number, letter in enumerate(letters) if letter in stuck}
    for letter in set(letters) - stuck:
        assert bridge.of(letter) == [one.sort_key for one in batch if one.partition_key == letter]


@settings(deadline=None)
@given(st.text("abc", max_size=12), st.lists(st.sampled_from((GOOD, UNREADABLE, REFUSED, INVALID)), min_size=12))
def test_events_that_will_never_go_out_cost_no_other_event_a_second_invocation(letters: str, kinds: Any) -> None:
    """And none is published twice for them."""
    world = World({f"{letter}{n}": kinds[n] for n, letter in enumerate(letters)}, [], [], [], 57)

    def build(detail: str) -> Message:
        if world.kinds[detail] == UNREADABLE:
            raise ValueError
        return message(detail)

    world.invoke([event(letter, number, build) for number, letter in enumerate(letters)])
    assert len(world.bridge.accepted) == len(set(world.bridge.accepted)) == list(world.kinds.values()).count(GOOD)
