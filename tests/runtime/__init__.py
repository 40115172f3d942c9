"""Programs for a Python that has nothing but the standard library and the folders it is given.

Each is one file that reads what it is given from standard input and prints its answer as the last line, both as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).parent


def run(program: str, given: Any, variables: Mapping[str, str] | None = None, *, python: str = "python3.13") -> Any:
    """What the program answers; ``variables`` are its whole environment. Skips where that Python is not installed."""
    if shutil.which(python) is None:
        pytest.skip(f"{python} is not installed")
    path = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    ran = subprocess.run(  # noqa: S603
        [*_obeying_modes(), python, "-I", "-S", str(PROGRAMS / f"{program}.py")],
        input=json.dumps(given),
        env={**path, **(variables or {})},
        cwd=PROGRAMS,
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
