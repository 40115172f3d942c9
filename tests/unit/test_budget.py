"""The time of an invocation: no call outlives it, whatever the call waits for."""

from __future__ import annotations

import threading
import time

import pytest

from appointments.publishing import budget
from appointments.publishing.budget import Budget, OutOfTimeError
from appointments.publishing.pending import LONGEST_PAUSE
from local.template import Template


def test_a_call_gives_its_result_or_its_error() -> None:
    assert Budget(5).call(lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        Budget(5).call(lambda: 1 // 0)


def test_a_call_that_hangs_is_left_to_itself_when_the_time_is_up() -> None:
    hanging = threading.Event()
    begin = time.monotonic()
    with pytest.raises(OutOfTimeError):
        Budget(budget.SHORTEST_CALL_SECONDS + 0.1).call(hanging.wait)
    assert time.monotonic() - begin < 3
    hanging.set()


def test_a_call_that_hangs_takes_its_own_share_and_not_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "CALL_SECONDS", 0.1)
    hanging = threading.Event()
    begin = time.monotonic()
    with pytest.raises(OutOfTimeError):
        Budget(60).call(hanging.wait)
    assert time.monotonic() - begin < 3
    hanging.set()


def test_a_call_that_would_have_too_little_time_is_not_begun() -> None:
    begun: list[int] = []
    with pytest.raises(OutOfTimeError):
        Budget(budget.SHORTEST_CALL_SECONDS / 2).call(lambda: begun.append(1))
    assert begun == []


def test_waiting_ends_with_the_time() -> None:
    slept: list[float] = []
    one = Budget(10, clock=lambda: 100.0, sleep=slept.append)
    for moment in (103.0, 500.0, 50.0):
        one.wait_until(moment)
    assert slept == [3.0, 10.0, 0.0]


def test_the_functions_timeout_leaves_room_for_several_calls_that_hang() -> None:
    timeout = Template().function("PublisherFunction").timeout_seconds
    assert budget.CONNECT_SECONDS + budget.READ_SECONDS < budget.CALL_SECONDS
    assert timeout - budget.MARGIN_SECONDS >= 4 * budget.CALL_SECONDS


def test_an_outage_is_ended_by_the_age_of_its_events_and_never_by_the_number_of_attempts() -> None:
    """An invocation that reports something has used up its time; half of the stream's day is left to redrive from."""
    function = Template().function("PublisherFunction")
    mapping = function.events["DynamoDB"]
    shortest = function.timeout_seconds - budget.MARGIN_SECONDS - LONGEST_PAUSE
    assert mapping["MaximumRetryAttempts"] * shortest > mapping["MaximumRecordAgeInSeconds"]
    assert mapping["MaximumRecordAgeInSeconds"] <= 12 * 3600
    alarm = Template().properties("PublisherIteratorAgeAlarm")
    assert function.timeout_seconds * 1000 < alarm["Threshold"] < mapping["MaximumRecordAgeInSeconds"] * 1000
