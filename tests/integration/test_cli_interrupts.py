"""A Ctrl-C ends every command at any moment, with exit code 1 and one word."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.integration.test_cli_errors import NAMES
from tests.interrupts import CALLBACKS

ABORTED = (1, "", ["Aborted!"])
BEGIN = "import os, signal, sys, threading, time\nfrom appointments_cli import process\n"


def start(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", BEGIN + code],
        env={**os.environ, **NAMES},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, list[str]]:
    """Wait for the end. Return the exit code, the output, and the lines on stderr that have text."""
    with process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, [line for line in err.splitlines() if line]


def command(body: str) -> str:
    """A program whose only command runs ``body``, within the process of the installed command."""
    indented = body.replace("\n", "\n    ")
    return f"""
import click
from appointments_cli import main
@click.command()
def work():
    {indented}
main.main = work
sys.argv = ["appointments"]
sys.exit(process.run())
"""


@pytest.mark.parametrize("callback", CALLBACKS)
def test_an_interrupt_within_a_callback_that_cannot_raise_is_raised_after_it(callback: str) -> None:
    interrupt = "def interrupt(*_):\n    done or [done.append(1), os.kill(os.getpid(), signal.SIGINT)]\ndone = []\n"
    closing = "try:\n    time.sleep(300)\nfinally:\n    print('closing line', flush=True)"
    code, out, err = ended(start(command(f"{interrupt}{CALLBACKS[callback]}\n{closing}")))
    assert (code, out, err) == (1, "closing line\n", ["Aborted!"])


def test_another_error_within_such_a_callback_is_reported() -> None:
    code, _, err = ended(start(command("class Thing: __del__ = lambda self: 1 / 0\nThing()")))
    assert (code, err[-1]) == (0, "ZeroDivisionError: division by zero")


def test_an_interrupt_during_the_imports_of_the_command_ends_it() -> None:
    code = """
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "click":
            sys.meta_path.remove(Finder)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder)
sys.exit(process.run())
"""
    assert ended(start(code)) == ABORTED


def test_an_interrupt_after_the_command_prints_nothing() -> None:
    process = start(
        "import atexit\n"
        "atexit.register(lambda: (print('over', flush=True), time.sleep(300)))\n"
        "sys.argv = ['appointments', '--version']\n"
        "sys.exit(process.run())"
    )
    assert process.stdout is not None
    while process.stdout.readline() != "over\n":
        pass
    process.send_signal(signal.SIGINT)
    assert ended(process) == (-signal.SIGINT, "", [])


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100))
def test_an_interrupt_at_any_moment_ends_a_command_that_waits_for_aws(seed: int) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        process = start(
            f"sys.argv = ['appointments', 'status', '--stack', 'engage', '--endpoint-url', {url!r}]\n"
            "print('ready', flush=True)\nsys.exit(process.run())"
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(random.Random(seed).uniform(0, 2))
        process.send_signal(signal.SIGINT)
        assert ended(process) == ABORTED
