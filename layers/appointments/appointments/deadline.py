"""A deadline, and calls that never outlast it.

The SDK's timeouts bound each silence on a connection. A service that sends one byte now and then passes them for
ever, so a call runs in a second thread, which is abandoned when the time is up.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, ClassVar, TypeVar, cast

from appointments.errors import DeadlineExceededError

T = TypeVar("T")
Run = Callable[[float, Callable[[], Any]], Any]


def within(seconds: float, function: Callable[[], T]) -> T:
    """Return or raise what the function does, or raise DeadlineExceededError after ``seconds``.

    An abandoned function goes on and may still succeed: pass only functions that are safe to repeat.
    """
    try:
        worker = _Worker.idle.pop()
    except IndexError:
        worker = _Worker()
    answer: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
    worker.tasks.put((function, answer))
    try:
        result, error = answer.get(timeout=seconds)
    except Empty:
        raise DeadlineExceededError("the time was up") from None
    if error is None:
        return cast("T", result)
    try:
        raise error
    finally:
        del error  # the traceback holds this frame: both would stay in memory until garbage collection


class _Worker:
    """A thread that runs one task after the other. Starting a thread costs as much as the rest of a call.

    An abandoned worker becomes idle again when its task ends, so the number of workers is the number of calls that
    hang at the same time, plus one.
    """

    idle: ClassVar[deque[_Worker]] = deque()

    def __init__(self) -> None:
        self.tasks: SimpleQueue[tuple[Callable[[], Any], SimpleQueue[tuple[Any, BaseException | None]]]] = SimpleQueue()
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            self._do(*self.tasks.get())

    def _do(self, function: Callable[[], Any], answer: SimpleQueue[tuple[Any, BaseException | None]]) -> None:
        outcome: tuple[Any, BaseException | None]
        try:
            outcome = function(), None
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            outcome = None, error
        self.idle.append(self)  # before the answer: the thread that receives it may start the next task at once
        answer.put(outcome)


class Deadline:
    """An instant, ``seconds`` after its creation, on a clock that nobody sets.

    ``least`` is the minimum that a call needs: with less left, the deadline counts as passed. ``most`` bounds a
    single call. ``clock``, ``sleep`` and ``run`` are replaced in tests.
    """

    def __init__(
        self,
        seconds: float,
        *,
        least: float = 0.0,
        most: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        run: Run = within,
    ) -> None:
        self._least = least
        self._most = most
        self._clock = clock
        self._sleep = sleep
        self._run = run
        self._end = clock() + seconds

    @property
    def remaining(self) -> float:
        """The seconds that are left, at least 0."""
        return max(0.0, self._end - self._clock())

    @property
    def passed(self) -> bool:
        """Whether there is too little time left for another call."""
        return self._end - self._clock() < self._least

    def now(self) -> float:
        """The current time of the clock, for :meth:`seconds_until` and :meth:`sleep_until`."""
        return self._clock()

    def earlier(self, seconds: float, *, at_least: float = 0.0) -> Deadline:
        """Return the deadline that is ``seconds`` before this one, but at least ``at_least`` seconds from now."""
        return Deadline(max(at_least, self.remaining - seconds), clock=self._clock, sleep=self._sleep, run=self._run)

    def call(self, function: Callable[[], T]) -> T:
        """Call the function within the time that is left; see :func:`within`.

        Raises DeadlineExceededError without calling it when the deadline has passed.
        """
        if self.passed:
            raise DeadlineExceededError("the time was up")
        result: T = self._run(min(self._most, self.remaining), function)
        return result

    def sleep(self, seconds: float) -> None:
        self._sleep(seconds)

    def sleep_until(self, moment: float) -> None:
        """Sleep until ``moment`` of :meth:`now` or until the deadline, whichever comes first."""
        self._sleep(self.seconds_until(moment))

    def seconds_until(self, moment: float) -> float:
        """The seconds until ``moment`` of :meth:`now` or until the deadline, whichever comes first; at least 0."""
        return max(0.0, min(moment, self._end) - self._clock())
