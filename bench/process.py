"""An execution environment: a new process of the runtime interface client, with its CPU, memory and log."""

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

from bench import authority, folders
from bench.runtime import Result, RuntimeApi
from bench.variants import Variant

LOG_SECONDS = 0.01
"""The log counts as fully read after this time without a new line."""
LINES = 40
"""The number of log lines that are kept for the error message of a failed process."""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCH1",
    "AWS_SECRET_ACCESS_KEY": "bench/bench/bench/bench/bench/bench/benc",
    "AWS_SESSION_TOKEN": "bench" * 160,  # as long as the token of a role
}


class Process:
    """A context manager that starts the process and always ends it. ``aws`` is the endpoint of all AWS services.

    ``prefix`` is the beginning of the command, for a tool that runs the interpreter.
    """

    def __init__(
        self,
        variant: Variant,
        aws: str,
        *,
        prefix: Sequence[str] = (),
        options: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        keep: int | None = LINES,
    ) -> None:
        self._variant = variant
        self._api = RuntimeApi()
        self.lines: deque[str] = deque(maxlen=keep)
        self._logged = 0
        self._command = [*prefix, str(folders.interpreter()), *options, "-m", "awslambdaric", variant.handler]
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
        assert self._process.stdout is not None  # noqa: S101 - Popen has made a pipe
        self._drain = Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._drain.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._drain.join()
        self._api.stop()
        if error:
            error.add_note(f"the last log lines of {self._variant.name}:\n" + "".join(self.lines))

    def end(self) -> None:
        """End the waiting process, as Lambda does: without the end of its interpreter. Read its log to the end."""
        self._process.terminate()
        self._process.wait()
        self._drain.join()

    def wait_until_ready(self) -> float:
        """Return the seconds from the start until the handler is imported and the process requests an event."""
        return self._api.wait_for_request() - self.started

    @property
    def pid(self) -> int:
        return self._process.pid

    def invoke(self, event: bytes) -> Result:
        return self._api.invoke(event)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process, including its ended threads, in nanosecond precision."""
        return time.clock_gettime((~self._process.pid << 3) | 2)  # the id that clock_getcpuclockid(3) returns on Linux

    def peak_mebibytes(self) -> float:
        """Return the peak of the resident memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024

    def logged_bytes(self) -> int:
        """Return the size of the log."""
        assert self._process.stdout is not None  # noqa: S101 - Popen has made a pipe
        while select.select([self._process.stdout], [], [], LOG_SECONDS)[0]:
            time.sleep(LOG_SECONDS)
        return self._logged

    def _read(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._logged += len(line)
            self.lines.append(line.decode(errors="replace"))
        pipe.close()


def environment(variant: Variant, aws: str, runtime_api: str) -> dict[str, str]:
    """Return the variables of Lambda and of the function, and nothing of this process but PATH.

    The file system of Lambda is read-only, so a start cannot write bytecode that the package lacks.
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
        **({"AWS_CA_BUNDLE": str(authority.bundle(variant.trusted))} if variant.trusted else {}),
    }
