"""A batch onto the bus: nothing lost, nothing reordered within an appointment, no appointment held up by another.

EventBridge accepts or refuses each entry of a call by itself. Two messages of one appointment therefore never
share a call: were the first refused and the second accepted, they would be published out of order. Each call
takes the first outstanding message of up to ten appointments. A few calls are on their way at once, for most of
what a call takes is waiting, but never two with the same appointment.

==================  ========================================================================================
what happens        what becomes of the event
==================  ========================================================================================
accepted            the next one of its appointment follows
will never go out   parked: it is done once the failure queue has it, and the next one follows
anything else       tried again while there is time, its appointment's later events behind it; then reported
==================  ========================================================================================
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from appointments.errors import BodyLostError
from appointments.publishing.budget import Budget
from appointments.publishing.bus import CALL_ENTRIES, Bus, Refusal
from appointments.publishing.failures import Cause
from appointments.publishing.messages import ENTRY_BYTES, Message
from appointments.publishing.pending import Lane, Lanes, Outgoing, Reason

CALLS_IN_FLIGHT = 4
"""At once, as long as the bus answers. While it is in trouble one call at a time finds out how it is."""
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
"""What making a message of an item raises when the item is not one that the store wrote: no retry changes that."""

Park = Callable[[Outgoing, Reason], None]
"""Returns once the event is safe elsewhere; whatever it raises means that it is not."""


@dataclass(slots=True)
class Published:
    """What became of a batch, by sequence number: how many were published, why parked, and what stopped the rest."""

    count: int = 0
    parked: dict[str, Reason] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def publish(
    outgoing: Iterable[Outgoing],
    *,
    bus: Bus,
    park: Park,
    budget: Budget,
    executor: Callable[[int], Executor] = ThreadPoolExecutor,
) -> Published:
    """Publish in order per appointment until all is done or the time is up; ``outgoing`` is in the stream's order.

    No call is on its way any more when it returns, but for one that was given up because it hangs.
    """
    with executor(CALLS_IN_FLIGHT) as calls:
        return _Publication(Lanes(outgoing), bus, park, budget, calls).run()


Wave = Sequence[tuple[Lane, Message]]
Refusals = Sequence[Refusal | None]


class _Publication:
    """All but the calls themselves is done in one thread."""

    def __init__(self, lanes: Lanes, bus: Bus, park: Park, budget: Budget, calls: Executor) -> None:
        self._lanes = lanes
        self._bus = bus
        self._park = park
        self._budget = budget
        self._calls = calls
        self._flights: dict[Future[Refusals], Wave] = {}
        self._room = CALLS_IN_FLIGHT
        self._published = Published()

    def run(self) -> Published:
        while not self._budget.spent():
            full = len(self._flights) >= self._room
            if not full and (wave := self._wave()):
                self._put(wave)
            elif self._flights:
                self._land(None if full else self._lanes.next_moment())
            elif (moment := self._lanes.next_moment()) is not None:
                self._budget.wait_until(moment)
            else:
                break
        while self._flights:
            self._land()
        self._published.failed = self._lanes.left()
        return self._published

    def _wave(self) -> list[tuple[Lane, Message]]:
        """The first messages of up to ten appointments, within the size of one call."""
        wave: list[tuple[Lane, Message]] = []
        room = ENTRY_BYTES
        for lane in self._lanes.ready(self._budget.now()):
            message = self._message(lane)
            if message is None:
                continue
            size = self._bus.size(message)
            if wave and (size > room or len(wave) == CALL_ENTRIES):
                break
            wave.append((lane, message))
            room -= size
        return wave

    def _message(self, lane: Lane) -> Message | None:
        """The lane's first message; None when its event had to be parked instead, or has to wait."""
        if lane.message is None and lane.reason is None:
            self._build(lane)
        if lane.reason is not None:
            self._give_up(lane, lane.reason)
        return lane.message

    def _build(self, lane: Lane) -> None:
        event = lane.first
        try:
            # A call of its own costs a third of what making a message does: only what can hang is worth it.
            lane.message = self._budget.call(event.build) if event.fetches else event.build()
        except (BotoCoreError, ClientError) as error:  # before the others: some of them are ValueErrors as well
            lane.pause(type(error).__name__, self._budget.now())
        except UNREADABLE as error:
            lane.reason = Reason(Cause.UNREADABLE, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - what is not known to be permanent is tried again
            lane.pause(type(error).__name__, self._budget.now())

    def _give_up(self, lane: Lane, reason: Reason) -> None:
        event = lane.first
        try:
            self._budget.call(lambda: self._park(event, reason))
        except Exception as error:  # noqa: BLE001 - whatever parking raises, the event is not known to be safe
            lane.pause(type(error).__name__, self._budget.now())
        else:
            self._published.parked[event.sequence_number] = reason
            lane.advance()

    def _put(self, wave: Wave) -> None:
        for lane, _ in wave:
            lane.depart()
        messages = [message for _, message in wave]
        if not self._flights and self._lanes.next_moment() is None:  # nothing to do meanwhile: no thread is worth it
            self._settle_all(wave, self._bus.put(messages, self._budget))
        else:
            self._flights[self._calls.submit(self._bus.put, messages, self._budget)] = wave

    def _land(self, moment: float | None = None) -> None:
        """Wait for a call to return, but not beyond ``moment``."""
        timeout = None if moment is None else self._budget.seconds_until(moment)
        for flight in wait(self._flights, timeout, FIRST_COMPLETED).done:
            self._settle_all(self._flights.pop(flight), flight.result())

    def _settle_all(self, wave: Wave, refusals: Refusals) -> None:
        for (lane, _), refusal in zip(wave, refusals, strict=True):
            self._settle(lane, refusal)
        if any(refusal and refusal.whole and not refusal.permanent for refusal in refusals):
            # Not the entries but the bus is in trouble: hammering it with the other appointments helps nobody.
            self._room = 1
            self._lanes.pause_all(max(lane.not_before for lane, _ in wave))
        else:
            self._room = CALLS_IN_FLIGHT

    def _settle(self, lane: Lane, refusal: Refusal | None) -> None:
        lane.land()
        if refusal is None:
            self._published.count += 1
            lane.advance()
        elif refusal.permanent:
            lane.message, lane.reason = None, Reason(Cause.REFUSED, refusal.code)
        else:
            lane.pause(refusal.code, self._budget.now())
