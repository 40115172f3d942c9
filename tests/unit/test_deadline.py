"""No call outlasts its deadline, whatever it does, and the time plan of the functions adds up."""

from __future__ import annotations

import threading
import time

import pytest

from appointments import timing
from appointments.deadline import Deadline
from appointments.errors import DeadlineExceededError
from local.template import Template

RETRIES_AFTER = (2, 10)
"""The seconds after which the sender retries (mapping.md, section 5)."""


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


def test_a_call_that_hangs_is_abandoned_when_the_time_is_up() -> None:
    let_go = threading.Event()
    begun = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        Deadline(0.05).call(lambda: let_go.wait(20))
    assert time.monotonic() - begun < 10
    let_go.set()


def test_after_the_deadline_no_call_is_waited_for() -> None:
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


def test_a_call_that_hangs_takes_at_most_the_share_of_a_single_call() -> None:
    hanging = threading.Event()
    deadline = Deadline(60, most=0.1)
    with pytest.raises(DeadlineExceededError):
        deadline.call(hanging.wait)
    assert deadline.remaining > 50
    hanging.set()


def test_a_call_that_would_have_too_little_time_is_not_started() -> None:
    started: list[int] = []
    deadline = Deadline(0.5, least=1.0)
    assert deadline.passed
    with pytest.raises(DeadlineExceededError):
        deadline.call(lambda: started.append(1))
    assert started == []


def test_sleeping_ends_with_the_deadline() -> None:
    slept: list[float] = []
    deadline = Deadline(10, clock=lambda: 100.0, sleep=slept.append)
    for moment in (103.0, 500.0, 50.0):
        deadline.sleep_until(moment)
    assert slept == [3.0, 10.0, 0.0]


def test_the_stages_of_a_delivery_fit_the_senders_first_attempt() -> None:
    assert timing.ANSWER < timing.SENDER
    assert timing.LEAST_STORE <= timing.ANSWER - timing.SECRET_READ - timing.FALLBACK
    assert timing.LEAST_STORE < timing.LEAST_ANSWER < timing.ANSWER
    # At least one attempt is judged by a read of the secret that is newer than the first attempt.
    assert sum(RETRIES_AFTER) > timing.SECRET_PAUSE, (
        "one of the sender's attempts is judged by a newer read of the secret"
    )


def test_the_publishers_timeout_leaves_room_for_several_calls_that_hang() -> None:
    timeout = Template().function("PublisherFunction").timeout_seconds
    assert timing.PUBLISHER_CALL.connect + timing.PUBLISHER_CALL.read < timing.PUBLISHER_WHOLE_CALL
    assert timeout - timing.PUBLISHER_MARGIN >= 4 * timing.PUBLISHER_WHOLE_CALL


def test_an_outage_ends_by_the_age_of_its_events_and_never_by_the_number_of_attempts() -> None:
    """An invocation that reports something has used its time. Half of the stream's day is left for a redrive."""
    function = Template().function("PublisherFunction")
    mapping = function.events["DynamoDB"]
    shortest = function.timeout_seconds - timing.PUBLISHER_MARGIN - timing.PUBLISH_LONGEST_PAUSE
    assert mapping["MaximumRetryAttempts"] * shortest > mapping["MaximumRecordAgeInSeconds"]
    assert mapping["MaximumRecordAgeInSeconds"] <= 12 * 3600
    alarm = Template().properties("PublisherIteratorAgeAlarm")
    assert function.timeout_seconds * 1000 < alarm["Threshold"] < mapping["MaximumRecordAgeInSeconds"] * 1000
