"""Several calls of PutEvents on their way at once, in real threads: what they may not do to each other."""

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
from tests.unit.publishing import SOURCE, Bridge, Parking, Result, accepted, events, refused

LETTERS = "".join(chr(ord("A") + number) for number in range(58))
PATIENCE = 20.0  # seconds, after which a test fails rather than hangs


class Traffic(Bridge):
    """EventBridge, and who is on the way to it. ``answer`` may take its time; it gives a result for each detail."""

    def __init__(self, answer: Callable[[Sequence[str]], Sequence[Result]]) -> None:
        super().__init__(lambda _, details: answer(details))
        self._lock = Lock()
        self._flying: list[str] = []
        self.in_flight = 0
        self.at_once: list[int] = []
        self.collisions = 0

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the API's name
        with self._entered([entry["Detail"][0] for entry in Entries]):
            return super().put_events(Entries=Entries)

    @contextmanager
    def _entered(self, letters: list[str]) -> Iterator[None]:
        with self._lock:
            self._flying += letters
            self.in_flight += 1
            self.at_once.append(self.in_flight)
            self.collisions += len(self._flying) - len(set(self._flying))
        try:
            yield
        finally:
            with self._lock:
                self.in_flight -= 1
                for letter in letters:
                    self._flying.remove(letter)


def take(
    traffic: Traffic,
    pending: list[PendingEvent],
    seconds: float = PATIENCE,
    executor: Callable[[int], Executor] = ThreadPoolExecutor,
    clock: Callable[[], float] = time.monotonic,
) -> Published:
    bus = Bus(traffic, "bus", SOURCE)  # type: ignore[arg-type]
    deadline = Deadline(seconds, least=timing.PUBLISHER_LEAST_CALL, most=timing.PUBLISHER_WHOLE_CALL, clock=clock)
    published = publish(pending, bus=bus, park=Parking(), deadline=deadline, executor=executor)
    assert not traffic.collisions, "two events of an appointment were in flight at the same time"
    return published


def accept(details: Sequence[str]) -> list[Result]:
    return [accepted() for _ in details]


def accept_after(seconds: float) -> Callable[[Sequence[str]], list[Result]]:
    def answer(details: Sequence[str]) -> list[Result]:
        time.sleep(seconds)
        return accept(details)

    return answer


def test_as_many_calls_as_there_may_be_are_on_their_way_at_once() -> None:
    together = Barrier(CALLS_IN_FLIGHT)

    def meet(details: Sequence[str]) -> list[Result]:
        together.wait(PATIENCE)
        return accept(details)

    traffic = Traffic(meet)
    assert take(traffic, events(LETTERS[: 10 * CALLS_IN_FLIGHT])).count == 10 * CALLS_IN_FLIGHT
    assert max(traffic.at_once) == CALLS_IN_FLIGHT


def test_there_are_never_more() -> None:
    traffic = Traffic(accept_after(0.002))
    assert take(traffic, events(LETTERS * 3)).count == 174
    assert max(traffic.at_once) == CALLS_IN_FLIGHT


def test_a_call_that_hangs_holds_up_its_own_appointments_alone() -> None:
    others = len(LETTERS) * 2 - 20
    traffic: Traffic

    def hang(details: Sequence[str]) -> list[Result]:
        begun = time.monotonic()
        while "A0" in details and len(traffic.accepted) < others:
            assert time.monotonic() - begun < PATIENCE
            time.sleep(0.001)
        return accept(details)

    traffic = Traffic(hang)
    assert take(traffic, events(LETTERS * 2)).count == len(LETTERS) * 2
    assert traffic.of("A") == ["A0", "A58"]


def test_an_appointment_whose_pause_is_over_does_not_wait_for_the_calls_of_others() -> None:
    through = Event()

    def answer(details: Sequence[str]) -> list[Result]:
        if "K10" in details:
            assert through.wait(PATIENCE)
        if details == ["A0"]:
            through.set()
        return [refused() if detail == "A0" and len(details) > 1 else accepted() for detail in details]

    traffic = Traffic(answer)
    assert take(traffic, events(LETTERS[:12])).count == 12
    assert traffic.calls[2] == ["A0"]


def test_a_bus_in_trouble_has_one_call_at_a_time_until_it_answers_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "PUBLISH_FIRST_PAUSE", 0.001)
    failures = 12

    def answer(details: Sequence[str]) -> list[Result]:
        time.sleep(0.002)
        if len(traffic.calls) <= failures:
            raise ClientError({"Error": {"Code": "InternalException"}}, "PutEvents")
        return accept(details)

    traffic = Traffic(answer)
    assert take(traffic, events(LETTERS * 2)).count == len(LETTERS) * 2
    in_trouble, after = traffic.at_once[CALLS_IN_FLIGHT : failures + 1], traffic.at_once[failures + 1 :]
    assert set(in_trouble) == {1}
    assert max(after) > 1


def test_every_call_has_returned_when_the_batch_is_reported() -> None:
    """Nothing is left that could still put an event on the bus when the mapping comes again with what follows it."""
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


def test_what_ends_a_call_from_within_ends_the_batch_and_is_not_mistaken_for_an_answer() -> None:
    def answer(details: Sequence[str]) -> list[Result]:
        if "K10" in details:
            raise SystemExit
        return accept(details)

    with pytest.raises(SystemExit):
        take(Traffic(answer), events(LETTERS))


class Grounded(Executor):
    """Every call of ``submit`` fails: the base class has none."""

    def __init__(self, _: int) -> None:
        pass


def test_a_call_with_nothing_to_do_meanwhile_takes_no_thread_of_the_pool() -> None:
    for letters in ("A", "AAA", LETTERS[:10]):
        assert take(Traffic(accept), events(letters), executor=Grounded).count == len(letters)
    with pytest.raises(NotImplementedError):
        take(Traffic(accept), events(LETTERS[:11]), executor=Grounded)


moments = st.lists(st.sampled_from((0.0, 0.0, 0.001, 0.003)), min_size=1, max_size=20)
answers = st.lists(st.sampled_from((None, None, None, "refuse", "fail", "lose")), max_size=15)


@settings(max_examples=profiles.examples(60), deadline=None)
@given(st.lists(st.sampled_from("abcdefgh"), max_size=60), moments, answers, st.integers(1, 3), st.integers(0, 2**30))
def test_however_calls_overtake_each_other_an_appointments_order_is_kept(
    letters: list[str], takes: list[float], faults: list[str | None], entries: int, mask: int
) -> None:
    def answer(details: Sequence[str]) -> list[Result]:
        call = len(traffic.calls)
        time.sleep(takes[call % len(takes)])
        fault = faults.pop(0) if faults else None
        if fault == "fail":
            raise ClientError({"Error": {"Code": "InternalException"}}, "PutEvents")
        if fault == "lose":
            traffic.accepted.extend(details)
            raise TimeoutError
        refusals = [fault == "refuse" and bool(mask >> (call + n) % 30 & 1) for n in range(len(details))]
        return [refused() if refusal else accepted() for refusal in refusals]

    traffic = Traffic(answer)
    pending = events("".join(letters))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publication, "CALL_ENTRIES", entries)
        patch.setattr(timing, "PUBLISH_FIRST_PAUSE", 0.0005)
        patch.setattr(timing, "PUBLISH_LONGEST_PAUSE", 0.002)
        published = take(traffic, pending)
    assert (published.count, published.failed) == (len(letters), {})
    for letter in set(letters):
        assert list(dict.fromkeys(traffic.of(letter))) == [e.sort_key for e in pending if e.partition_key == letter]
