"""The end of the process on SIGTERM and Ctrl-C.

A handler that raises an exception does not always end the process: Python prints and drops an exception that is raised
within a weakref callback, a gc callback or ``__del__``. Elsewhere it can leave a lock held. So no handler raises: the
signal wakes a thread, and the thread ends the process, whatever the main thread does.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE_SECONDS = 4.0
"""The longest wait for a process that is being started."""

_starting = threading.RLock()
_cleanups: list[Callable[[], None]] = []


def exit_on_signal() -> None:
    """Make the first SIGTERM or Ctrl-C end the process within 5 seconds, with exit code 0.

    The end kills the process's children and deletes its temporary files.
    """
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in SIGNALS:
        signal.signal(number, _do_nothing)  # without a handler, the signal does not wake the thread
    threading.Thread(target=_end_when_woken, args=(readable,), name="signals", daemon=True).start()
    with _starting:
        _keep_temporary_files_together()


def ignore() -> None:
    """Ignore all later signals: the command is over, and the process ends with its exit code."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def wait() -> NoReturn:
    """Wait for the signal that ends the process."""
    while True:
        threading.Event().wait()


@contextmanager
def at_end(callback: Callable[[], None]) -> Iterator[None]:
    """Call ``callback`` at the end of the block. A signal inside the block calls it too, in another thread."""
    _cleanups.append(callback)
    try:
        yield
    finally:
        _cleanups.remove(callback)
        callback()


@contextmanager
def starting_process() -> Iterator[None]:
    """Start a process inside the block. It gets no SIGINT, and a signal ends this process only after the block.

    A Ctrl-C goes to all processes of a terminal, and this process kills its children. A child that loses its parent
    while it starts prints a traceback.
    """
    with _starting:
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the child inherits the mask
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _do_nothing(*_: object) -> None: ...


def _keep_temporary_files_together() -> None:
    """Make a folder for all temporary files of this process."""
    import tempfile

    folder = tempfile.TemporaryDirectory(prefix="local-")
    tempfile.tempdir = folder.name
    _cleanups.append(folder.cleanup)
    atexit.register(folder.cleanup)


def _end_when_woken(readable: int) -> NoReturn:
    from multiprocessing import active_children  # takes long, so it comes after the handlers

    os.read(readable, 1)
    _starting.acquire(timeout=PATIENCE_SECONDS)
    children = active_children()
    for cleanup in reversed(_cleanups):
        with suppress(Exception):  # the end comes in any case
            cleanup()
    for child in children:  # last: the main thread notices that they are gone
        child.kill()
    os._exit(0)
