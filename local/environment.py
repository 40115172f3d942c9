"""Execution environments: each runs a real handler in a process, as Lambda does.

A process takes one event at a time and keeps its clients between events. It is killed when it exceeds its timeout.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import queue
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from local.execution_output import ExecutionOutput
from local.signals import starting_process
from local.template import Function

START_SECONDS = 60
RECEIVED = "received"
# Each process is forked from one that has imported what all functions share: it starts in half of the time.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["local.preload"])

TakeLines = Callable[[str, str, Sequence[str]], None]
"""Takes the logical id of a function, the name of its log stream, and lines that it wrote."""


class FunctionError(Exception):
    """The handler raised, ended its process or ran out of time. The message is only the kind of error."""


@dataclass(frozen=True, slots=True)
class Context:
    """The context object that Lambda passes to a handler, as documented for Python."""

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
    """One process with one handler. A process that died is replaced.

    ``take_lines`` gets what the process wrote, before its answer is returned. Without it, the process writes to the
    stdout of this one.
    """

    def __init__(self, function: Function, environment: dict[str, str], take_lines: TakeLines | None) -> None:
        self._function = function
        self._environment = environment
        self._log_stream = ""
        self._output: ExecutionOutput | None = None
        if take_lines:
            take = take_lines
            self._output = ExecutionOutput(lambda lines: take(function.logical_id, self._log_stream, lines))
        self._lock = Lock()  # of the process: it is stopped by one thread and replaced by another
        self._stopped = False
        self._ready = False
        self._start()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def invoke(self, event: Any, request_id: str) -> Any:
        """Return the handler's result. Raises FunctionError; after that, the environment is ready for another event.

        A process that died before it received the event is replaced, and its successor gets the event. A process that
        dies later fails the invocation, as in Lambda: the event may have taken effect.
        """
        if not (self._hand_over(event, request_id) or self._hand_over(event, request_id)):
            raise FunctionError("Runtime exited")
        try:
            return self._answer()
        finally:
            if self._output:
                self._output.collect()

    def _answer(self) -> Any:
        try:
            in_time = self._connection.poll(self._function.timeout_seconds)
            error, result = self._connection.recv() if in_time else ("Task timed out", None)
        except (EOFError, OSError):
            in_time, error, result = False, "Runtime exited", None
        if not in_time:
            self.restart()
        if error:
            raise FunctionError(error)
        return result

    def wait_until_ready(self) -> None:
        """Wait until the handler is imported. Raises FunctionError if it cannot be."""
        if self._ready:
            return
        try:
            error = self._connection.recv() if self._connection.poll(START_SECONDS) else "Init timed out"
        except (EOFError, OSError):
            error = "Runtime exited"
        if error:
            self.restart()
            raise FunctionError(error)
        self._ready = True

    def restart(self) -> None:
        """Replace the process. Does nothing after ``stop``."""
        with self._lock:
            if self._stopped:
                return
            self._kill()
            self._connection.close()
            if self._output:
                self._output.collect(ended=True)
            self._start()

    def stop(self) -> None:
        """Kill the process for good. An invocation in flight raises FunctionError."""
        with self._lock:
            self._stopped = True
            self._kill()
            if self._output:
                self._output.collect(ended=True)
                self._output.close()

    def _start(self) -> None:
        self._connection, process_end = _processes.Pipe()
        self._log_stream = time.strftime("%Y/%m/%d/[$LATEST]") + uuid4().hex  # as Lambda names them
        output = self._output.path if self._output else None
        self._process = _processes.Process(
            target=_serve, args=(process_end, self._function, self._environment, output), daemon=True
        )
        with starting_process():
            self._process.start()
        process_end.close()
        self._ready = False

    def _kill(self) -> None:
        self._process.kill()
        self._process.join()

    def _hand_over(self, event: Any, request_id: str) -> bool:
        """Send the event to a live process. Return whether the process received it."""
        if not self._process.is_alive():
            self.restart()
        self.wait_until_ready()
        try:
            self._connection.send((event, request_id))
            received = self._connection.poll(START_SECONDS) and self._connection.recv() == RECEIVED
        except (EOFError, OSError):
            received = False
        if not received:  # it died after the check above
            self.restart()
        return received


class EnvironmentPool:
    """At most ``size`` concurrent environments of one function. An invocation waits until one is idle."""

    def __init__(
        self, function: Function, environment: dict[str, str], *, size: int, take_lines: TakeLines | None = None
    ) -> None:
        self._environments = [ExecutionEnvironment(function, environment, take_lines) for _ in range(size)]
        self._idle: queue.LifoQueue[ExecutionEnvironment] = queue.LifoQueue()
        for execution_environment in self._environments:
            self._idle.put(execution_environment)

    def wait_until_ready(self) -> None:
        for environment in self._environments:
            environment.wait_until_ready()

    def pids(self) -> list[int]:
        """Return the process ids. The successor of a dead process has another id."""
        return [environment.pid for environment in self._environments]

    def restart(self, *, wait: bool = True) -> None:
        """Replace every process while none is invoked. Without ``wait``, the next event meets a cold start."""
        for environment in self._environments:
            environment.restart()
        if wait:
            self.wait_until_ready()

    def invoke(self, event: Any, request_id: str | None = None) -> Any:
        """Return the handler's result. ``request_id`` is that of the handler's context."""
        with self._idle_environment() as environment:
            return environment.invoke(event, request_id or str(uuid4()))

    def stop(self) -> None:
        for environment in self._environments:
            environment.stop()

    @contextmanager
    def _idle_environment(self) -> Iterator[ExecutionEnvironment]:
        environment = self._idle.get()
        try:
            yield environment
        finally:
            self._idle.put(environment)


def _serve(connection: Connection, function: Function, environment: dict[str, str], output: Path | None) -> None:
    """Import the handler, then answer events until the other side closes the connection. Runs in the process."""
    os.environ.clear()
    os.environ.update(environment)
    if output is not None:
        try:
            _redirect_output(output)
        except FileNotFoundError:
            return  # the stack has ended meanwhile
    module, _, name = function.handler.rpartition(".")
    try:
        handler = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001 - reported by its kind, like any other
        connection.send(type(error).__name__)
        return
    try:
        connection.send(None)
        while True:
            event, request_id = connection.recv()
            connection.send(RECEIVED)
            connection.send(_invoke(handler, event, function, request_id))
    except (EOFError, OSError):
        return


def _invoke(handler: Any, event: Any, function: Function, request_id: str) -> tuple[str | None, Any]:
    """Call the handler as Lambda's runtime does. Return the kind of its error, or None, and its result."""
    context = Context(function.logical_id, function.memory_mb, request_id, time.monotonic() + function.timeout_seconds)
    try:
        outcome: tuple[str | None, Any] = (None, handler(event, context))
    except Exception as error:  # noqa: BLE001 - Lambda's runtime catches everything too
        traceback.print_exc()  # the runtime logs the traceback too, with everything that the error quotes
        outcome = (type(error).__name__, None)
    sys.stdout.flush()
    return outcome


def _redirect_output(output: Path) -> None:
    descriptor = os.open(output, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
