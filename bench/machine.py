"""The machine of a run."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench import folders


def machine() -> dict[str, str | int]:
    """Return the date, the hardware and the versions that the figures depend on."""
    python = [str(folders.interpreter()), "-c", "import platform; print(platform.python_version())"]
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "python": subprocess.run(python, check=True, capture_output=True, text=True).stdout.strip(),  # noqa: S603
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
