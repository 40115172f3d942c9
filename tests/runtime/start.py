"""Starts a handler from a folder as Lambda does, and watches what that compiles and writes there.

Given {"folder": ..., "paths": below it, "handler": ..., "events": [...]}, answers {"compiled": [...], "written": [...],
"answers": [...]}.
"""

from __future__ import annotations

import importlib
import json
import os
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


class Watch:
    """An audit hook: what of a folder is compiled, and what of it is opened to be written."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.compiled: list[str] = []
        self.written: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "compile" and self._is_ours(arguments[1]):
            self.compiled.append(_text(arguments[1]))
        if event == "open" and self._is_ours(arguments[0]) and arguments[2] & WRITING:
            self.written.append(_text(arguments[0]))

    def _is_ours(self, path: Any) -> bool:
        return isinstance(path, (str, bytes)) and _text(path).startswith(self._folder)


def _text(path: str | bytes) -> str:
    return os.fsdecode(path)


def start(given: dict[str, Any]) -> dict[str, Any]:
    watch = Watch(given["folder"])
    sys.addaudithook(watch)
    sys.path[:0] = given["paths"]
    module, _, name = given["handler"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    answers = [handler(event, CONTEXT) for event in given["events"]]
    return {"compiled": watch.compiled, "written": watch.written, "answers": answers}


if __name__ == "__main__":
    answer = start(json.load(sys.stdin))
    print()  # noqa: T201 - a log line may have no end
    print(json.dumps(answer))  # noqa: T201
