"""Starts a handler from a folder as Lambda does, and records files and requests.

Input: {"folder": ..., "paths": [folders in it], "handler": ..., "events": [...]}.
Answer: {"compiled": [...], "written": [...], "imported": [...], "phases": [{"opened": [...], "requests": [...]}, ...],
"answers": [...]}. The first phase is the start; each event is another phase.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from types import SimpleNamespace
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
TARGET = re.compile(rb"(?im)^x-amz-target: .*[.](.*?)\r?$")


class Watch:
    """An audit hook. It records compiled and written files of a folder, all files that are read, and all requests."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.compiled: list[str] = []
        self.written: list[str] = []
        self.phases: list[dict[str, list[str]]] = []
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
    watch = Watch(given["folder"])
    sys.addaudithook(watch)
    sys.path[:0] = given["paths"]
    before = set(sys.modules)
    watch.authorities()
    module, _, name = given["handler"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    imported = _comparable(set(sys.modules) - before)
    answers = []
    for event in given["events"]:
        watch.begin_phase()
        answers.append(handler(event, CONTEXT))
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
