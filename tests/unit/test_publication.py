"""The publisher's rules for a batch: what follows what, what waits, what is parked and what is reported."""

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
from tests.unit.publishing import Bridge, Clock, Parking, accepted, event, events, message, publish, refused


def refusing(letter: str, code: str = "InternalFailure") -> Bridge:
    return Bridge(lambda _, details: [refused(code) if d.startswith(letter) else accepted() for d in details])


def test_a_call_holds_the_first_message_of_ten_appointments_in_the_streams_order() -> None:
    bridge = Bridge()
    assert publish(bridge, events("aabcdefghijklmnopqrstuvwxy")).count == 26
    assert bridge.calls[0] == ["a0", "b2", "c3", "d4", "e5", "f6", "g7", "h8", "i9", "j10"]
    assert bridge.calls[1] == ["k11", "l12", "m13", "n14", "o15", "p16", "q17", "r18", "s19", "t20"]
    assert bridge.calls[2:] == [["u21", "v22", "w23", "x24", "y25"], ["a1"]]


def test_a_call_holds_at_most_a_megabyte() -> None:
    bridge = Bridge()
    half = "x" * (ENTRY_BYTES // 2)
    publish(bridge, events("abc", lambda detail: Message(detail, detail, "AppointmentCreated", half)))
    assert [len(call) for call in bridge.calls] == [1, 1, 1]


def test_an_appointment_that_is_refused_waits_with_all_its_events_and_the_others_are_published_at_once() -> None:
    bridge, clock = refusing("a"), Clock()
    published = publish(bridge, events("abcab"), clock=clock, seconds=57)
    assert published.failed == {"0": "InternalFailure", "3": "InternalFailure"}
    assert bridge.calls[:2] == [["a0", "b1", "c2"], ["b4"]]
    assert all(call == ["a0"] for call in bridge.calls[2:])


def test_a_refused_message_is_tried_until_the_time_is_up_ever_less_often() -> None:
    bridge, clock = refusing("a"), Clock()
    start = clock()
    publish(bridge, events("a"), clock=clock, seconds=57)
    assert 56 - timing.PUBLISH_LONGEST_PAUSE <= clock() - start <= 57
    assert 57 / timing.PUBLISH_LONGEST_PAUSE < len(bridge.calls) < 57 / timing.PUBLISH_LONGEST_PAUSE * 2 + 10


def test_a_message_that_gets_through_at_the_second_try_is_not_reported_and_its_successors_follow() -> None:
    bridge = Bridge(lambda call, details: [refused() if call == 0 else accepted() for _ in details])
    published = publish(bridge, events("aab"))
    assert (published.count, published.failed) == (3, {})
    assert bridge.of("a") == ["a0", "a1"]


def test_when_the_bus_itself_is_in_trouble_it_is_not_tried_with_one_appointment_after_the_other() -> None:
    def down(*_: Any) -> Any:
        raise ClientError({"Error": {"Code": "InternalException"}}, "PutEvents")

    bridge = Bridge(down)
    many = "".join(chr(ord("A") + n) for n in range(50))
    assert len(publish(bridge, events(many)).failed) == 50
    assert len(bridge.calls) < 57 / timing.PUBLISH_LONGEST_PAUSE * 2 + 10


def test_a_slow_bus_gets_as_far_as_there_is_time_the_earliest_first_and_the_rest_is_reported() -> None:
    clock = Clock()

    def slow(_: int, details: Any) -> Any:
        clock.pass_by(4)
        return [accepted() for _ in details]

    bridge = Bridge(slow)
    published = publish(bridge, events("a" * 10 + "bcdefghijklm" + "a" * 20), clock=clock)
    assert bridge.accepted[:4] == ["a0", "b10", "c11", "d12"]
    assert 10 < published.count < 42
    assert published.count + len(published.failed) == 42
    assert set(published.failed.values()) == {"DeadlineExceededError"}


@pytest.mark.parametrize("code", sorted(PERMANENT_CODES))
def test_what_eventbridge_will_never_take_is_parked_and_what_follows_is_published(code: str) -> None:
    bridge, parking = Bridge(lambda _, ds: [refused(code) if d == "a1" else accepted() for d in ds]), Parking()
    published = publish(bridge, events("aaab"), park=parking)
    assert parking.parked == {"a1": ParkReason(Cause.REFUSED, code)}
    assert published.parked == {"1": ParkReason(Cause.REFUSED, code)}
    assert (published.count, published.failed) == (3, {})
    assert bridge.of("a") == ["a0", "a2"]
    assert sum(call.count("a1") for call in bridge.calls) == 1


@pytest.mark.parametrize(
    "error", [ValueError(), KeyError(), IndexError(), OverflowError(), RecursionError(), TypeError(), BodyLostError()]
)
def test_what_no_message_can_be_made_of_is_parked_and_what_follows_is_published(error: Exception) -> None:
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
        InvalidRegionError(region_name="x"),  # a ValueError, too
        TimeoutError(),
        MemoryError(),
    ],
)
def test_a_body_that_cannot_be_fetched_just_now_is_tried_again_and_never_parked(error: Exception) -> None:
    tries = 0

    def build(detail: str) -> Message:
        nonlocal tries
        tries += 1
        if detail == "a0" and tries < 4:
            raise error
        return message(detail)

    bridge, parking = Bridge(), Parking()
    assert publish(bridge, events("aab", build), park=parking).count == 3
    assert bridge.of("a") == ["a0", "a1"]
    assert parking.parked == {}


def test_a_body_that_stays_away_holds_up_its_own_appointment_alone() -> None:
    def build(detail: str) -> Message:
        if detail == "a0":
            raise BodyUnavailableError
        return message(detail)

    bridge = Bridge()
    assert publish(bridge, events("aab", build)).failed == {"0": "BodyUnavailableError", "1": "BodyUnavailableError"}
    assert bridge.accepted == ["b2"]


def test_what_could_not_be_parked_is_reported_and_holds_up_its_own_appointment_alone() -> None:
    bridge = Bridge(lambda _, ds: [refused("MalformedDetail") if d == "a0" else accepted() for d in ds])
    published = publish(bridge, events("aab"), park=Parking(lambda _: True))
    assert published.failed == {"0": "ConnectionError", "1": "ConnectionError"}
    assert published.parked == {}
    assert bridge.accepted == ["b2"]


def test_parking_that_works_at_the_second_try_is_enough() -> None:
    answers = iter([True, False])
    parking = Parking(lambda _: next(answers))
    bridge = refusing("a", "InvalidArgument")
    published = publish(bridge, events("a"), park=parking)
    assert (list(published.parked), published.failed) == (["0"], {})
    assert len(bridge.calls) == 1


def test_a_message_is_made_only_when_its_turn_comes() -> None:
    made: list[str] = []

    def build(detail: str) -> Message:
        made.append(detail)
        return message(detail)

    publish(refusing("a"), events("aaab", build))
    assert made == ["a0", "b3"]


def test_an_empty_batch_is_nothing_to_do() -> None:
    assert publish(Bridge(), []).failed == {}


def test_an_invocation_with_no_time_at_all_reports_everything() -> None:
    bridge = Bridge()
    assert publish(bridge, [event("a", 0), event("b", 1)], seconds=0).failed == {
        "0": "DeadlineExceededError",
        "1": "DeadlineExceededError",
    }
    assert bridge.calls == []
