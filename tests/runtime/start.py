"""Starts a handler from a folder as Lambda does, and records files and requests.

Input: {"folder": ..., "paths": [folders in it], "handler": ..., "events": [...]}.
Answer: {"compiled": [...], "written": [...], "imported": [...], "phases": [{"opened": [...], "requests": [...],
"instructions": number}, ...], "answers": [...]}. The first phase is the start; each event is another phase.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import re
import sys
from types import CodeType, SimpleNamespace
from typing import Any

CONTEXT = SimpleNamespace(
    function_name="function",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:function",
    aws_request_id="request",
    get_remaining_time_in_millis=lambda: 30_000,
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
REQUEST = re.compile(rb"(?:GET|PUT|POST|HEAD|DELETE) ")
MONITORING: Any = sys.monitoring  # type: ignore[attr-defined]  # new in Python 3.12; the runtime is 3.13
TARGET = re.compile(rb"(?im)^x-amz-target: .*[.](.*?)\r?$")


class Instructions:
    """Counts the bytecode instructions that run in any thread, except those of this file.

    The count is the same on every machine, and each round of a loop adds to it. Work inside a function of C, such as
    the parser of JSON, counts as the instructions that call it.
    """

    def __init__(self) -> None:
        self._next = itertools.count().__next__  # a function of C, so that no thread interrupts it
        MONITORING.use_tool_id(MONITORING.PROFILER_ID, "instructions")
        MONITORING.register_callback(MONITORING.PROFILER_ID, MONITORING.events.INSTRUCTION, self._count)
        MONITORING.set_events(MONITORING.PROFILER_ID, MONITORING.events.INSTRUCTION)

    def _count(self, code: CodeType, _offset: int) -> object:
        if code.co_filename == __file__:
            return MONITORING.DISABLE
        self._next()
        return None

    def read(self) -> int:
        """Return the number of instructions since the last reading."""
        count = self._next()
        self._next = itertools.count().__next__
        return count


class Watch:
    """An audit hook. It records compiled and written files of a folder, all files that are read, and all requests."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.compiled: list[str] = []
        self.written: list[str] = []
        self.phases: list[dict[str, Any]] = []
        self.begin_phase()

    def begin_phase(self) -> None:
        self.phases.append({"opened": [], "requests": []})

    def authorities(self) -> None:
        """Record the file of authorities that each TLS context reads. OpenSSL opens it, without an audit event."""
        import ssl

        load = ssl.SSLContext.load_verify_locations

        def recorded(context: Any, cafile: Any = None, *more: Any, **named: Any) -> None:
            self.phases[-1]["opened"].append(_text(cafile))
            load(context, cafile, *more, **named)

        ssl.SSLContext.load_verify_locations = recorded  # type: ignore[assignment,method-assign]

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        match event:
            case "compile" if self._is_ours(arguments[1]):
                self.compiled.append(_text(arguments[1]))
            case "open" if isinstance(arguments[0], (str, bytes)):
                self._record_open(arguments[0], arguments[2])
            case "http.client.send" if isinstance(arguments[1], bytes) and REQUEST.match(arguments[1]):
                self.phases[-1]["requests"].append(_operation(arguments[1]))

    def _record_open(self, path: str | bytes, flags: int) -> None:
        if not flags & WRITING:
            self.phases[-1]["opened"].append(_text(path))
        elif self._is_ours(path):
            self.written.append(_text(path))

    def _is_ours(self, path: Any) -> bool:
        return isinstance(path, (str, bytes)) and _text(path).startswith(self._folder)


def _text(path: str | bytes) -> str:
    return os.fsdecode(path)


def _operation(head: bytes) -> str:
    """Return the operation that the request names, or its HTTP method, as for S3."""
    target = TARGET.search(head)
    return (target[1] if target else head.partition(b" ")[0]).decode()


def _comparable(names: set[str]) -> list[str]:
    """Leave out the private modules of the standard library, which differ between patch versions of Python."""
    return sorted(name for name in names if not _is_private_to_the_standard_library(name.split(".")))


def _is_private_to_the_standard_library(parts: list[str]) -> bool:
    standard = parts[0] in sys.stdlib_module_names or parts[0].startswith("_sysconfigdata")
    return standard and any(part.startswith("_") for part in parts)


def start(given: dict[str, Any]) -> dict[str, Any]:
    instructions = Instructions()
    watch = Watch(given["folder"])
    sys.addaudithook(watch)
    sys.path[:0] = given["paths"]
    before = set(sys.modules)
    watch.authorities()
    instructions.read()
    module, _, name = given["handler"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    watch.phases[-1]["instructions"] = instructions.read()
    imported = _comparable(set(sys.modules) - before)
    answers = []
    for event in given["events"]:
        watch.begin_phase()
        answers.append(handler(event, CONTEXT))
        watch.phases[-1]["instructions"] = instructions.read()
    return {
        "compiled": watch.compiled,
        "written": watch.written,
        "imported": imported,
        "phases": watch.phases,
        "answers": answers,
    }


if __name__ == "__main__":
    answer = start(json.load(sys.stdin))
    print()  # noqa: T201 - ends a log line without a line break
    print(json.dumps(answer))  # noqa: T201
