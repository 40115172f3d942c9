"""The processes of this machine, read from /proc."""

from __future__ import annotations

from pathlib import Path

import pytest


def children(pid: int) -> list[int]:
    """Return the child processes of a process. Skips the test where there is no /proc."""
    folder = Path(f"/proc/{pid}/task/{pid}/children")
    if not folder.exists():
        pytest.skip("this test reads child processes from /proc")
    return [int(child) for child in folder.read_text().split()]


def memory(pid: int) -> int:
    """Return the bytes of a process. Pages that processes share count in equal parts for each (PSS)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():
        pytest.skip("this test reads the memory of processes from /proc")
    return 1024 * next(int(line.split()[1]) for line in rollup.read_text().splitlines() if line.startswith("Pss:"))


def is_running(pid: int) -> bool:
    """Return whether the process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
