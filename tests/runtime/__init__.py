"""Programs that run in the Python of the Lambda runtime, with only the standard library and the given folders.

Each program is one file. It reads JSON from standard input, and the last line that it prints is its answer as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).parent


@cache
def python() -> str:
    """Return the path of the real interpreter, not of a wrapper on PATH. Skips the test if it is not installed."""
    command = ["python3.13", "-c", "import sys; print(sys.executable)"]
    try:
        return subprocess.run(command, cwd=PROGRAMS, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("python3.13, the runtime of the functions, is not installed")


def run(program: str, arguments: Any, variables: Mapping[str, str] | None = None) -> Any:
    """Run a program, and return its answer. ``variables`` are its whole environment."""
    process = subprocess.run(  # noqa: S603
        [*_without_root_override(), python(), "-I", "-S", str(PROGRAMS / f"{program}.py")],
        input=json.dumps(arguments),
        env={"HOME": "/nonexistent", **(variables or {})},  # without an SDK configuration
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr + process.stdout
    return json.loads(process.stdout.splitlines()[-1])


def _without_root_override() -> list[str]:
    """Return a command prefix that makes root respect read-only modes, by dropping the capability to override them."""
    if os.geteuid() == 0 and shutil.which("setpriv"):
        return ["setpriv", "--bounding-set", "-dac_override"]
    return []
