"""The thread of an event source mapping: polls after each wake-up, and otherwise seldom."""

from __future__ import annotations

from threading import Event, Thread
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

OUTAGE_SECONDS = 2.0
JOIN_SECONDS = 2


class Mapping(Protocol):
    """An event source mapping."""

    def poll(self, stopping: Event) -> None:
        """Pass everything that waits to the function. Return early when ``stopping`` is set.

        Raises a botocore error if the source does not answer. A later call continues where this one ended.
        """


class Poller:
    """Polls a mapping in a thread until it is stopped: after each ``wake``, and ``pause`` seconds after each poll.

    ``result`` is what Lambda calls the last processing result.
    """

    def __init__(self, mapping: Mapping, *, pause: float) -> None:
        self._mapping = mapping
        self._pause = pause
        self._woken, self._stopping = Event(), Event()
        self.is_enabled = True
        self.result = "No records processed"
        self._thread = Thread(target=self._run, name=type(mapping).__name__, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Poll now: there may be something new."""
        self._woken.set()

    def enable(self, *, enabled: bool) -> None:
        """Poll on, or do not. What waits stays in its source meanwhile."""
        self.is_enabled = enabled
        self.wake()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()
        self._woken.set()

    def join(self) -> None:
        """Wait until the thread has ended, for a short time: a call to AWS in flight can take longer."""
        if self._thread.ident is not None:
            self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.is_enabled:
                    self._mapping.poll(self._stopping)
                    self.result = "OK"
                pause = self._pause
            except (BotoCoreError, ClientError) as error:
                self.result = f"PROBLEM: {type(error).__name__}"
                pause = OUTAGE_SECONDS
            self._woken.wait(pause)
            self._woken.clear()
