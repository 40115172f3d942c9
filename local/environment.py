"""Execution environments: the real handlers in processes of their own, as Lambda runs them.

A process takes one event at a time, keeps its clients between events and is killed when it exceeds its timeout.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import queue
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.template import Function

START_SECONDS = 60
_spawn = multiprocessing.get_context("spawn")


class FunctionError(Exception):
    """The handler raised, ended its process or ran out of time; the message is the kind of error alone."""


@dataclass(frozen=True, slots=True)
class Context:
    """Lambda's context object, as much of it as is documented for Python."""

    function_name: str
    memory_limit_in_mb: int
    aws_request_id: str
    deadline: float  # of time.monotonic()
    function_version: str = "$LATEST"

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:eu-west-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class ExecutionEnvironment:
    """One process with one handler in it, started again after it was lost."""

    def __init__(self, function: Function, environment: dict[str, str], log: Path | None) -> None:
        self._function = function
        self._environment = environment
        self._log = log
        self._start()

    def _start(self) -> None:
        self._connection, theirs = _spawn.Pipe()
        self._process = _spawn.Process(
            target=_serve, args=(theirs, self._function, self._environment, self._log), daemon=True
        )
        self._process.start()
        theirs.close()
        self._ready = False

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def invoke(self, event: Any) -> Any:
        """What the handler returns. Raises FunctionError; the environment can be used again all the same."""
        self.wait_until_ready()
        try:
            self._connection.send(event)
            in_time = self._connection.poll(self._function.timeout_seconds)
            error, answer = self._connection.recv() if in_time else ("Task timed out", None)
        except (EOFError, OSError):
            in_time, error, answer = False, "Runtime exited", None
        if not in_time:
            self.restart()
        if error:
            raise FunctionError(error)
        return answer

    def wait_until_ready(self) -> None:
        """Raises FunctionError when the handler cannot be imported."""
        if self._ready:
            return
        try:
            error = self._connection.recv() if self._connection.poll(START_SECONDS) else "Init timed out"
        except EOFError:
            error = "Runtime exited"
        if error:
            self.restart()
            raise FunctionError(error)
        self._ready = True

    def restart(self) -> None:
        self.stop()
        self._start()

    def stop(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()


class Fleet:
    """As many environments of one function as may run at once; whoever finds all of them busy waits."""

    def __init__(self, function: Function, environment: dict[str, str], *, size: int, log: Path | None = None) -> None:
        self._all = [ExecutionEnvironment(function, environment, log) for _ in range(size)]
        self._idle: queue.LifoQueue[ExecutionEnvironment] = queue.LifoQueue()
        for one in self._all:
            self._idle.put(one)

    def wait_until_ready(self) -> None:
        for one in self._all:
            one.wait_until_ready()

    def pids(self) -> list[int]:
        """The processes; a lost one has a successor with another id."""
        return [one.pid for one in self._all]

    def restart(self, *, wait: bool = True) -> None:
        """Every environment a new one; for when none is invoked. Without waiting, the next event meets a cold start."""
        for one in self._all:
            one.restart()
        if wait:
            self.wait_until_ready()

    def invoke(self, event: Any) -> Any:
        with self._borrowed() as environment:
            return environment.invoke(event)

    def stop(self) -> None:
        for one in self._all:
            one.stop()

    @contextmanager
    def _borrowed(self) -> Iterator[ExecutionEnvironment]:
        environment = self._idle.get()
        try:
            yield environment
        finally:
            self._idle.put(environment)


def _serve(connection: Connection, function: Function, environment: dict[str, str], log: Path | None) -> None:
    """The process: import the handler, then answer events until the other side hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the stack, which stops its environments itself
    os.environ.clear()
    os.environ.update(environment)
    if log is not None:
        _redirect(log)
    module, _, name = function.handler.rpartition(".")
    try:
        handler = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001 - reported by its kind, like any other
        connection.send(type(error).__name__)
        return
    connection.send(None)
    while True:
        try:
            event = connection.recv()
        except (EOFError, OSError):
            return
        context = Context(
            function.logical_id, function.memory_mb, str(uuid4()), time.monotonic() + function.timeout_seconds
        )
        try:
            answer: tuple[str | None, Any] = (None, handler(event, context))
        except Exception as error:  # noqa: BLE001 - Lambda's runtime catches everything too
            traceback.print_exc()  # as it does: whatever the error quotes is in the log
            answer = (type(error).__name__, None)
        sys.stdout.flush()
        connection.send(answer)


def _redirect(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
