"""Decides how anything is shown: a table on a terminal, tab-separated lines in a pipe, or JSON.

A command gives records, dictionaries with the same members, and columns that name some of them. Nothing else of the
package formats output.
"""

from __future__ import annotations

import json
import shutil
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import islice
from typing import TYPE_CHECKING, Any

from appointments_cli.moments import Zone
from appointments_cli.terminal import echo, echo_body, echo_fields, page_lines, printable, rendered, show_lines

if TYPE_CHECKING:
    from rich.table import Table

Record = dict[str, Any]
NARROWEST = 8
"""A column that may be cut keeps at least this many characters, unless it says otherwise."""
READABLE = 16
"""A dropped column comes back if this many characters are left for it."""
GAP = 2
INDENT = "    "


class Kind(Enum):
    """TEXT can be cut at its end and PATH at its begin, INSTANT is an instant in UTC, and ID is not cut."""

    TEXT = auto()
    PATH = auto()
    ID = auto()
    INSTANT = auto()
    NUMBER = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the member of a record that it shows, its heading, and what becomes of it on a narrow terminal.

    A column with a lower ``importance`` is cut to its ``least`` width and dropped earlier; one that is ``essential`` is
    never dropped. A list is several lines of one record. ``below`` puts them under the row, over the whole width.
    ``short`` makes the form for a terminal, such as a prefix.
    """

    member: str
    heading: str = ""
    kind: Kind = Kind.TEXT
    importance: int = 5
    essential: bool = False
    least: int = NARROWEST
    below: bool = False
    short: Callable[[Any], Any] | None = None

    @property
    def can_be_cut(self) -> bool:
        return self.kind in (Kind.TEXT, Kind.PATH)

    @property
    def title(self) -> str:
        return self.heading or self.member


@dataclass(frozen=True, slots=True)
class Screen:
    """Where the output goes, and the time zone of its instants. With ``pages``, a pager shows a long table."""

    zone: Zone
    as_json: bool = False
    pages: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def is_terminal(self) -> bool:
        return not self.as_json and sys.stdout.isatty()

    @property
    def width(self) -> int:
        return max(20, shutil.get_terminal_size().columns)

    def table(self, columns: Sequence[Column], records: Iterable[Record]) -> None:
        """Show records: rows of a table, tab-separated lines, or JSON objects."""
        if not self.is_terminal:
            for record in records:
                self.line(columns, record)
        elif shown := list(records):
            self._draw(columns, shown)

    def line(self, columns: Sequence[Column], record: Record) -> None:
        """Show one record at once. On a terminal it is one line without columns, cut at the width."""
        if self.as_json:
            echo(json.dumps(_json_of(record)))
        elif self.is_terminal:
            cells = [cell for column in columns for cell in self._cell(column, record)[:1]]
            show_lines(rendered(_one_line("  ".join(cells)), self.width))
        else:
            echo_fields(self._piped(column, record) for column in columns)

    def facts(self, record: Record, columns: Sequence[Column]) -> None:
        """Show one record: a line for each member that it has, or one JSON object."""
        if self.as_json:
            self.line(columns, record)
            return
        present = [column for column in columns if record.get(column.member) not in (None, "", [], False)]
        if not self.is_terminal:
            for column in present:
                echo_fields((column.title, self._piped(column, record)))
            return
        rows = [
            (column.title if number == 0 else "", value)
            for column in present
            for number, value in enumerate(self._cell(column, record))
        ]
        self._draw_facts(rows)

    def body(self, content: bytes, record: Record) -> None:
        """Show a body byte for byte, escaped on a terminal; as JSON, in an object with the members of a record."""
        if not self.as_json:
            echo_body(content)
            return
        try:
            self.line((), record | {"body": content.decode()})
        except UnicodeDecodeError:
            self.line((), record | {"base64": b64encode(content).decode()})

    def say(self, sentence: str) -> None:
        """Write a sentence about the output to stderr."""
        echo(sentence, err=True)

    def close(self, count: int, noun: str, *, more: bool = False, within: str = "") -> None:
        """Say how many records were shown, and whether there are more."""
        if count == 0:
            self.say(f"nothing found: no {noun}{within}")
            return
        self.say(f"{counted(count, noun)}{within}" + (": there are more, give a higher --limit" if more else ""))

    def _draw(self, columns: Sequence[Column], records: Sequence[Record]) -> None:
        across = [column for column in columns if not column.below]
        below = [column for column in columns if column.below]
        fitting, dropped = self._fit(across, records)
        rows = iter(rendered(self._rows(fitting, records), self.width))
        lines = [next(rows)]
        for record in records:
            height = max([1, *(len(self._cell(column, record)) for column in fitting)])
            texts = [text for column in below for text in self._cell(column, record)]
            lines += [*islice(rows, height), *(rendered(_one_line(INDENT + text), self.width)[0] for text in texts)]
        if self.pages and len(lines) >= shutil.get_terminal_size().lines:
            page_lines(lines)
        else:
            show_lines(lines)
        if dropped:
            names = ", ".join(column.title for column in dropped)
            self.say(f"not shown, because the terminal has {self.width} columns: {names}")

    def _draw_facts(self, rows: list[tuple[str, str]]) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, GAP, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(Text(name, style="bold"), Text(value, style=_style(value)))
        show_lines(rendered(table, self.width))

    def _fit(self, columns: Sequence[Column], records: Sequence[Record]) -> tuple[list[Column], list[Column]]:
        """Drop the least important columns until the others fit. An empty column is dropped first and not missed."""
        kept = [column for column in columns if column.essential or any(self._cell(column, one) for one in records)]
        widths = {column.member: self._natural(column, records) for column in kept}
        dropped: list[Column] = []

        def least(column: Column) -> int:
            natural = widths[column.member]
            return min(natural, column.least) if column.can_be_cut else natural

        while sum(map(least, kept)) + GAP * (len(kept) - 1) > self.width:
            candidates = [column for column in kept if not column.essential]
            if not candidates:
                break
            out = min(candidates, key=lambda column: column.importance)
            kept.remove(out)
            dropped.append(out)
        room = self.width - sum(map(least, kept)) - GAP * len(kept)
        for column in sorted(dropped, key=lambda each: -each.importance):
            if column.can_be_cut and room >= READABLE:  # narrower than it should be, but better than nothing
                dropped.remove(column)
                back = replace(column, least=READABLE)
                return [back if each is column else each for each in columns if each in kept or each is column], dropped
        return kept, dropped

    def _natural(self, column: Column, records: Sequence[Record]) -> int:
        from rich.cells import cell_len

        texts = [text for record in records for text in self._cell(column, record)]
        return max(map(cell_len, [*texts, self._heading(column)]), default=0)

    def _rows(self, columns: Sequence[Column], records: Sequence[Record]) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
        widths = self._shared_out(columns, [self._natural(each, records) for each in columns])
        for column, width in zip(columns, widths, strict=True):
            justify: Any = "right" if column.kind is Kind.NUMBER else "left"
            table.add_column(
                Text(self._heading(column)), width=width, no_wrap=True, overflow="ellipsis", justify=justify
            )
        for record in records:
            cells = [self._cell(column, record) for column in columns]
            for number in range(max(map(len, cells), default=0)):
                texts = [
                    _cut(cell[number], width, column) if number < len(cell) else ""
                    for cell, width, column in zip(cells, widths, columns, strict=True)
                ]
                table.add_row(*(Text(text, style=_style(text)) for text in texts))
        return table

    def _shared_out(self, columns: Sequence[Column], natural: list[int]) -> list[int]:
        """Cut the least important texts to their least width until the columns fit."""
        widths = list(natural)
        excess = sum(widths) + GAP * (len(widths) - 1) - self.width
        order = sorted(range(len(widths)), key=lambda i: (not columns[i].can_be_cut, columns[i].importance))
        for least in ([column.least for column in columns], [NARROWEST for _ in columns]):
            for i in order:
                if columns[i].can_be_cut or least[i] == NARROWEST:
                    saved = max(0, min(excess, widths[i] - least[i]))
                    widths[i] -= saved
                    excess -= saved
        return widths

    def _heading(self, column: Column) -> str:
        return (
            f"{column.title} ({self.zone.name})" if column.kind is Kind.INSTANT and column.essential else column.title
        )

    def _cell(self, column: Column, record: Record) -> list[str]:
        """Return the lines of a cell on a terminal."""
        value = record.get(column.member)
        if column.short is not None and value is not None:
            value = column.short(value)
        values = value if isinstance(value, list | tuple) else [value]
        return [printable(self._text(column, each, self.zone.show)) for each in values if each not in (None, "")]

    def _piped(self, column: Column, record: Record) -> str:
        value = record.get(column.member)
        values = value if isinstance(value, list | tuple) else [value]
        texts = (self._text(column, each, self.zone.iso) for each in values if each not in (None, ""))
        return "; ".join(texts)

    def _text(self, column: Column, value: Any, instant: Callable[[str], str]) -> str:
        if isinstance(value, bool):
            return column.title if value else ""
        return instant(value) if column.kind is Kind.INSTANT else str(value)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 event``, ``2 events``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def without(columns: Sequence[Column], *members: str) -> list[Column]:
    return [column for column in columns if column.member not in members]


def camel(name: str) -> str:
    """Return the name of a member of a record for the name of an attribute: ``envelopeId`` for ``envelope_id``."""
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


def _json_of(record: Record) -> Record:
    return {name: value for name, value in record.items() if not name.startswith("_")}


def _cut(text: str, width: int, column: Column) -> str:
    """Cut a path at its begin, because its end says more; rich cuts all others at their end."""
    return text if column.kind is not Kind.PATH or len(text) <= width else "\u2026" + text[len(text) - width + 1 :]


_STYLES = {
    "stored": "green",
    "published": "green",
    "ok": "green",
    "duplicate": "dim",
    "stale": "yellow",
    "unknown": "yellow",
    "deferred": "yellow",
    "parked": "red",
    "missing": "red",
    "wrong": "bold red",
    "quarantined": "red",
}


def _style(text: str) -> str:
    return _STYLES.get(text.partition(" ")[0], "")


def _one_line(text: str) -> Any:
    from rich.text import Text

    return Text(text, no_wrap=True, overflow="ellipsis", style="")
