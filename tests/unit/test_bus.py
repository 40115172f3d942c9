"""The publisher's guarantees: every entry checked, nothing lost, order kept per appointment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from appointments.events import ENTRY_BYTES, Message
from publisher.bus import ATTEMPTS, CALL_ENTRIES, Bus, Outgoing


class Bridge:
    """EventBridge as the publisher sees it: ``refuse`` says which entries of which call it does not take."""

    def __init__(self, refuse: Callable[[int, str], bool] = lambda *_: False) -> None:
        self.accepted: list[str] = []
        self.calls: list[int] = []
        self._refuse = refuse

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the API's name
        call = len(self.calls)
        self.calls.append(sum(len(entry["Detail"].encode()) for entry in Entries))
        assert len(Entries) <= CALL_ENTRIES
        results = []
        for entry in Entries:
            refused = self._refuse(call, entry["Detail"])
            results.append({"ErrorCode": "ThrottlingException"} if refused else {"EventId": "1"})
            if not refused:
                self.accepted.append(entry["Detail"])
        return {"FailedEntryCount": 0, "Entries": results}


def outgoing(appointments: str) -> list[Outgoing]:
    """One message for each letter, the letter being its appointment."""
    return [
        Outgoing(str(number), Message(letter, f"e-{number}", "AppointmentCreated", f"{letter}{number}"))
        for number, letter in enumerate(appointments)
    ]


def publish(bridge: Any, messages: list[Outgoing]) -> Any:
    return Bus(bridge, "bus", "pexip.engage", sleep=lambda _: None).publish(messages)


def of(bridge: Bridge, letter: str) -> list[str]:
    return [detail for detail in bridge.accepted if detail.startswith(letter)]


@given(st.text("abc", max_size=40), st.sets(st.tuples(st.integers(0, 60), st.sampled_from("abc"))))
def test_nothing_is_lost_and_an_appointments_order_is_kept_whatever_is_refused(
    letters: str, refusals: set[tuple[int, str]]
) -> None:
    bridge = Bridge(lambda call, detail: (call, detail[0]) in refusals)
    messages = outgoing(letters)
    published = publish(bridge, messages)
    failed = [m.message.detail for m in messages if m.sequence_number in published.failed]
    assert published.count == len(bridge.accepted)
    for letter in set(letters):
        expected = [m.message.detail for m in messages if m.message.appointment_id == letter]
        assert of(bridge, letter) + [detail for detail in failed if detail.startswith(letter)] == expected


def test_an_appointment_that_is_refused_does_not_hold_up_the_others() -> None:
    bridge = Bridge(lambda _, detail: detail.startswith("a"))
    published = publish(bridge, outgoing("abcab"))
    assert bridge.accepted == ["b1", "c2", "b4"]
    assert published.failed == {"0": "ThrottlingException", "3": "ThrottlingException"}
    assert len(bridge.calls) >= ATTEMPTS


def test_a_call_holds_ten_entries_of_ten_appointments() -> None:
    bridge = Bridge()
    publish(bridge, outgoing("abcdefghijklmnopqrstuvwxy"))
    assert len(bridge.calls) == 3


def test_a_call_holds_at_most_a_megabyte() -> None:
    bridge = Bridge()
    half = "x" * (ENTRY_BYTES // 2)
    publish(bridge, [Outgoing(str(n), Message(str(n), str(n), "AppointmentCreated", half)) for n in range(3)])
    assert len(bridge.calls) == 3
    assert max(bridge.calls) <= ENTRY_BYTES


def test_a_call_that_fails_whole_is_reported_whole() -> None:
    class Down:
        def put_events(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "InternalFailure"}}, "PutEvents")

    assert publish(Down(), outgoing("ab")).failed == {"0": "InternalFailure", "1": "InternalFailure"}
