"""The process of the installed command: Ctrl-C ends it with exit code 1 at any moment, without a traceback.

Python prints and drops a KeyboardInterrupt that is raised within a weakref callback, a gc callback or ``__del__``. Then
a timer raises it again. The commands rely on the exception: they say how to continue.
"""

from __future__ import annotations

import signal
import sys

AGAIN_SECONDS = 0.01
ABORTED = 1
"""The exit code of click for Ctrl-C."""


def run() -> int:
    """Run the command that the arguments of the process name. Return the exit code if a Ctrl-C ends it early."""
    try:
        _raise_lost_interrupts_again()
        from appointments_cli.main import main  # takes long, so it comes inside

        main()
    except KeyboardInterrupt:  # before or after click handles it
        _end_quietly()
        from appointments_cli.terminal import echo

        echo("Aborted!", err=True)
    finally:
        _end_quietly()
    return ABORTED


def _raise_lost_interrupts_again() -> None:
    if not hasattr(signal, "setitimer"):
        return  # Windows: the operator presses Ctrl-C again
    report = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if issubclass(unraisable.exc_type, Exception):
            report(unraisable)
        elif issubclass(unraisable.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
        # else: an interruption of silence.py, which ends the process if the exception is lost

    signal.signal(signal.SIGALRM, signal.default_int_handler)
    sys.unraisablehook = hook


def _end_quietly() -> None:
    """Let a further Ctrl-C end the process by its signal: the interpreter that shuts down prints a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
