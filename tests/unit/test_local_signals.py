"""The signal that ends the local stack is never missed."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import os, signal, threading
from local import signals

signals.exit_on_signal()
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # of this thread: the timer's thread takes the signal
signals.wait()
"""


def test_a_signal_that_interrupts_no_call_of_the_main_thread_ends_the_wait() -> None:
    """A signal that comes just before the wait interrupts no call either."""
    answer = subprocess.run([sys.executable, "-c", CODE], timeout=60, check=False)  # noqa: S603
    assert answer.returncode == 0
