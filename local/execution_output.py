"""What the processes of an execution environment write to stdout and stderr."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

EMPTIED_BYTES = 1024 * 1024
"""The file is emptied when it is longer than this and completely read."""


class ExecutionOutput:
    """A file for the output of one process after another. The processes write to its end, this side reads it.

    The file outlives a process that is killed, so no line of it is lost. ``take`` gets the lines.
    """

    def __init__(self, take: Callable[[Sequence[str]], None]) -> None:
        self._take = take
        self._file = tempfile.NamedTemporaryFile(prefix="function-output-")  # noqa: SIM115 - until close()
        self._rest = b""
        self._lock = Lock()  # an invocation and the end of the stack can both collect

    @property
    def path(self) -> Path:
        return Path(self._file.name)

    def collect(self, *, ended: bool = False) -> None:
        """Pass on the lines that were written since the last call. Comes while the process writes nothing.

        ``ended`` is whether the process has ended: then its last line counts even if it is not complete.
        """
        with self._lock:
            if self._file.closed:
                return
            *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
            if ended:
                lines, self._rest = [*lines, self._rest], b""
            if self._file.tell() > EMPTIED_BYTES:
                self._file.seek(0)
                self._file.truncate()
        if written := [line.decode(errors="replace") for line in lines if line]:
            self._take(written)

    def close(self) -> None:
        """Delete the file. Later calls of ``collect`` do nothing."""
        with self._lock:
            self._file.close()
