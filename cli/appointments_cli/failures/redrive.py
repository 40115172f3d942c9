"""Publishes events again from the table's history, with the publication of the publisher."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from appointments import timing
from appointments.deadline import Deadline
from appointments.publishing.bus import Bus
from appointments.publishing.failures import Parked, StreamRange
from appointments.publishing.messages import Message
from appointments.publishing.pending import PendingEvent
from appointments.publishing.publication import publish
from appointments.storage import items
from appointments_cli.failures.events import ERASED, Event, in_order
from appointments_cli.failures.failure import failure_of
from appointments_cli.failures.history import History
from appointments_cli.progress import Show, shown
from appointments_cli.queue_reader import HeldMessage, QueueReader
from appointments_cli.replays import Run

CHUNK = 100
"""After about this many events, the failures whose events are published are deleted."""
CHUNK_SECONDS = 60.0

Key = tuple[str, str]


class GoneError(LookupError):
    """The table does not have the event any more."""


class ErasedError(LookupError):
    """A person was taken out of the event. Its subscribers must not get it as another event with the same id."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The events to publish, in order per appointment, and the events that each failure waits for.

    ``unresolved`` are the failures without an event: unknown messages, or events that the table does not have.
    """

    appointments: list[list[Event]]
    waiting: list[tuple[HeldMessage, frozenset[Key]]] = field(default_factory=list)
    unresolved: list[HeldMessage] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.appointments))


@dataclass(slots=True)
class RedriveResult:
    """The result: accepted events with EventBridge's id, those that failed with their code, the deleted failures.

    ``erased`` are the events that are not published, because a person was taken out of them. They are no failures.
    """

    accepted: dict[Key, str] = field(default_factory=dict)
    erased: set[Key] = field(default_factory=set)
    failed: dict[Key, str] = field(default_factory=dict)
    removed: int = 0
    stopped: bool = False

    @property
    def results(self) -> dict[Key, str]:
        """What became of each event that was tried, in a word or a code."""
        return {**dict.fromkeys(self.accepted, "published"), **dict.fromkeys(self.erased, ERASED), **self.failed}


def plan(messages: Sequence[HeldMessage], history: History, progress: Show) -> Plan:
    """Find the events of every failure. Reads only."""
    events: dict[str, list[Event]] = {}
    expired: dict[StreamRange, list[HeldMessage]] = {}
    for number, message in enumerate(messages, 1):
        progress("failures looked up", number, len(messages))
        failure = failure_of(message)
        if isinstance(failure, Parked):
            events[message.message_id] = history.of_parked(failure)
        elif isinstance(failure, StreamRange):
            streamed = history.of_range(failure)
            if streamed is None:
                expired.setdefault(failure, []).append(message)
            else:
                events[message.message_id] = streamed
    if expired:
        for lost, events_of_range in history.stored_during(list(expired), progress).items():
            events |= {message.message_id: events_of_range for message in expired[lost]}
    return Plan(
        appointments=in_order(event for found in events.values() for event in found),
        waiting=[
            (message, frozenset(event.key for event in events[message.message_id]))
            for message in messages
            if events.get(message.message_id)
        ],
        unresolved=[message for message in messages if not events.get(message.message_id)],
    )


def published(plan: Plan, queue: QueueReader | None, run: Run, history: History) -> RedriveResult:
    """Publish the events of a plan as messages of a run, and show how far it is; see :meth:`Redrive.run`."""
    target = run.target
    bus = Bus(target.publisher_client("events", timing.PUBLISHER_CALL), target.bus_name, target.event_source)
    with shown() as show:
        return Redrive(history, bus, run, show).run(plan, queue)


class Redrive:
    """Publishes the events of a plan, as messages of a run of the command."""

    def __init__(self, history: History, bus: Bus, run: Run, progress: Show) -> None:
        self._history = history
        self._bus = bus
        self._run = run
        self._progress = progress

    def run(self, plan: Plan, queue: QueueReader | None) -> RedriveResult:
        """Publish the events. Safe to interrupt and to repeat: a failure is deleted after all its events are accepted
        or known to be erased.

        Stops when no event of a chunk is accepted: the cause is then the bus, not the events.
        """
        result = RedriveResult()
        waiting = list(plan.waiting)
        for chunk in _chunks(plan.appointments):
            accepted = self._publish(chunk, result)
            if queue is not None:
                waiting = _remove_done(waiting, queue, result)
            tried = len(result.accepted) + len(result.failed) + len(result.erased)
            self._progress("events tried", tried, plan.count)
            if not accepted:
                result.stopped = tried < plan.count
                break
        return result

    def _publish(self, chunk: Sequence[Event], result: RedriveResult) -> bool:
        """Whether EventBridge accepted an event, or refused single events for good."""
        pending = [
            PendingEvent(event.partition_key, event.sort_key, str(number), "", partial(self._message, event))
            for number, event in enumerate(chunk)
        ]
        # Nothing is parked: an event that still cannot be published stays in the queue, and the next one follows.
        deadline = Deadline(CHUNK_SECONDS, least=timing.PUBLISHER_LEAST_CALL, most=timing.PUBLISHER_WHOLE_CALL)
        published = publish(pending, bus=self._bus, park=lambda *_: None, deadline=deadline)
        accepted: dict[Key, str] = {}
        for number, event in enumerate(chunk):
            if str(number) in published.failed:
                result.failed[event.key] = published.failed[str(number)]
            elif str(number) in published.parked:
                code = published.parked[str(number)].code
                if code == ErasedError.__name__:
                    result.erased.add(event.key)
                else:
                    result.failed[event.key] = code
            else:
                accepted[event.key] = published.accepted[str(number)].event_id
        self._run.record(accepted)
        result.accepted |= accepted
        return bool(published.count or published.parked)

    def _message(self, event: Event) -> Message:
        item = self._history.item(event)
        if item is None:
            raise GoneError
        if items.ERASED_AT in item:
            raise ErasedError
        return self._run.message(item)


def _remove_done(
    waiting: list[tuple[HeldMessage, frozenset[Key]]], queue: QueueReader, result: RedriveResult
) -> list[tuple[HeldMessage, frozenset[Key]]]:
    left = []
    for message, keys in waiting:
        if keys <= result.accepted.keys() | result.erased:
            queue.delete(message)
            result.removed += 1
        else:
            left.append((message, keys))
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
