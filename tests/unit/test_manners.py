"""The pace and the budget of a run against the vendor's API."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.reconciliation.errors import BudgetSpentError
from appointments.reconciliation.manners import FIRST_PAUSE, LONGEST_PAUSE, Manners


class Clock:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def manners(self, jitter: float = 0.5, **options: float) -> Manners:
        return Manners(clock=self, sleep=self.sleep, jitter=lambda: jitter, **options)  # type: ignore[arg-type]


@given(st.floats(0.5, 50), st.lists(st.floats(0, 2), min_size=1, max_size=30))
def test_calls_start_at_most_so_often_a_second(rate: float, work: list[float]) -> None:
    clock = Clock()
    manners = clock.manners(calls_per_second=rate)
    starts = []
    for seconds in work:
        manners.wait_for_turn()
        starts.append(clock.now)
        clock.now += seconds
    assert all(later - earlier >= 1 / rate - 1e-9 for earlier, later in pairwise(starts))
    assert manners.calls == len(work)


def test_a_call_that_took_long_is_followed_at_once() -> None:
    clock = Clock()
    manners = clock.manners(calls_per_second=2)
    manners.wait_for_turn()
    clock.now += 10
    manners.wait_for_turn()
    assert clock.pauses == []


def test_the_calls_of_a_run_are_bounded() -> None:
    manners = Clock().manners(calls=2)
    manners.wait_for_turn()
    manners.wait_for_turn()
    with pytest.raises(BudgetSpentError, match="2 calls"):
        manners.wait_for_turn()
    assert manners.calls == 2


def test_no_call_starts_after_the_time_of_the_run() -> None:
    clock = Clock()
    manners = clock.manners(seconds=10)
    assert manners.remaining == 10
    clock.now += 10
    with pytest.raises(BudgetSpentError, match="10 seconds"):
        manners.wait_for_turn()


def test_pauses_double_up_to_a_limit() -> None:
    clock = Clock()
    manners = clock.manners(jitter=1)
    for failures in range(1, 10):
        manners.back_off(failures)
    assert clock.pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert clock.pauses[-1] == LONGEST_PAUSE


@given(st.integers(1, 100), st.floats(0, 1))
def test_jitter_takes_at_most_half_of_a_pause(failures: int, jitter: float) -> None:
    clock = Clock()
    clock.manners(jitter=jitter).back_off(failures)
    whole = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1))
    assert whole / 2 <= clock.pauses[0] <= whole


def test_a_pause_that_outlasts_the_run_ends_it_at_once() -> None:
    clock = Clock()
    with pytest.raises(BudgetSpentError):
        clock.manners(seconds=0.2).back_off(1)
    assert clock.pauses == []
