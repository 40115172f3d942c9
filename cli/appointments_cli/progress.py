"""Shows how far a command is, on stderr: a bar on a terminal, and a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from appointments_cli.terminal import echo

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
EVERY = 100
"""Elsewhere than on a terminal, a line comes after this many steps."""

Show = Callable[..., None]
"""``show(label, done, total=None, every=EVERY)`` says how many steps are done, of how many if that is known."""


@contextmanager
def shown() -> Iterator[Show]:
    """Yield a :data:`Show`. A step with another label begins another bar."""
    if sys.stderr.isatty():
        with _bar() as bar:
            yield _Bar(bar).show
    else:
        yield _Lines().show


@contextmanager
def progress(total: int | None, label: str) -> Iterator[Callable[[], None]]:
    """Yield what to call after each of ``total`` steps."""
    with shown() as show:
        numbers = count(1)
        yield lambda: show(label, next(numbers), total)


def tracked(each: Iterable[T], total: int | None, label: str) -> Iterator[T]:
    """Yield elements; one is done when the next is asked for."""
    with progress(total, label) as step:
        for element in each:
            yield element
            step()


class _Lines:
    def __init__(self) -> None:
        self._label = ""
        self._said = 0

    def show(self, label: str, done: int, total: int | None = None, every: int = EVERY) -> None:
        if label != self._label:
            self._label, self._said = label, 0
        if done - self._said < every:
            return
        self._said = done
        echo(f"... {label}: {done:,}" + (f" of {total:,}" if total is not None else ""), err=True)


class _Bar:
    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._label = ""
        self._task: Any = None

    def show(self, label: str, done: int, total: int | None = None, every: int = EVERY) -> None:  # noqa: ARG002 - of lines
        if label != self._label:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._label, self._task = label, self._bar.add_task(label, total=total)
        self._bar.update(self._task, completed=done, total=total)


def _bar() -> Progress:
    """A bar that is gone at its end. What the command writes meanwhile stands above it."""
    from rich.console import Console

    class CursorConsole(Console):
        """Never hides the cursor: a process that is killed could not show it again."""

        def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002 - the signature of rich
            return False

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    colours: Any = None if os.environ.get("NO_COLOR") else "auto"
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=CursorConsole(stderr=True, color_system=colours),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # in a pipe, stdout is only for the records
    )
