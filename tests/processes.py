"""The processes of this machine, read from /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NoReturn


def descendants(pid: int) -> list[int]:
    """Return the child processes of a process, and theirs. Skips the test where there is no /proc."""
    if not Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists():
        _skip("this test reads child processes from /proc")
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the process or the thread has ended
            for child in map(int, file.read_text().split()):
                found += [child, *descendants(child)]
    return found


def memory(pid: int) -> int:
    """Return the bytes of a process. Pages that processes share count in equal parts for each (PSS)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():
        _skip("this test reads the memory of processes from /proc")
    return 1024 * next(int(line.split()[1]) for line in rollup.read_text().splitlines() if line.startswith("Pss:"))


def is_running(pid: int) -> bool:
    """Return whether the process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def seconds_without_core() -> float:
    """Return the seconds for which threads of this process waited for a core; 0 if the system does not count them."""
    nanoseconds = 0
    for file in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError):  # the thread has ended
            nanoseconds += int(file.read_text().split()[1])
    return nanoseconds / 1e9


def _skip(reason: str) -> NoReturn:
    import pytest  # here, because a function under test imports this module

    pytest.skip(reason)
