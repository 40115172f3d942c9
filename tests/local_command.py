"""The commands of local/ as processes of a session of their own, as in a terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.processes import is_running
from tests.project import ROOT

TROUBLE = re.compile("Traceback|Exception ignored|Error")


def local(*arguments: str, module: str = "local", folder: Path | str = ROOT, **variables: str) -> subprocess.Popen[str]:
    # The profile does not exist: the AWS settings of the user must not affect the stack.
    environment = {**os.environ, "AWS_PROFILE": "no-such-profile", "PYTHONUNBUFFERED": "1", **variables}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    output = ""
    while text not in output:
        line = process.stdout.readline()
        assert line, output
        output += line
    return output


def end(process: subprocess.Popen[str], number: signal.Signals, processes: list[int]) -> str:
    """Send one signal, as a terminal or a container does. Check the end and return the output.

    A terminal sends Ctrl-C to all processes of the command, a container sends SIGTERM to the first.
    """
    if number is signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert TROUBLE.search(output) is None, output
    give_up = time.monotonic() + 10
    while any(map(is_running, processes)) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert [pid for pid in processes if is_running(pid)] == []
    return output
