"""Publishes a batch: nothing is lost, the order of each appointment is kept, and no appointment blocks another.

EventBridge accepts or refuses each entry of a call separately. Two messages of one appointment therefore never share
a call: with the first refused and the second accepted, their order would be lost. A call takes the first pending
message of at most ten appointments. A few calls are in flight at the same time, because a call consists mostly of
waiting, but never two with the same appointment.

====================  ======================================================================================
result                what follows
====================  ======================================================================================
accepted              the next event of its appointment
can never succeed     the event is parked; once the failure queue has it, the next event of its appointment
any other             a retry within the deadline, with later events of the appointment blocked; then a report
====================  ======================================================================================
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from appointments.deadline import Deadline
from appointments.errors import BodyLostError
from appointments.publishing.bus import CALL_ENTRIES, Accepted, Bus, Refusal, Result
from appointments.publishing.failures import Cause
from appointments.publishing.messages import ENTRY_BYTES, Message
from appointments.publishing.pending import AppointmentQueue, ParkReason, PendingEvent, PendingEvents
from appointments.sdk import name_of

CALLS_IN_FLIGHT = 4
"""At most this many calls while the bus answers. After a call that fails as a whole there is one at a time."""
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    BodyLostError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    zlib.error,
)
"""The errors of building a message from an item that the store did not write. No retry changes them."""

Park = Callable[[PendingEvent, ParkReason], None]
"""Returns once the event is safe in the failure queue; any exception means that it is not."""


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """An event on the bus. ``event_id`` is EventBridge's; the others are those of its :class:`.messages.Message`."""

    event_id: str
    unknown_members: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()


@dataclass(slots=True)
class Published:
    """The result of a batch, by sequence number: which events are published, and why others are not."""

    accepted: dict[str, PublishedEvent] = field(default_factory=dict)
    parked: dict[str, ParkReason] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.accepted)


def publish(
    events: Iterable[PendingEvent],
    *,
    bus: Bus,
    park: Park,
    deadline: Deadline,
    executor: Callable[[int], Executor] = ThreadPoolExecutor,
) -> Published:
    """Publish events, given in the order of the stream, until all are done or the deadline has passed.

    When it returns, no call is in flight, except calls that hang and were abandoned.
    """
    with executor(CALLS_IN_FLIGHT) as calls:
        return _Publication(PendingEvents(events), bus, park, deadline, calls).run()


Call = Sequence[tuple[AppointmentQueue, Message]]
Results = Sequence[Result]


class _Publication:
    """One thread does everything but the calls."""

    def __init__(self, pending: PendingEvents, bus: Bus, park: Park, deadline: Deadline, calls: Executor) -> None:
        self._pending = pending
        self._bus = bus
        self._park = park
        self._deadline = deadline
        self._calls = calls
        self._in_flight: dict[Future[Results], Call] = {}
        self._most_in_flight = CALLS_IN_FLIGHT
        self._published = Published()

    def run(self) -> Published:
        while not self._deadline.passed:
            full = len(self._in_flight) >= self._most_in_flight
            if not full and (call := self._next_call()):
                self._start(call)
            elif self._in_flight:
                self._settle_finished(None if full else self._pending.next_moment())
            elif (moment := self._pending.next_moment()) is not None:
                self._deadline.sleep_until(moment)
            else:
                break
        while self._in_flight:
            self._settle_finished()
        self._published.failed = self._pending.left()
        return self._published

    def _next_call(self) -> Call:
        """The first messages of at most ten appointments, within the size of one call."""
        call: list[tuple[AppointmentQueue, Message]] = []
        room = ENTRY_BYTES
        for queue in self._pending.ready(self._deadline.now()):
            message = self._message(queue)
            if message is None:
                continue
            size = self._bus.size(message)
            if call and (size > room or len(call) == CALL_ENTRIES):
                break
            call.append((queue, message))
            room -= size
        return call

    def _message(self, queue: AppointmentQueue) -> Message | None:
        """The queue's first message; None when its event is parked instead, or has to wait."""
        if queue.message is None and queue.park_reason is None:
            self._build(queue)
        if queue.park_reason is not None:
            self._park_first(queue, queue.park_reason)
        return queue.message

    def _build(self, queue: AppointmentQueue) -> None:
        event = queue.first
        try:
            # Only a fetch can hang. Other builds run without the deadline's second thread, a third of their cost.
            queue.message = self._deadline.call(event.build) if event.fetches else event.build()
        except (BotoCoreError, ClientError) as error:  # before UNREADABLE: some of them are ValueErrors as well
            queue.pause(name_of(error), self._deadline.now())
        except UNREADABLE as error:
            queue.park_reason = ParkReason(Cause.UNREADABLE, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - an error that is not known to be permanent is retried
            queue.pause(type(error).__name__, self._deadline.now())

    def _park_first(self, queue: AppointmentQueue, reason: ParkReason) -> None:
        event = queue.first
        try:
            self._deadline.call(lambda: self._park(event, reason))
        except Exception as error:  # noqa: BLE001 - after any error the event is not known to be safe
            queue.pause(name_of(error), self._deadline.now())
        else:
            self._published.parked[event.sequence_number] = reason
            queue.advance()

    def _start(self, call: Call) -> None:
        for queue, _ in call:
            queue.start_call()
        messages = [message for _, message in call]
        if not self._in_flight and self._pending.next_moment() is None:  # no other call can run beside it: no thread
            self._settle(call, self._bus.put(messages, self._deadline))
        else:
            self._in_flight[self._calls.submit(self._bus.put, messages, self._deadline)] = call

    def _settle_finished(self, moment: float | None = None) -> None:
        """Wait for a call to return, but at most until ``moment``."""
        timeout = None if moment is None else self._deadline.seconds_until(moment)
        for future in wait(self._in_flight, timeout, FIRST_COMPLETED).done:
            self._settle(self._in_flight.pop(future), future.result())

    def _settle(self, call: Call, results: Results) -> None:
        for (queue, message), result in zip(call, results, strict=True):
            self._settle_entry(queue, message, result)
        if any(isinstance(result, Refusal) and result.whole_call and not result.permanent for result in results):
            # The bus fails, not an entry: more calls do not help.
            self._most_in_flight = 1
            self._pending.pause_all(max(queue.not_before for queue, _ in call))
        else:
            self._most_in_flight = CALLS_IN_FLIGHT

    def _settle_entry(self, queue: AppointmentQueue, message: Message, result: Result) -> None:
        queue.end_call()
        if isinstance(result, Accepted):
            event = PublishedEvent(result.event_id, message.unknown_members, message.violations)
            self._published.accepted[queue.first.sequence_number] = event
            queue.advance()
        elif result.permanent:
            queue.message, queue.park_reason = None, ParkReason(Cause.REFUSED, result.code)
        else:
            queue.pause(result.code, self._deadline.now())
