"""Ends a command to which AWS does not answer, wherever it waits.

The timeouts of the SDK are not enough. A connection is tried for each address of a name, so that eight addresses in a
network that drops packets take eight timeouts. A resolver of names has timeouts that no program can set. Calls for
credentials have those of the SDK.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appointments_cli.errors import UNREACHABLE, UnreachableError
from appointments_cli.terminal import echo

LIMIT_SECONDS = 12.0
"""Longer than every read timeout of the command: only an AWS that is out of reach is silent for so long."""
GRACE_SECONDS = 1.5
"""The time that the command has to end in order. A resolver that hangs cannot be interrupted."""
POLL_SECONDS = 0.25


class _Interrupt(BaseException):
    """Goes through the SDK, which catches every Exception and tries again."""


class Silence:
    """Counts the seconds since the first call that AWS did not answer, over all threads and repeated calls."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._calls = 0
        self._since: float | None = None
        self._endpoint = ""
        self._over = threading.Event()
        self._error: UnreachableError | None = None
        self._can_interrupt = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch what runs inside, in the main thread. Raises UnreachableError there, and ends a process that cannot."""
        watch = threading.Thread(target=self._watch, daemon=True)
        # Windows has no such signal, and no other thread gets one.
        self._can_interrupt = hasattr(signal, "SIGUSR1") and threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGUSR1, self._interrupt) if self._can_interrupt else None
        watch.start()
        try:
            yield
        except _Interrupt:
            assert self._error is not None  # noqa: S101 - for mypy
            raise self._error from None
        finally:
            self._over.set()
            watch.join()
            if self._can_interrupt:
                signal.signal(signal.SIGUSR1, before)

    def sent(self, endpoint: str) -> None:
        """Note that this thread sends a request, for the first time or again. No request follows an interruption."""
        self._interrupt()
        with self._lock:
            if not getattr(self._thread, "is_in_call", False):
                self._thread.is_in_call = True
                self._calls += 1
            if self._since is None:
                self._since = self._clock()
            self._endpoint = endpoint

    def answered(self) -> None:
        with self._lock:
            self._since = None

    def finished(self) -> None:
        """Note that the call of this thread is over, with an answer or without. Its retries are part of it."""
        with self._lock:
            if getattr(self._thread, "is_in_call", False):
                self._thread.is_in_call = False
                self._calls -= 1

    def unreachable(self, seconds: float) -> UnreachableError:
        return UnreachableError(
            f"AWS does not answer at {self._endpoint} within {round(seconds)} s: "
            "check the network, --region and --endpoint-url"
        )

    def _is_too_long(self) -> bool:
        with self._lock:
            since = self._since
            return self._calls > 0 and since is not None and self._clock() - since > LIMIT_SECONDS

    def _watch(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            if self._is_too_long():
                self._end()
                return

    def _end(self) -> None:
        self._error = self.unreachable(LIMIT_SECONDS)
        if self._can_interrupt:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        if self._over.wait(GRACE_SECONDS):
            return
        echo(f"Error: {self._error.message}", err=True)
        sys.stdout.flush()
        os._exit(UNREACHABLE)

    def _interrupt(self, *_: object) -> None:
        if self._error is not None:
            raise _Interrupt
