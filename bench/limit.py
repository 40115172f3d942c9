"""A share of one CPU for one process, as Lambda gives it by memory: 1769 MB are a whole one.

A control group does it, in periods as short as Lambda's; where none can be made, the process is stopped in each period
once it has used its part, which is a little less exact.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Protocol
from uuid import uuid4

MEGABYTES_OF_A_CPU = 1769
PERIOD_SECONDS = 0.020
LOOK_SECONDS = 0.0005
MICROSECONDS = 1_000_000
UNIFIED = Path("/sys/fs/cgroup")
FIRST_VERSION = Path("/sys/fs/cgroup/cpu")


def share_of(memory_mb: int) -> float:
    return memory_mb / MEGABYTES_OF_A_CPU


def cpu_seconds(pid: int) -> float:
    """Of a whole process, of its threads that have ended as well, in nanoseconds' precision."""
    return time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid(3) gives on Linux


class _Means(Protocol):
    name: str

    def remove(self) -> None: ...


class Limit:
    """In force from when it is made until it is removed, which wants the process to have ended."""

    def __init__(self, pid: int, share: float) -> None:
        self._means: _Means
        try:
            self._means = _ControlGroup(pid, share)
        except OSError:  # no right to, or no such controller here
            self._means = _DutyCycle(pid, share)
        self.name = self._means.name

    def remove(self) -> None:
        self._means.remove()


class _ControlGroup:
    name = "control group"

    def __init__(self, pid: int, share: float) -> None:
        period = round(PERIOD_SECONDS * MICROSECONDS)
        quota = max(1000, round(period * share))  # the kernel takes no less
        first = (FIRST_VERSION / "cpu.cfs_quota_us").exists()
        limits = {"cpu.cfs_period_us": period, "cpu.cfs_quota_us": quota} if first else {"cpu.max": f"{quota} {period}"}
        self._folder = (FIRST_VERSION if first else UNIFIED) / f"bench-{uuid4()}"
        self._folder.mkdir()
        try:
            for file, value in {**limits, "cgroup.procs": pid}.items():
                (self._folder / file).write_text(str(value))
        except OSError:
            self.remove()
            raise

    def remove(self) -> None:
        with suppress(OSError):  # left empty then, and gone with the machine
            self._folder.rmdir()


class _DutyCycle:
    name = "stopped and continued"

    def __init__(self, pid: int, share: float) -> None:
        self._pid = pid
        self._share = min(share, 1.0)
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def remove(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        """In each period until its part is used up; what it took too much is missing from the next."""
        left = 0.0
        with suppress(OSError):  # it has ended
            while not self._ended.is_set():
                end = time.monotonic() + PERIOD_SECONDS
                left = min(left, 0.0) + PERIOD_SECONDS * self._share
                if left > 0:
                    os.kill(self._pid, signal.SIGCONT)
                    left -= self._use(left, end)
                if left <= 0:
                    os.kill(self._pid, signal.SIGSTOP)
                time.sleep(max(0.0, end - time.monotonic()))

    def _use(self, allowed: float, end: float) -> float:
        """The CPU seconds that it used until that was enough or the period was over."""
        before = cpu_seconds(self._pid)
        while (used := cpu_seconds(self._pid) - before) < allowed and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
        return used
