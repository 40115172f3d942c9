"""A time by which an answer is due, and calls that never outlast it.

The SDK's timeouts bound each silence on a connection. A service that sends one byte now and then passes them for
ever, so a call runs in a thread beside, which is left behind when the time is up.
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


def within(seconds: float, function: Callable[[], T]) -> T:
    """What the function returns or raises; DeadlineExceededError once the time is up, whatever it does then.

    A function that is left behind goes on and may still succeed: it must be one that is safe to repeat.
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
        del error  # its traceback holds this frame: together they would stay until they are collected


class _Worker:
    """A thread that does one task after the other. A new one costs as much as all else about a call, so they are kept.

    One that is left behind is nobody's until its task is done: there are as many as calls that hang at once.
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
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            outcome = None, error
        self.idle.append(self)  # before the answer: whoever gets it may have the next task
        answer.put(outcome)


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
