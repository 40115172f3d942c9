"""The events of a batch, each appointment's in a lane of its own, so that one that waits holds up no other."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from appointments.publishing.failures import Cause
from appointments.publishing.messages import Message

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds; doubles, with jitter
NOT_TRIED = "OutOfTimeError"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event on its way. ``build`` makes its message; ``partition_key`` is its lane.

    ``created_at`` is the approximate time of the stream record, ``2026-03-02T09:00:00Z``. ``fetches`` unless all that
    ``build`` needs is at hand, so that it waits for nobody.
    """

    partition_key: str
    sort_key: str
    sequence_number: str
    created_at: str
    build: Callable[[], Message]
    fetches: bool = True


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an event is parked; ``code`` is the kind of error or EventBridge's error code."""

    cause: Cause
    code: str


@dataclass(slots=True)
class Lane:
    """One appointment's events in order. Only the first is worked on: it has a message, or a reason to be parked."""

    waiting: deque[tuple[int, Outgoing]] = field(default_factory=deque)
    message: Message | None = None
    reason: Reason | None = None
    code: str = NOT_TRIED
    attempts: int = 0
    not_before: float = 0.0

    @property
    def first(self) -> Outgoing:
        return self.waiting[0][1]

    @property
    def position(self) -> int:
        """Of the first event in the batch."""
        return self.waiting[0][0]

    def depart(self) -> None:
        """The first event's message is on its way: nothing is to be tried until it has landed."""
        self.not_before = math.inf

    def land(self) -> None:
        self.not_before = 0.0

    def advance(self) -> None:
        """The first event is published or parked: on to the next one."""
        self.waiting.popleft()
        self.message = self.reason = None
        self.code, self.attempts = NOT_TRIED, 0

    def pause(self, code: str, now: float) -> None:
        """The first event did not get through just now: it and all behind it wait, longer each time."""
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self.attempts)
        self.code = code
        self.attempts += 1
        self.not_before = now + random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret


class Lanes:
    """All lanes that still have something in them."""

    def __init__(self, outgoing: Iterable[Outgoing]) -> None:
        self._lanes: dict[str, Lane] = {}
        for position, event in enumerate(outgoing):
            self._lanes.setdefault(event.partition_key, Lane()).waiting.append((position, event))

    def __iter__(self) -> Iterator[Lane]:
        return (lane for lane in self._lanes.values() if lane.waiting)

    def ready(self, now: float) -> list[Lane]:
        """Those that need not wait, in the order of the stream.

        The mapping comes back to the earliest event that is reported. What is early goes first, so that a batch that
        is not finished in time has moved on, and what is published again is little.
        """
        return sorted((lane for lane in self if lane.not_before <= now), key=lambda lane: lane.position)

    def pause_all(self, until: float) -> None:
        for lane in self:
            lane.not_before = max(lane.not_before, until)

    def next_moment(self) -> float | None:
        """When the first of those that are not on their way may be tried again; None when there is none."""
        return min((lane.not_before for lane in self if lane.not_before < math.inf), default=None)

    def left(self) -> dict[str, str]:
        """The sequence number of every event that is left, and what stands in the way of its lane."""
        return {event.sequence_number: lane.code for lane in self for _, event in lane.waiting}
