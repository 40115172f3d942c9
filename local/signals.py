"""The end of the process on SIGTERM and Ctrl-C."""

from __future__ import annotations

import signal
import time
from typing import NoReturn

STOP_SECONDS = 4.5
PAUSE_SECONDS = 0.4
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def exit_on_signal() -> None:
    """Make the first SIGTERM or Ctrl-C end the process within 5 seconds, with exit code 0. Later ones are ignored."""
    for number in SIGNALS:
        signal.signal(number, _exit)


def wait() -> NoReturn:
    """Wait for the signal that ends the process.

    ``signal.pause()`` would miss a signal that comes just before it. A sleep handles it at its end.
    """
    while True:
        time.sleep(PAUSE_SECONDS)


def _exit(*_: object) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # If the cleanup hangs, or if a callback swallows the exception below, the kernel ends the process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)
    raise SystemExit(0)
