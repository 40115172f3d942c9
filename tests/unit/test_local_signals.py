"""A signal ends a process of the local stack at any moment: with exit code 0, without a word, and nothing is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.interrupts import CALLBACKS

BEGIN = "import os, signal, sys, tempfile, threading, time\nfrom local import signals\nsignals.exit_on_signal()\n"
INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)\n"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("callback", CALLBACKS)
def test_a_signal_within_a_callback_that_cannot_raise_ends_the_process(callback: str) -> None:
    answer = run(f"def interrupt(*_):\n    {INTERRUPT}{CALLBACKS[callback]}\nsignals.wait()")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_that_the_main_thread_cannot_take_ends_the_process(number: str) -> None:
    """A resolver of names that hangs, for example, is one call of C. Another thread takes the signal."""
    code = f"""
threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.{number})).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.{number}])
time.sleep(300)
"""
    answer = run(code)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_the_end_deletes_temporary_files_and_calls_what_is_registered(tmp_path: Path) -> None:
    registered, ended = tmp_path / "registered", tmp_path / "ended"
    code = f"""
file = tempfile.NamedTemporaryFile()
print(tempfile.gettempdir(), os.path.dirname(file.name), flush=True)
with signals.at_end(open({str(ended)!r}, "w").close):
    open({str(ended)!r}, "w").write("x")
with signals.at_end(lambda: open({str(registered)!r}, "w").close()):
    {INTERRUPT}    signals.wait()
"""
    answer = run(code)
    assert (answer.returncode, answer.stderr) == (0, "")
    folder, parent = answer.stdout.split()
    assert folder == parent
    assert not Path(folder).exists()
    assert registered.exists()


def test_a_process_that_is_being_started_is_started_before_the_end() -> None:
    code = """
with signals.starting_process():
    signal.raise_signal(signal.SIGTERM)
    time.sleep(0.2)
    print("started", flush=True)
signals.wait()
"""
    answer = run(code)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "started\n", "")


def test_a_signal_after_the_command_leaves_its_exit_code() -> None:
    answer = run(f"signals.ignore()\n{INTERRUPT}time.sleep(0.1)\nsys.exit(3)")
    assert (answer.returncode, answer.stdout, answer.stderr) == (3, "", "")
