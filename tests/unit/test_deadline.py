"""A call ends at its deadline at the latest, and the timeouts of the functions add up."""

from __future__ import annotations

import threading
import time

import pytest

from appointments import timing
from appointments.deadline import Deadline
from appointments.errors import DeadlineExceededError
from local.template import Template

RETRIES_AFTER = (2, 10)
"""The pauses before the sender's retries, in seconds (docs/contract.md, "Delivery")."""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_call_returns_the_result_or_raises_the_error_of_the_function() -> None:
    deadline = Deadline(5)
    assert deadline.call(lambda: 7) == 7
    assert deadline.call(lambda: None) is None
    with pytest.raises(KeyError):
        deadline.call(lambda: dict[str, int]()["x"])


def test_a_hanging_call_is_abandoned_at_the_deadline() -> None:
    release = threading.Event()
    begun = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        Deadline(0.05).call(lambda: release.wait(20))
    assert time.monotonic() - begun < 10
    release.set()


def test_a_call_after_the_deadline_fails_at_once() -> None:
    clock = Clock()
    deadline = Deadline(2, clock=clock)
    clock.now += 3
    assert deadline.remaining == 0
    release = threading.Event()
    with pytest.raises(DeadlineExceededError):
        deadline.call(lambda: release.wait(20))
    release.set()


def test_an_earlier_deadline_reserves_time_and_keeps_its_minimum() -> None:
    clock = Clock()
    deadline = Deadline(2.5, clock=clock)
    assert deadline.earlier(1.0).remaining == pytest.approx(1.5)
    clock.now += 2.2
    assert deadline.earlier(1.0, at_least=0.4).remaining == pytest.approx(0.4)
    assert deadline.earlier(1.0).remaining == 0


def test_a_hanging_call_takes_at_most_the_limit_of_a_single_call() -> None:
    hanging = threading.Event()
    deadline = Deadline(60, most=0.1)
    with pytest.raises(DeadlineExceededError):
        deadline.call(hanging.wait)
    assert deadline.remaining > 50
    hanging.set()


def test_a_call_with_too_little_time_left_is_not_started() -> None:
    started: list[int] = []
    deadline = Deadline(0.5, least=1.0)
    assert deadline.passed
    with pytest.raises(DeadlineExceededError):
        deadline.call(lambda: started.append(1))
    assert started == []


def test_a_sleep_ends_at_the_deadline_at_the_latest() -> None:
    slept: list[float] = []
    deadline = Deadline(10, clock=lambda: 100.0, sleep=slept.append)
    for moment in (103.0, 500.0, 50.0):
        deadline.sleep_until(moment)
    assert slept == [3.0, 10.0, 0.0]


def test_the_stages_of_a_delivery_fit_into_the_senders_first_attempt() -> None:
    assert timing.ANSWER < timing.SENDER
    assert timing.LEAST_STORE <= timing.ANSWER - timing.SECRET_READ - timing.FALLBACK
    assert timing.LEAST_STORE < timing.LEAST_ANSWER < timing.ANSWER
    assert sum(RETRIES_AFTER) > timing.SECRET_PAUSE, (
        "no retry of the sender is authenticated with a secret that was read after the first attempt"
    )


def test_the_publishers_timeout_leaves_time_for_several_hanging_calls() -> None:
    timeout = Template().function("PublisherFunction").timeout_seconds
    assert timing.PUBLISHER_CALL.connect + timing.PUBLISHER_CALL.read < timing.PUBLISHER_WHOLE_CALL
    assert timeout - timing.PUBLISHER_MARGIN >= 4 * timing.PUBLISHER_WHOLE_CALL


def test_the_age_of_a_record_ends_its_retries_before_their_number_does() -> None:
    """An invocation that reports a failure has used all its time, so the attempts last longer than the age allows.

    The stream keeps a record for 24 hours. Half of them are left for a redrive.
    """
    function = Template().function("PublisherFunction")
    mapping = function.events["DynamoDB"]
    shortest = function.timeout_seconds - timing.PUBLISHER_MARGIN - timing.PUBLISH_LONGEST_PAUSE
    assert mapping["MaximumRetryAttempts"] * shortest > mapping["MaximumRecordAgeInSeconds"]
    assert mapping["MaximumRecordAgeInSeconds"] <= 12 * 3600
    alarm = Template().properties("PublisherIteratorAgeAlarm")
    assert function.timeout_seconds * 1000 < alarm["Threshold"] < mapping["MaximumRecordAgeInSeconds"] * 1000
