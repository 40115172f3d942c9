"""What the publisher had to leave, published again from the table's history, by the publisher's own rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from appointments.publishing.budget import Budget
from appointments.publishing.bus import Bus
from appointments.publishing.failures import Parked, StreamRange
from appointments.publishing.messages import Message
from appointments.publishing.pending import Outgoing
from appointments.publishing.publication import publish
from appointments.storage.items import Item
from cli.failures.events import Event, in_order
from cli.failures.history import History, Progress
from cli.failures.queue import FailureQueue, Held

CHUNK = 100
"""About so many events are published before the failures that are done with are removed."""
CHUNK_SECONDS = 60.0

Key = tuple[str, str]


class GoneError(LookupError):
    """The history no longer has the event."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to publish, each appointment's events in order, and which events each failure waits for.

    ``unresolved`` are the failures for which there is nothing to publish: not understood, or nothing found.
    """

    appointments: list[list[Event]]
    waiting: list[tuple[Held, frozenset[Key]]] = field(default_factory=list)
    unresolved: list[Held] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.appointments))


@dataclass(slots=True)
class Redriven:
    """What came of it: the events that EventBridge accepted, those that failed by their code, failures removed."""

    accepted: set[Key] = field(default_factory=set)
    failed: dict[Key, str] = field(default_factory=dict)
    removed: int = 0
    stopped: bool = False


def plan(held: Sequence[Held], history: History, progress: Progress) -> Plan:
    """Finds the events of every failure; reads only."""
    events: dict[str, list[Event]] = {}
    forgotten: dict[StreamRange, list[Held]] = {}
    for number, one in enumerate(held, 1):
        progress(f"looking up failures: {number} of {len(held)}")
        if isinstance(one.failure, Parked):
            events[one.message_id] = history.parked(one.failure)
        elif isinstance(one.failure, StreamRange):
            streamed = history.streamed(one.failure)
            if streamed is None:
                forgotten.setdefault(one.failure, []).append(one)
            else:
                events[one.message_id] = streamed
    if forgotten:
        for lost, found in history.stored_during(list(forgotten), progress).items():
            events |= {one.message_id: found for one in forgotten[lost]}
    return Plan(
        appointments=in_order(event for found in events.values() for event in found),
        waiting=[(h, frozenset(e.key for e in events[h.message_id])) for h in held if events.get(h.message_id)],
        unresolved=[h for h in held if not events.get(h.message_id)],
    )


class Redrive:
    """Publishes a plan. ``build`` makes the message of an event item."""

    def __init__(self, history: History, bus: Bus, build: Callable[[Item], Message], progress: Progress) -> None:
        self._history = history
        self._bus = bus
        self._build = build
        self._progress = progress

    def run(self, plan: Plan, queue: FailureQueue | None) -> Redriven:
        """Safe to interrupt and to repeat: a failure is removed only after all its events were accepted.

        Stops when nothing of a whole chunk gets through: then it is not the events.
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
        """Whether EventBridge took anything, or answered about every single event."""
        outgoing = [
            Outgoing(event.partition_key, event.sort_key, str(number), "", partial(self._message, event))
            for number, event in enumerate(chunk)
        ]
        # Nothing is parked: what will still never go out is left in the queue, and what follows it goes on.
        published = publish(outgoing, bus=self._bus, park=lambda *_: None, budget=Budget(CHUNK_SECONDS))
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
    waiting: list[tuple[Held, frozenset[Key]]], queue: FailureQueue, redriven: Redriven
) -> list[tuple[Held, frozenset[Key]]]:
    left = []
    for held, keys in waiting:
        if keys <= redriven.accepted:
            queue.delete(held)
            redriven.removed += 1
        else:
            left.append((held, keys))
    queue.keep()
    return left


def _chunks(appointments: Iterable[list[Event]]) -> Iterator[list[Event]]:
    """Whole appointments: when one event fails, the publication itself holds back those behind it."""
    chunk: list[Event] = []
    for lane in appointments:
        chunk += lane
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
