"""A Ctrl-C ends make run, make serve and make load at any moment: within seconds, without a traceback or a leftover."""

from __future__ import annotations

import random
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_command import end, local, read_until
from tests.processes import descendants
from tests.project import ROOT

SECONDS = {"serve": 4.0, "run": 7.0, "load": 7.0}
"""The random moments are in this time: make run is over after it, unless the machine is slow."""
ROUNDS = 40


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: that of a socket in it has at most 103 characters."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def interrupt(command: str, number: signal.Signals, seconds: float, folder: Path) -> None:
    """Start a command, send it a signal after ``seconds``, and check its end."""
    (folder / "build").mkdir()
    options = ["--seconds", "2", "--senders", "2"] if command == "load" else [command]
    process = local(
        *options,
        module="local.load" if command == "load" else "local",
        folder=folder,
        TMPDIR=str(folder),
        PYTHONPATH=str(ROOT),
        PORT="0",
        AWS_PORT="0",
    )
    read_until(process, "starting")
    time.sleep(seconds)
    end(process, number, descendants(process.pid))
    left = {path.name for path in folder.rglob("*")}
    assert left <= {"build", "run.log", "load.log", "load.json"}


@pytest.mark.parametrize(
    ("command", "number", "seconds"),
    [
        ("serve", signal.SIGINT, 0),
        ("serve", signal.SIGTERM, 0.7),
        ("serve", signal.SIGINT, 1.4),
        ("run", signal.SIGINT, 2.1),
        ("run", signal.SIGTERM, 2.8),
    ],
)
def test_one_signal_ends_a_command_during_its_start_and_its_work(
    command: str, number: signal.Signals, seconds: float, folder: Path
) -> None:
    interrupt(command, number, seconds, folder)


@pytest.mark.nightly
@pytest.mark.parametrize("command", SECONDS)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_one_signal_ends_a_command_at_any_moment(command: str, seed: int, folder: Path) -> None:
    moment = random.Random(f"{command} {seed}").uniform(0, SECONDS[command])
    interrupt(command, random.Random(seed).choice([signal.SIGINT, signal.SIGTERM]), moment, folder)
