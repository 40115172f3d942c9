"""Generated blocks of a Markdown page: the text between two marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class MissingBlockError(Exception):
    """A page without the marks of a block."""


def split(text: str, name: str) -> tuple[str, str, str]:
    """Return the text up to the block, the block and the text after it. Raises MissingBlockError."""
    begin, end = f"<!-- begin {name} ", f"<!-- end {name} -->"
    before, found, rest = text.partition(begin)
    comment, _, rest = rest.partition("-->")
    block, closed, after = rest.partition(end)
    if not (found and closed):
        raise MissingBlockError(f'the page has no block "{name}": add lines with {begin}--> and {end}')
    return f"{before}{begin}{comment}-->", block, f"{end}{after}"


def replace(text: str, name: str, content: str) -> str:
    """Return the page with this content in the block. Raises MissingBlockError."""
    before, _, after = split(text, name)
    return f"{before}\n\n{content}\n\n{after}"


def table(rows: Iterable[Sequence[str]], *, other_columns: str = "---:") -> str:
    """Return a Markdown table. The first row is the head. The other columns are numbers, with ``---`` texts."""
    head, *others = rows
    rule = ["---", *[other_columns] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *others))
