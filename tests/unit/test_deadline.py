"""No call outlasts its deadline, whatever it does."""

from __future__ import annotations

import threading
import time

import pytest

from appointments.deadline import Deadline
from appointments.errors import DeadlineExceededError


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_a_call_returns_or_raises_comes_through() -> None:
    deadline = Deadline(5)
    assert deadline.call(lambda: 7) == 7
    assert deadline.call(lambda: None) is None
    with pytest.raises(KeyError):
        deadline.call(lambda: dict[str, int]()["x"])


def test_a_call_that_does_not_end_is_left_behind_when_the_time_is_up() -> None:
    let_go = threading.Event()
    begun = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        Deadline(0.05).call(lambda: let_go.wait(20))
    assert time.monotonic() - begun < 10
    let_go.set()


def test_once_the_time_is_up_no_call_is_waited_for() -> None:
    clock = Clock()
    deadline = Deadline(2, clock=clock)
    clock.now += 3
    assert deadline.remaining == 0
    let_go = threading.Event()
    with pytest.raises(DeadlineExceededError):
        deadline.call(lambda: let_go.wait(20))
    let_go.set()


def test_an_earlier_deadline_leaves_room_and_is_never_shorter_than_its_minimum() -> None:
    clock = Clock()
    deadline = Deadline(2.5, clock=clock)
    assert deadline.earlier(1.0).remaining == pytest.approx(1.5)
    clock.now += 2.2
    assert deadline.earlier(1.0, at_least=0.4).remaining == pytest.approx(0.4)
    assert deadline.earlier(1.0).remaining == 0
