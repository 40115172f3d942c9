"""Publishes events again from the table's history, with the publication of the publisher."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from appointments import timing
from appointments.deadline import Deadline
from appointments.publishing.bus import Bus
from appointments.publishing.failures import Parked, StreamRange
from appointments.publishing.messages import Message
from appointments.publishing.pending import PendingEvent
from appointments.publishing.publication import publish
from appointments.storage.items import Item
from cli.failures.events import Event, in_order
from cli.failures.history import History, Progress
from cli.failures.queue import FailureReader, HeldFailure

CHUNK = 100
"""After about this many events, the failures whose events are published are deleted."""
CHUNK_SECONDS = 60.0

Key = tuple[str, str]


class GoneError(LookupError):
    """The table does not have the event any more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The events to publish, in order per appointment, and the events that each failure waits for.

    ``unresolved`` are the failures without an event: unknown messages, or events that the table does not have.
    """

    appointments: list[list[Event]]
    waiting: list[tuple[HeldFailure, frozenset[Key]]] = field(default_factory=list)
    unresolved: list[HeldFailure] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.appointments))


@dataclass(slots=True)
class Redriven:
    """The result: the events that EventBridge accepted, those that failed with their code, the deleted failures."""

    accepted: set[Key] = field(default_factory=set)
    failed: dict[Key, str] = field(default_factory=dict)
    removed: int = 0
    stopped: bool = False


def plan(held: Sequence[HeldFailure], history: History, progress: Progress) -> Plan:
    """Find the events of every failure. Reads only."""
    events: dict[str, list[Event]] = {}
    expired: dict[StreamRange, list[HeldFailure]] = {}
    for number, received in enumerate(held, 1):
        progress(f"looking up failures: {number} of {len(held)}")
        if isinstance(received.failure, Parked):
            events[received.message_id] = history.of_parked(received.failure)
        elif isinstance(received.failure, StreamRange):
            streamed = history.of_range(received.failure)
            if streamed is None:
                expired.setdefault(received.failure, []).append(received)
            else:
                events[received.message_id] = streamed
    if expired:
        for lost, found in history.stored_during(list(expired), progress).items():
            events |= {received.message_id: found for received in expired[lost]}
    return Plan(
        appointments=in_order(event for found in events.values() for event in found),
        waiting=[(h, frozenset(e.key for e in events[h.message_id])) for h in held if events.get(h.message_id)],
        unresolved=[h for h in held if not events.get(h.message_id)],
    )


class Redrive:
    """Publishes the events of a plan. ``build`` makes the message of an event item."""

    def __init__(self, history: History, bus: Bus, build: Callable[[Item], Message], progress: Progress) -> None:
        self._history = history
        self._bus = bus
        self._build = build
        self._progress = progress

    def run(self, plan: Plan, queue: FailureReader | None) -> Redriven:
        """Publish the events. Safe to interrupt and to repeat: a failure is deleted after all its events are accepted.

        Stops when no event of a chunk is accepted: the cause is then the bus, not the events.
        """
        redriven = Redriven()
        waiting = list(plan.waiting)
        for chunk in _chunks(plan.appointments):
            accepted = self._publish(chunk, redriven)
            if queue is not None:
                waiting = _remove_done(waiting, queue, redriven)
            self._progress(f"published {len(redriven.accepted)} of {plan.count} events, {len(redriven.failed)} failed")
            if not accepted:
                redriven.stopped = len(redriven.accepted) + len(redriven.failed) < plan.count
                break
        return redriven

    def _publish(self, chunk: Sequence[Event], redriven: Redriven) -> bool:
        """Whether EventBridge accepted an event, or refused single events for good."""
        pending = [
            PendingEvent(event.partition_key, event.sort_key, str(number), "", partial(self._message, event))
            for number, event in enumerate(chunk)
        ]
        # Nothing is parked: an event that still cannot be published stays in the queue, and the next one follows.
        deadline = Deadline(CHUNK_SECONDS, least=timing.PUBLISHER_LEAST_CALL, most=timing.PUBLISHER_WHOLE_CALL)
        published = publish(pending, bus=self._bus, park=lambda *_: None, deadline=deadline)
        for number, event in enumerate(chunk):
            if str(number) in published.failed:
                redriven.failed[event.key] = published.failed[str(number)]
            elif str(number) in published.parked:
                redriven.failed[event.key] = published.parked[str(number)].code
            else:
                redriven.accepted.add(event.key)
        return bool(published.count or published.parked)

    def _message(self, event: Event) -> Message:
        item = self._history.item(event)
        if item is None:
            raise GoneError
        return self._build(item)


def _remove_done(
    waiting: list[tuple[HeldFailure, frozenset[Key]]], queue: FailureReader, redriven: Redriven
) -> list[tuple[HeldFailure, frozenset[Key]]]:
    left = []
    for held, keys in waiting:
        if keys <= redriven.accepted:
            queue.delete(held)
            redriven.removed += 1
        else:
            left.append((held, keys))
    queue.extend_hold()
    return left


def _chunks(appointments: Iterable[list[Event]]) -> Iterator[list[Event]]:
    """Split the events into chunks of whole appointments: the publication holds back what follows a failed event."""
    chunk: list[Event] = []
    for group in appointments:
        chunk += group
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
