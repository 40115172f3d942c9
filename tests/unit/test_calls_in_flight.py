"""Concurrent calls of PutEvents, in real threads: they keep the order of each appointment and do not delay others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from appointments import timing
from appointments.deadline import Deadline
from appointments.publishing import publication
from appointments.publishing.bus import Bus
from appointments.publishing.pending import PendingEvent
from appointments.publishing.publication import CALLS_IN_FLIGHT, Published, publish
from tests import profiles
from tests.unit.publishing import SOURCE, Bridge, Parking, Result, events, failure, success

LETTERS = "".join(chr(ord("A") + number) for number in range(58))
TIMEOUT = 20.0  # seconds, after which a test fails instead of hanging


class Traffic(Bridge):
    """EventBridge in memory that counts concurrent calls. ``answer`` may block; it returns a result for each detail."""

    def __init__(self, answer: Callable[[Sequence[str]], Sequence[Result]]) -> None:
        super().__init__(lambda _, details: answer(details))
        self._lock = Lock()
        self._letters_in_flight: list[str] = []
        self.in_flight = 0
        self.concurrency: list[int] = []
        self.collisions = 0

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the API's name
        with self._call_in_flight([entry["Detail"][0] for entry in Entries]):
            return super().put_events(Entries=Entries)

    @contextmanager
    def _call_in_flight(self, letters: list[str]) -> Iterator[None]:
        with self._lock:
            self._letters_in_flight += letters
            self.in_flight += 1
            self.concurrency.append(self.in_flight)
            self.collisions += len(self._letters_in_flight) - len(set(self._letters_in_flight))
        try:
            yield
        finally:
            with self._lock:
                self.in_flight -= 1
                for letter in letters:
                    self._letters_in_flight.remove(letter)


def take(
    traffic: Traffic,
    pending: list[PendingEvent],
    seconds: float = TIMEOUT,
    executor: Callable[[int], Executor] = ThreadPoolExecutor,
    clock: Callable[[], float] = time.monotonic,
) -> Published:
    """Publish the events, and fail if two events of an appointment are in flight at the same time."""
    bus = Bus(traffic, "bus", SOURCE)  # type: ignore[arg-type]
    deadline = Deadline(seconds, least=timing.PUBLISHER_LEAST_CALL, most=timing.PUBLISHER_WHOLE_CALL, clock=clock)
    published = publish(pending, bus=bus, park=Parking(), deadline=deadline, executor=executor)
    assert not traffic.collisions, "two events of an appointment were in flight at the same time"
    return published


def accept(details: Sequence[str]) -> list[Result]:
    return [success() for _ in details]


def accept_after(seconds: float) -> Callable[[Sequence[str]], list[Result]]:
    def answer(details: Sequence[str]) -> list[Result]:
        time.sleep(seconds)
        return accept(details)

    return answer


def test_calls_run_concurrently_up_to_the_maximum() -> None:
    together = Barrier(CALLS_IN_FLIGHT)

    def meet(details: Sequence[str]) -> list[Result]:
        together.wait(TIMEOUT)
        return accept(details)

    traffic = Traffic(meet)
    assert take(traffic, events(LETTERS[: 10 * CALLS_IN_FLIGHT])).count == 10 * CALLS_IN_FLIGHT
    assert max(traffic.concurrency) == CALLS_IN_FLIGHT


def test_the_calls_in_flight_never_exceed_the_maximum() -> None:
    traffic = Traffic(accept_after(0.002))
    assert take(traffic, events(LETTERS * 3)).count == 174
    assert max(traffic.concurrency) <= CALLS_IN_FLIGHT


def test_a_hanging_call_delays_only_the_appointments_in_it() -> None:
    others = len(LETTERS) * 2 - 20
    traffic: Traffic

    def hang(details: Sequence[str]) -> list[Result]:
        begun = time.monotonic()
        while "A0" in details and len(traffic.accepted) < others:
            assert time.monotonic() - begun < TIMEOUT
            time.sleep(0.001)
        return accept(details)

    traffic = Traffic(hang)
    assert take(traffic, events(LETTERS * 2)).count == len(LETTERS) * 2
    assert traffic.accepted_for("A") == ["A0", "A58"]


def test_a_retry_does_not_wait_for_the_calls_of_other_appointments() -> None:
    retry_sent = Event()

    def answer(details: Sequence[str]) -> list[Result]:
        if "K10" in details:
            assert retry_sent.wait(TIMEOUT)
        if details == ["A0"]:
            retry_sent.set()
        return [failure() if detail == "A0" and len(details) > 1 else success() for detail in details]

    traffic = Traffic(answer)
    assert take(traffic, events(LETTERS[:12])).count == 12
    assert traffic.calls[2] == ["A0"]


def test_a_failing_bus_gets_one_call_at_a_time_until_a_call_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "PUBLISH_FIRST_PAUSE", 0.001)
    failures = 12

    def answer(details: Sequence[str]) -> list[Result]:
        time.sleep(0.002)
        if len(traffic.calls) <= failures:
            raise ClientError({"Error": {"Code": "InternalException"}}, "PutEvents")
        return accept(details)

    traffic = Traffic(answer)
    assert take(traffic, events(LETTERS * 2)).count == len(LETTERS) * 2
    while_failing, afterwards = traffic.concurrency[CALLS_IN_FLIGHT : failures + 1], traffic.concurrency[failures + 1 :]
    assert set(while_failing) == {1}
    assert max(afterwards) > 1


def test_every_call_has_returned_when_the_batch_is_reported() -> None:
    """A call still in flight could put an event on the bus after later events of the next invocation."""
    now = [0.0]  # set by the answers, so that the time is up after as many calls on a busy machine as on an idle one

    def answer(details: Sequence[str]) -> list[Result]:
        time.sleep(0.05)
        now[0] += 0.3
        return accept(details)

    traffic = Traffic(answer)
    seconds = timing.PUBLISHER_LEAST_CALL + 0.1
    published = take(traffic, events(LETTERS * 20), seconds, clock=lambda: now[0])
    assert traffic.in_flight == 0
    assert published.count == len(traffic.accepted)
    assert 0 < published.count == 58 * 20 - len(published.failed) < 58 * 20


def test_a_system_exit_in_a_call_ends_the_batch() -> None:
    def answer(details: Sequence[str]) -> list[Result]:
        if "K10" in details:
            raise SystemExit
        return accept(details)

    with pytest.raises(SystemExit):
        take(Traffic(answer), events(LETTERS))


class NoThreads(Executor):
    """A pool without threads: ``submit`` of the base class raises NotImplementedError."""

    def __init__(self, _: int) -> None:
        pass


def test_a_call_that_runs_alone_uses_no_thread_of_the_pool() -> None:
    for letters in ("A", "AAA", LETTERS[:10]):
        assert take(Traffic(accept), events(letters), executor=NoThreads).count == len(letters)
    with pytest.raises(NotImplementedError):
        take(Traffic(accept), events(LETTERS[:11]), executor=NoThreads)


moments = st.lists(st.sampled_from((0.0, 0.0, 0.001, 0.003)), min_size=1, max_size=20)
answers = st.lists(st.sampled_from((None, None, None, "refuse", "fail", "lose")), max_size=15)


@settings(max_examples=profiles.examples(60), deadline=None)
@given(st.lists(st.sampled_from("abcdefgh"), max_size=60), moments, answers, st.integers(1, 3), st.integers(0, 2**30))
def test_calls_that_finish_out_of_order_keep_the_order_of_each_appointment(
    letters: list[str], durations: list[float], faults: list[str | None], entries: int, mask: int
) -> None:
    def answer(details: Sequence[str]) -> list[Result]:
        call = len(traffic.calls)
        time.sleep(durations[call % len(durations)])
        fault = faults.pop(0) if faults else None
        if fault == "fail":
            raise ClientError({"Error": {"Code": "InternalException"}}, "PutEvents")
        if fault == "lose":
            traffic.accepted.extend(details)
            raise TimeoutError
        refusals = [fault == "refuse" and bool(mask >> (call + n) % 30 & 1) for n in range(len(details))]
        return [failure() if refusal else success() for refusal in refusals]

    traffic = Traffic(answer)
    pending = events("".join(letters))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publication, "CALL_ENTRIES", entries)
        patch.setattr(timing, "PUBLISH_FIRST_PAUSE", 0.0005)
        patch.setattr(timing, "PUBLISH_LONGEST_PAUSE", 0.002)
        published = take(traffic, pending)
    assert (published.count, published.failed) == (len(letters), {})
    for letter in set(letters):
        first_publications = list(dict.fromkeys(traffic.accepted_for(letter)))
        assert first_publications == [event.sort_key for event in pending if event.partition_key == letter]
