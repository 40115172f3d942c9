"""A poller polls after each wake-up and otherwise seldom, survives an outage, and ends at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Event

import pytest
from botocore.exceptions import EndpointConnectionError

from local import polling
from local.polling import Poller

PATIENCE_SECONDS = 20


class CountedMapping:
    """Counts its polls. Each poll sets ``polled``; the first ``outages`` polls raise."""

    def __init__(self, outages: int = 0) -> None:
        self.polls = 0
        self.polled = Event()
        self._outages = outages

    def poll(self, stopping: Event) -> None:
        assert not stopping.is_set()
        self.polls += 1
        self.polled.set()
        if self.polls <= self._outages:
            raise EndpointConnectionError(endpoint_url="source")

    def wait(self) -> bool:
        """Wait for the next poll. Return whether it came."""
        came = self.polled.wait(PATIENCE_SECONDS)
        self.polled.clear()
        return came


@pytest.fixture
def pollers() -> Iterator[list[Poller]]:
    """A list of pollers that are stopped after the test."""
    started: list[Poller] = []
    yield started
    for poller in started:
        poller.stop()
        poller.join()


def start(pollers: list[Poller], mapping: CountedMapping, pause: float = 3600) -> Poller:
    pollers.append(Poller(mapping, pause=pause))
    pollers[-1].start()
    assert mapping.wait()
    return pollers[-1]


def test_a_disabled_mapping_is_not_polled_until_it_is_enabled(pollers: list[Poller]) -> None:
    mapping = CountedMapping()
    poller = start(pollers, mapping, pause=0.01)
    poller.enable(enabled=False)
    mapping.polled.clear()
    polls = mapping.polls
    for _ in range(5):
        poller.wake()
        time.sleep(0.01)
    assert mapping.polls <= polls + 1  # one can have been under way
    poller.enable(enabled=True)
    assert mapping.wait()


def test_the_result_of_a_mapping_says_whether_its_source_answers(
    pollers: list[Poller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "OUTAGE_SECONDS", 3600)
    mapping = CountedMapping(outages=1)
    assert Poller(mapping, pause=1).result == "No records processed"
    poller = start(pollers, mapping)
    while poller.result == "No records processed":
        time.sleep(0.01)
    assert poller.result == "PROBLEM: EndpointConnectionError"
    poller.wake()
    assert mapping.wait()
    while poller.result != "OK":
        time.sleep(0.01)


def test_a_wake_up_polls_at_once(pollers: list[Poller]) -> None:
    mapping = CountedMapping()
    poller = start(pollers, mapping)
    for polls in (2, 3):
        poller.wake()
        assert mapping.wait()
        assert mapping.polls == polls


def test_a_poll_without_a_wake_up_comes_after_the_pause(pollers: list[Poller]) -> None:
    mapping = CountedMapping()
    begin = time.monotonic()
    start(pollers, mapping, pause=0.2)
    assert mapping.wait()
    assert time.monotonic() - begin >= 0.2


def test_an_outage_ends_no_thread(pollers: list[Poller], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "OUTAGE_SECONDS", 0.001)
    mapping = CountedMapping(outages=3)
    start(pollers, mapping)
    while mapping.polls < 4:
        assert mapping.wait()


def test_a_stopped_poller_ends_without_another_poll(pollers: list[Poller]) -> None:
    mapping = CountedMapping()
    poller = start(pollers, mapping)
    poller.stop()
    poller.join()
    assert mapping.polls == 1
    assert not poller._thread.is_alive()


def test_a_poller_that_never_started_can_be_stopped() -> None:
    poller = Poller(CountedMapping(), pause=1)
    poller.stop()
    poller.join()
