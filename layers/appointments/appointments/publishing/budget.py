"""The time that an invocation may spend, so that it always answers before Lambda ends it.

Whoever runs into Lambda's timeout reports nothing: the whole batch counts as failed and is published again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from appointments.deadline import within
from appointments.errors import DeadlineExceededError

MARGIN_SECONDS = 3.0
"""Of the invocation's time left to report, to log and to be frozen when all else is used up."""
CONNECT_SECONDS, READ_SECONDS = 2, 10
"""Of the clients. Each bounds one wait on the socket, not the call: an answer that trickles in resets it."""
CALL_SECONDS = 13.0
"""Bounds the call as a whole, whatever it waits for, names to resolve included."""
SHORTEST_CALL_SECONDS = 1.0
"""A call that would have less is not begun: cut short, it may have succeeded without our knowing."""

Result = TypeVar("Result")
Run = Callable[[Callable[[], Result], float], Result]


class OutOfTimeError(TimeoutError):
    """The call did not return in time; whether it took effect is unknown."""


def in_thread(call: Callable[[], Result], seconds: float) -> Result:
    """The call's result or its error. After ``seconds`` OutOfTimeError; its thread is left to its sockets' timeouts."""
    try:
        return within(seconds, call)
    except DeadlineExceededError:
        raise OutOfTimeError from None


class Budget:
    """Counts down from ``seconds``; ``run`` carries out one call within a number of seconds."""

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        run: Run[Any] = in_thread,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._run = run
        self._end = clock() + seconds

    def now(self) -> float:
        return self._clock()

    def spent(self) -> bool:
        """Whether too little is left for another call."""
        return self._left() < SHORTEST_CALL_SECONDS

    def call(self, call: Callable[[], Result]) -> Result:
        """Raises OutOfTimeError when too little is left to begin or the call takes too long, else what it raises."""
        if self.spent():
            raise OutOfTimeError
        result: Result = self._run(call, min(CALL_SECONDS, self._left()))
        return result

    def wait_until(self, moment: float) -> None:
        """Sleep until ``moment`` of :meth:`now`, or as long as there is time."""
        self._sleep(self.seconds_until(moment))

    def seconds_until(self, moment: float) -> float:
        """Until ``moment`` of :meth:`now`, or until the time is up: not negative."""
        return max(0.0, min(moment, self._end) - self._clock())

    def _left(self) -> float:
        return self._end - self._clock()
