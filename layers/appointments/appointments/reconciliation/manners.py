"""How a run treats the vendor's API: one call at a time, a few a second, longer pauses after each failure.

The vendor allows 3,000 requests a minute and 4 at once for an IP address, answers 429 to more, and asks for
exponential back-off (topic-rate-limiting). A function outside a VPC shares its address with others, so a 429 can be
somebody else's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from appointments.reconciliation.errors import BudgetSpentError

CALLS_PER_SECOND = 4.0
MOST_CALLS_PER_SECOND = 50.0
"""3,000 a minute."""
MOST_CALLS = 10_000
"""A run makes at most this many calls."""
ATTEMPTS = 8
"""A question is asked at most this many times in a row without an answer."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""The pause after the first failure of a question, and the longest, in seconds: doubled each time, with jitter."""


class Manners:
    """The pace and the budget of one run. ``seconds`` bounds its time, ``calls`` the number of its calls.

    ``clock``, ``sleep`` and ``jitter`` are replaced in tests.
    """

    def __init__(
        self,
        *,
        calls_per_second: float = CALLS_PER_SECOND,
        calls: int = MOST_CALLS,
        seconds: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._interval = 1 / calls_per_second
        self._most_calls = calls
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._end = clock() + seconds
        self._next = clock()
        self.calls = 0
        """The calls that were made."""

    @property
    def remaining(self) -> float:
        """The seconds that are left of the run."""
        return self._end - self._clock()

    def wait_for_turn(self) -> None:
        """Wait until the next call may start, and count it. Raises BudgetSpentError if there is no next call."""
        if self.calls >= self._most_calls:
            raise BudgetSpentError(f"the run made its {self._most_calls} calls of the Engage API: run it again")
        self._pause(self._next - self._clock())
        self._next = max(self._next, self._clock()) + self._interval
        self.calls += 1

    def back_off(self, failures: int) -> None:
        """Pause after a failure. Raises BudgetSpentError if the pause would outlast the run."""
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1))
        self._pause(longest * (1 + self._jitter()) / 2)

    def _pause(self, seconds: float) -> None:
        if self.remaining <= max(0.0, seconds):
            raise BudgetSpentError(f"the run had {self._seconds:.0f} seconds for the Engage API: run it again")
        if seconds > 0:
            self._sleep(seconds)
