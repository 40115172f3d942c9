"""The publisher's rules for a batch: order, retries, parking and reporting."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, InvalidRegionError

from appointments import timing
from appointments.errors import BodyLostError, BodyUnavailableError
from appointments.publishing.bus import PERMANENT_CODES
from appointments.publishing.failures import Cause
from appointments.publishing.messages import ENTRY_BYTES, Message
from appointments.publishing.pending import ParkReason
from tests.unit.publishing import Bridge, Clock, Parking, event, events, failure, message, publish, success


def bridge_that_refuses(letter: str, code: str = "InternalFailure") -> Bridge:
    return Bridge(lambda _, details: [failure(code) if d.startswith(letter) else success() for d in details])


def test_a_call_contains_the_first_messages_of_ten_appointments_in_stream_order() -> None:
    bridge = Bridge()
    assert publish(bridge, events("aabcdefghijklmnopqrstuvwxy")).count == 26
    assert bridge.calls[0] == ["a0", "b2", "c3", "d4", "e5", "f6", "g7", "h8", "i9", "j10"]
    assert bridge.calls[1] == ["k11", "l12", "m13", "n14", "o15", "p16", "q17", "r18", "s19", "t20"]
    assert bridge.calls[2:] == [["u21", "v22", "w23", "x24", "y25"], ["a1"]]


def test_a_call_contains_at_most_one_megabyte() -> None:
    bridge = Bridge()
    half = "x" * (ENTRY_BYTES // 2)
    publish(bridge, events("abc", lambda detail: Message(detail, detail, "AppointmentCreated", half)))
    assert [len(call) for call in bridge.calls] == [1, 1, 1]


def test_a_refused_event_delays_only_the_events_of_its_appointment() -> None:
    bridge, clock = bridge_that_refuses("a"), Clock()
    published = publish(bridge, events("abcab"), clock=clock, seconds=57)
    assert published.failed == {"0": "InternalFailure", "3": "InternalFailure"}
    assert bridge.calls[:2] == [["a0", "b1", "c2"], ["b4"]]
    assert all(call == ["a0"] for call in bridge.calls[2:])


def test_a_refused_message_is_retried_with_growing_pauses_until_the_deadline() -> None:
    bridge, clock = bridge_that_refuses("a"), Clock()
    start = clock()
    publish(bridge, events("a"), clock=clock, seconds=57)
    assert 56 - timing.PUBLISH_LONGEST_PAUSE <= clock() - start <= 57
    assert 57 / timing.PUBLISH_LONGEST_PAUSE < len(bridge.calls) < 57 / timing.PUBLISH_LONGEST_PAUSE * 2 + 10


def test_a_message_that_succeeds_at_the_second_attempt_is_not_reported_and_the_next_events_follow() -> None:
    bridge = Bridge(lambda call, details: [failure() if call == 0 else success() for _ in details])
    published = publish(bridge, events("aab"))
    assert (published.count, published.failed) == (3, {})
    assert bridge.accepted_for("a") == ["a0", "a1"]


def test_a_failing_bus_does_not_get_a_call_for_each_appointment() -> None:
    def down(*_: Any) -> Any:
        raise ClientError({"Error": {"Code": "InternalException"}}, "PutEvents")

    bridge = Bridge(down)
    letters = "".join(chr(ord("A") + n) for n in range(50))
    assert len(publish(bridge, events(letters)).failed) == 50
    assert len(bridge.calls) < 57 / timing.PUBLISH_LONGEST_PAUSE * 2 + 10


def test_a_slow_bus_gets_the_earliest_events_first_and_the_rest_is_reported_at_the_deadline() -> None:
    clock = Clock()

    def slow(_: int, details: Any) -> Any:
        clock.advance(4)
        return [success() for _ in details]

    bridge = Bridge(slow)
    published = publish(bridge, events("a" * 10 + "bcdefghijklm" + "a" * 20), clock=clock)
    assert bridge.accepted[:4] == ["a0", "b10", "c11", "d12"]
    assert 10 < published.count < 42
    assert published.count + len(published.failed) == 42
    assert set(published.failed.values()) == {"DeadlineExceededError"}


@pytest.mark.parametrize("code", sorted(PERMANENT_CODES))
def test_a_permanently_refused_event_is_parked_and_the_next_events_are_published(code: str) -> None:
    bridge, parking = Bridge(lambda _, ds: [failure(code) if d == "a1" else success() for d in ds]), Parking()
    published = publish(bridge, events("aaab"), park=parking)
    assert parking.parked == {"a1": ParkReason(Cause.REFUSED, code)}
    assert published.parked == {"1": ParkReason(Cause.REFUSED, code)}
    assert (published.count, published.failed) == (3, {})
    assert bridge.accepted_for("a") == ["a0", "a2"]
    assert sum(call.count("a1") for call in bridge.calls) == 1


@pytest.mark.parametrize(
    "error", [ValueError(), KeyError(), IndexError(), OverflowError(), RecursionError(), TypeError(), BodyLostError()]
)
def test_an_unreadable_event_is_parked_and_the_next_events_are_published(error: Exception) -> None:
    def build(detail: str) -> Message:
        if detail == "a0":
            raise error
        return message(detail)

    bridge, parking = Bridge(), Parking()
    published = publish(bridge, events("aab", build), park=parking)
    assert parking.parked == {"a0": ParkReason(Cause.UNREADABLE, type(error).__name__)}
    assert (published.count, published.failed) == (2, {})
    assert sorted(bridge.accepted) == ["a1", "b2"]


@pytest.mark.parametrize(
    "error",
    [
        BodyUnavailableError(),
        BotoCoreError(),
        ClientError({"Error": {"Code": "SlowDown"}}, "GetObject"),
        InvalidRegionError(region_name="x"),  # also a ValueError
        TimeoutError(),
        MemoryError(),
    ],
)
def test_a_temporarily_unavailable_body_is_fetched_again_and_never_parked(error: Exception) -> None:
    tries = 0

    def build(detail: str) -> Message:
        nonlocal tries
        tries += 1
        if detail == "a0" and tries < 4:
            raise error
        return message(detail)

    bridge, parking = Bridge(), Parking()
    assert publish(bridge, events("aab", build), park=parking).count == 3
    assert bridge.accepted_for("a") == ["a0", "a1"]
    assert parking.parked == {}


def test_an_unavailable_body_delays_only_its_appointment() -> None:
    def build(detail: str) -> Message:
        if detail == "a0":
            raise BodyUnavailableError
        return message(detail)

    bridge = Bridge()
    assert publish(bridge, events("aab", build)).failed == {"0": "BodyUnavailableError", "1": "BodyUnavailableError"}
    assert bridge.accepted == ["b2"]


def test_an_event_that_cannot_be_parked_is_reported_and_delays_only_its_appointment() -> None:
    bridge = Bridge(lambda _, ds: [failure("MalformedDetail") if d == "a0" else success() for d in ds])
    published = publish(bridge, events("aab"), park=Parking(lambda _: True))
    assert published.failed == {"0": "ConnectionError", "1": "ConnectionError"}
    assert published.parked == {}
    assert bridge.accepted == ["b2"]


def test_parking_is_retried_after_an_error() -> None:
    answers = iter([True, False])
    parking = Parking(lambda _: next(answers))
    bridge = bridge_that_refuses("a", "InvalidArgument")
    published = publish(bridge, events("a"), park=parking)
    assert (list(published.parked), published.failed) == (["0"], {})
    assert len(bridge.calls) == 1


def test_a_message_is_built_only_after_the_earlier_events_of_its_appointment() -> None:
    made: list[str] = []

    def build(detail: str) -> Message:
        made.append(detail)
        return message(detail)

    publish(bridge_that_refuses("a"), events("aaab", build))
    assert made == ["a0", "b3"]


def test_an_empty_batch_reports_nothing() -> None:
    assert publish(Bridge(), []).failed == {}


def test_an_invocation_without_time_reports_every_event() -> None:
    bridge = Bridge()
    assert publish(bridge, [event("a", 0), event("b", 1)], seconds=0).failed == {
        "0": "DeadlineExceededError",
        "1": "DeadlineExceededError",
    }
    assert bridge.calls == []
