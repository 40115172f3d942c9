"""Test doubles for the publisher: a clock, EventBridge, the failure queue, and events named by letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any

from appointments import timing
from appointments.deadline import Deadline
from appointments.errors import DeadlineExceededError
from appointments.publishing.bus import CALL_ENTRIES, Bus
from appointments.publishing.messages import Message
from appointments.publishing.pending import ParkReason, PendingEvent
from appointments.publishing.publication import Published
from appointments.publishing.publication import publish as publish_batch

SOURCE = "pexip.engage"
Result = dict[str, Any]


class Clock:
    """A clock that moves only when code sleeps or a test advances it."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    def deadline(self, seconds: float) -> Deadline:
        return Deadline(
            seconds,
            least=timing.PUBLISHER_LEAST_CALL,
            most=timing.PUBLISHER_WHOLE_CALL,
            clock=self,
            sleep=self.advance,
            run=self._run,
        )

    def _run(self, seconds: float, call: Callable[[], Any]) -> Any:
        """Run the call. As in the real deadline, a call that takes longer fails, even if it has returned."""
        end = self.seconds + seconds
        result = call()
        if self.seconds > end:
            self.seconds = end
            raise DeadlineExceededError
        return result


class InPlace(Executor):
    """Run each call inside ``submit``, so that the order of the calls is deterministic."""

    def __init__(self, _: int) -> None:
        pass

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments, **named))
        return future


class Bridge:
    """EventBridge in memory. ``answer`` takes the call's number and details; it returns results or raises."""

    def __init__(self, answer: Callable[[int, Sequence[str]], Sequence[Result]] | None = None) -> None:
        self.accepted: list[str] = []
        self.calls: list[list[str]] = []
        self._answer = answer or (lambda _, details: [success() for _ in details])

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the API's name
        assert len(Entries) <= CALL_ENTRIES
        details = [entry["Detail"] for entry in Entries]
        self.calls.append(details)
        results = self._answer(len(self.calls) - 1, details)
        self.accepted += [detail for detail, result in zip(details, results, strict=False) if "EventId" in result]
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": list(results)}

    def accepted_for(self, letter: str) -> list[str]:
        return [detail for detail in self.accepted if detail.startswith(letter)]


class Parking:
    """The failure queue in memory. ``fail`` decides whether parking an event fails."""

    def __init__(self, fail: Callable[[PendingEvent], bool] = lambda _: False) -> None:
        self.parked: dict[str, ParkReason] = {}
        self._fail = fail

    def __call__(self, event: PendingEvent, reason: ParkReason) -> None:
        if self._fail(event):
            raise ConnectionError
        self.parked[event.sort_key] = reason


def success() -> Result:
    return {"EventId": "1"}


def failure(code: str = "ThrottlingException") -> Result:
    return {"ErrorCode": code, "ErrorMessage": "no"}


def events(letters: str, build: Callable[[str], Message] | None = None) -> list[PendingEvent]:
    """Build an event for each letter. The letter is the appointment; the detail of ``a`` at index 3 is ``a3``."""
    return [event(letter, number, build) for number, letter in enumerate(letters)]


def event(letter: str, number: int, build: Callable[[str], Message] | None = None) -> PendingEvent:
    """Build an event. Every second event has to fetch its body."""
    detail = f"{letter}{number}"
    make = build or message
    return PendingEvent(
        letter, detail, str(number), "2026-03-02T09:00:00Z", lambda: make(detail), fetches=number % 2 == 0
    )


def message(detail: str) -> Message:
    return Message(detail[:1], detail, "AppointmentCreated", detail)


def publish(
    bridge: Any,
    pending: list[PendingEvent],
    *,
    park: Any = None,
    seconds: float = 57,
    clock: Clock | None = None,
    executor: Callable[[int], Executor] = InPlace,
) -> Published:
    deadline = (clock or Clock()).deadline(seconds)
    bus = Bus(bridge, "bus", SOURCE)
    return publish_batch(pending, bus=bus, park=park or Parking(), deadline=deadline, executor=executor)
