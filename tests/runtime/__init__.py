"""Programs for the runtime's Python, which has nothing but the standard library and the folders it is given.

Each is one file that reads what it is given from standard input and prints its answer as the last line, both as JSON.
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
    """The runtime's Python itself, whatever stands for it on the path. Skips where it is not installed."""
    command = ["python3.13", "-c", "import sys; print(sys.executable)"]
    try:
        return subprocess.run(command, cwd=PROGRAMS, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("python3.13 is not installed, the runtime of the functions")


def run(program: str, given: Any, variables: Mapping[str, str] | None = None) -> Any:
    """What the program answers; ``variables`` are its whole environment."""
    ran = subprocess.run(  # noqa: S603
        [*_obeying_modes(), python(), "-I", "-S", str(PROGRAMS / f"{program}.py")],
        input=json.dumps(given),
        env={"HOME": "/nonexistent", **(variables or {})},  # no configuration of the SDK's either
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    return json.loads(ran.stdout.splitlines()[-1])


def _obeying_modes() -> list[str]:
    """Root may write to what is read-only, unless it gives that up."""
    if os.geteuid() == 0 and shutil.which("setpriv"):
        return ["setpriv", "--bounding-set", "-dac_override"]
    return []
