"""A time by which an answer is due, and calls that never outlast it.

The SDK's timeouts bound each silence on a connection. A service that sends one byte now and then passes them for
ever, so a call runs in a thread of its own, which is left behind when the time is up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import TypeVar

from appointments.errors import DeadlineExceededError

T = TypeVar("T")


def within(seconds: float, function: Callable[[], T]) -> T:
    """What the function returns or raises; DeadlineExceededError once the time is up, whatever it does then.

    A function that is left behind goes on and may still succeed: it must be one that is safe to repeat.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    if not wait([future], timeout=seconds).done:
        raise DeadlineExceededError("the time was up")
    return future.result()


class Deadline:
    """``seconds`` from now on, by a clock that nobody sets."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def remaining(self) -> float:
        """Seconds that are left, never less than 0."""
        return max(0.0, self._end - self._clock())

    def earlier(self, seconds: float, *, at_least: float = 0.0) -> Deadline:
        """A deadline so many seconds before this one, but ``at_least`` so far from now: room for what comes after."""
        return Deadline(max(at_least, self.remaining - seconds), clock=self._clock)

    def call(self, function: Callable[[], T]) -> T:
        """As :func:`within` what is left."""
        return within(self.remaining, function)
