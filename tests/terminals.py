"""A terminal in the place of standard streams of this process."""

from __future__ import annotations

import io
import os
import pty
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, *streams: str) -> Iterator[io.BytesIO]:
    """Put a terminal of 100 columns in the place of ``stdin``, ``stdout`` or ``stderr``, and yield what it shows."""
    outside, inside = pty.openpty()
    shown = io.BytesIO()

    def read() -> None:
        try:
            while chunk := os.read(outside, 65536):
                shown.write(chunk)
        except OSError:
            pass  # the other side is closed

    reader = threading.Thread(target=read)
    reader.start()
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        patch.setenv("LINES", "40")
        patch.setenv("TERM", "xterm")
        opened = []
        for name in streams:
            opened.append(os.fdopen(os.dup(inside), "r" if name == "stdin" else "w", encoding="utf-8"))
            patch.setattr(f"sys.{name}", opened[-1])
        try:
            yield shown
        finally:
            for stream in opened:
                stream.close()
    os.close(inside)
    reader.join(timeout=60)
    os.close(outside)
