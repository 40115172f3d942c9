"""One execution environment: a fresh process of the runtime client with one handler, and what it has used so far."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO, Self

from bench import folders
from bench.limit import Limit, cpu_seconds
from bench.runtime import Answered, RuntimeApi
from bench.variants import Variant

LOG_SECONDS = 0.01
"""When nothing of the log has been left to read for so long, all of it is read."""
LINES = 40
"""So many of the last lines of a process are kept, to show when it fails."""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCH1",
    "AWS_SECRET_ACCESS_KEY": "bench/bench/bench/bench/bench/bench/benc",
    "AWS_SESSION_TOKEN": "bench" * 160,  # as long as a role's
}


class Process:
    """A context manager: starts the process, and ends it whatever happened.

    ``aws`` is the address that stands for every AWS service. With ``limit`` the process has a share of a CPU from the
    start; without, from when :meth:`slow_down` gives it one.
    """

    def __init__(
        self,
        variant: Variant,
        aws: str,
        *,
        share: float | None = None,
        options: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        keep: int | None = LINES,
    ) -> None:
        self._variant = variant
        self._api = RuntimeApi()
        self._share = share
        self._limit: Limit | None = None
        self.lines: deque[str] = deque(maxlen=keep)
        self._logged = 0
        self._command = [str(folders.interpreter()), *options, "-m", "awslambdaric", variant.handler]
        self._environment = {**environment(variant, aws, self._api.address), **(variables or {})}

    def __enter__(self) -> Self:
        self.started = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603
            self._command,
            cwd=self._variant.task,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if self._share is not None:
            self.slow_down(self._share)
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        self._drain = Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._drain.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)  # ended, and its id is nobody else's yet
        if self._limit:
            self._limit.remove()
        self._process.wait()
        self._drain.join()
        self._api.stop()
        if error:
            error.add_note(f"{self._variant.name}, the last lines:\n" + "".join(self.lines))

    def wait_until_ready(self) -> float:
        """The seconds from the start until the handler is imported and the process asks for an event."""
        return self._api.wait_until_asked() - self.started

    def invoke(self, event: bytes) -> Answered:
        return self._api.invoke(event)

    def slow_down(self, share: float) -> str:
        """Leave it so much of one CPU from now on; what does that here."""
        self._limit = Limit(self._process.pid, share)
        return self._limit.name

    def cpu_seconds(self) -> float:
        return cpu_seconds(self._process.pid)

    def peak_mebibytes(self) -> float:
        """The most physical memory that it has had so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024

    def logged_bytes(self) -> int:
        """What it has written to its log so far."""
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        while select.select([self._process.stdout], [], [], LOG_SECONDS)[0]:
            time.sleep(LOG_SECONDS)
        return self._logged

    def _read(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._logged += len(line)
            self.lines.append(line.decode(errors="replace"))
        pipe.close()


def environment(variant: Variant, aws: str, runtime_api: str) -> dict[str, str]:
    """Lambda's own variables, those of the function, and nothing else of this process's environment but PATH.

    Lambda's file system is read-only: bytecode that is not in the package is made anew by every start.
    """
    path = (variant.task, *variant.layers, folders.locked("bench-runtime"))
    return {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(variant.task),
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(variant.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        **CREDENTIALS,
        **variant.environment,
        "AWS_ENDPOINT_URL": aws,
    }
