"""The events of a batch that are not published yet, in a queue for each appointment.

A queue keeps the order of its appointment and blocks no other appointment.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from appointments import timing
from appointments.errors import DeadlineExceededError
from appointments.publishing.failures import Cause
from appointments.publishing.messages import Message

NOT_TRIED = DeadlineExceededError.__name__


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event to publish. ``build`` makes its message; ``partition_key`` names its appointment.

    ``created_at`` is the approximate time of the stream record, ``2026-03-02T09:00:00Z``. ``fetches`` is False when
    ``build`` calls no service.
    """

    partition_key: str
    sort_key: str
    sequence_number: str
    created_at: str
    build: Callable[[], Message]
    fetches: bool = True


@dataclass(frozen=True, slots=True)
class ParkReason:
    """Why an event is parked; ``code`` is the kind of error or EventBridge's error code."""

    cause: Cause
    code: str


@dataclass(slots=True)
class AppointmentQueue:
    """One appointment's events in order. Only the first has a message, or a reason to be parked.

    ``code`` says what prevents the first event from being published; ``not_before`` is when to try it again.
    """

    events: deque[tuple[int, PendingEvent]] = field(default_factory=deque)
    message: Message | None = None
    park_reason: ParkReason | None = None
    code: str = NOT_TRIED
    attempts: int = 0
    not_before: float = 0.0

    @property
    def first(self) -> PendingEvent:
        return self.events[0][1]

    @property
    def position(self) -> int:
        """The position of the first event in the batch."""
        return self.events[0][0]

    def start_call(self) -> None:
        """Block the queue: the first event's message is in flight."""
        self.not_before = math.inf

    def end_call(self) -> None:
        self.not_before = 0.0

    def advance(self) -> None:
        """Remove the first event, which is published or parked."""
        self.events.popleft()
        self.message = self.park_reason = None
        self.code, self.attempts = NOT_TRIED, 0

    def pause(self, code: str, now: float) -> None:
        """Delay the queue after a failure of the first event, longer each time."""
        longest = min(timing.PUBLISH_LONGEST_PAUSE, timing.PUBLISH_FIRST_PAUSE * 2**self.attempts)
        self.code = code
        self.attempts += 1
        self.not_before = now + random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret


class PendingEvents:
    """The queues of a batch that still hold events."""

    def __init__(self, events: Iterable[PendingEvent]) -> None:
        self._queues: dict[str, AppointmentQueue] = {}
        for position, event in enumerate(events):
            self._queues.setdefault(event.partition_key, AppointmentQueue()).events.append((position, event))

    def __iter__(self) -> Iterator[AppointmentQueue]:
        return (queue for queue in self._queues.values() if queue.events)

    def ready(self, now: float) -> list[AppointmentQueue]:
        """Return the queues that need not wait, in the order of the stream.

        The event source mapping retries a batch from the earliest reported event, so early events go first: what is
        published again stays small.
        """
        return sorted((queue for queue in self if queue.not_before <= now), key=lambda queue: queue.position)

    def pause_all(self, until: float) -> None:
        for queue in self:
            queue.not_before = max(queue.not_before, until)

    def next_moment(self) -> float | None:
        """Return when the next queue may be tried; None when all of them are in flight or empty."""
        return min((queue.not_before for queue in self if queue.not_before < math.inf), default=None)

    def left(self) -> dict[str, str]:
        """Return the sequence number of every event, and the code that blocks its queue."""
        return {event.sequence_number: queue.code for queue in self for _, event in queue.events}
