"""The share of a CPU that Lambda gives to an invocation, enforced by a control group of Linux.

Lambda stops a function that has used up its share of a period until the period ends. The length of the period was
measured on Lambda: https://github.com/pwrdrvr/lambda-throttling.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from generate.bill import PERIOD_MS, WHOLE_CPU_MB

VERSION_2, VERSION_1 = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/cpu")


class Share:
    """A context manager for the processes of a function with this memory. They must end before it does.

    Raises OSError where no group can be made: not on Linux, or without the right to.
    """

    def __init__(self, memory_mb: int) -> None:
        period = round(PERIOD_MS * 1000)
        quota = round(period * memory_mb / WHOLE_CPU_MB)
        is_first = (VERSION_1 / "cpu.cfs_quota_us").exists()
        self._folder = (VERSION_1 if is_first else VERSION_2) / f"bench-{uuid4()}"
        self._settings: dict[str, str] = (
            {"cpu.cfs_period_us": f"{period}", "cpu.cfs_quota_us": f"{quota}"}
            if is_first
            else {"cpu.max": f"{quota} {period}"}
        )

    def __enter__(self) -> Self:
        self._folder.mkdir()
        for file, value in self._settings.items():
            (self._folder / file).write_text(value)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._folder.rmdir()

    def limit(self, pid: int) -> None:
        """Limit a process and all its threads from now on."""
        (self._folder / "cgroup.procs").write_text(str(pid))


def is_available() -> bool:
    """Return whether this process may make such a group."""
    try:
        with Share(WHOLE_CPU_MB):
            return True
    except OSError:
        return False
