"""Writes lines to the terminal. The sender chooses ids, headers and bodies, and none of them may control it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import Any

import click

LINE_BREAKS = "\n\t"
"""The control characters of a body that do no harm on a terminal."""


def printable(text: str, *, allow: str = "") -> str:
    """Escape control characters, invisible characters and lone surrogates, for example ``\\x1b``."""
    return "".join(char if char.isprintable() or char in allow else ascii(char)[1:-1] for char in text)


def echo(line: str, *, err: bool = False) -> None:
    """Print one line to stdout or stderr. Everything that a command prints, except a raw body, comes through here."""
    # With a file given, click writes with its encoding; otherwise click writes UTF-8 to an ASCII terminal.
    click.echo(printable(line), file=sys.stderr if err else sys.stdout)


def echo_fields(fields: Iterable[str]) -> None:
    """Print one line of tab-separated fields to stdout; a tab inside a field is escaped."""
    click.echo("\t".join(map(printable, fields)), file=sys.stdout)


def rendered(renderable: Any, width: int) -> list[str]:
    """Return the lines of text that is escaped already, with colours unless NO_COLOR is set."""
    from rich.console import Console

    # rich would still write bold text.
    colours: Any = None if os.environ.get("NO_COLOR") else "auto"
    console = Console(file=sys.stdout, width=width, color_system=colours, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(renderable, no_wrap=True, overflow="ellipsis")
    return [line.rstrip() for line in capture.get().splitlines()]


def show_lines(lines: Iterable[str]) -> None:
    """Print lines of :func:`rendered` to the terminal."""
    for line in lines:
        click.echo(line, file=sys.stdout, color=True)


def page_lines(lines: Iterable[str]) -> None:
    """Show lines of :func:`rendered` in the pager of the environment; without a pager, print them."""
    click.echo_via_pager("\n".join(lines))


def echo_body(body: bytes) -> None:
    """Write a body: escaped to a terminal, byte for byte to a file or a pipe."""
    if sys.stdout.isatty():
        text = body.decode("utf-8", "backslashreplace")
        click.echo(printable(text, allow=LINE_BREAKS), file=sys.stdout)
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


def replace_unencodable() -> None:
    """Replace a character that the encoding of the terminal does not have by its escape, instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
