"""The texts of the project avoid phrases that are hard to read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import ROOT, name, text_files

SUFFIXES = (".py", ".md", ".yaml", ".yml", ".toml", ".mjs", ".mk", ".svg")
REFUSED = re.compile(
    r"\b(whoever|so many|(?:is|are) told|of its own|all the same|as it is|mend(?:s|ed|ing)?)\b",
    re.IGNORECASE,
)


def phrases(text: str) -> list[str]:
    """The refused phrases in a text, also across the line breaks of prose and comments."""
    return [match.lower() for match in REFUSED.findall(re.sub(r"\s*\n\s*(?:#\s*)?", " ", text))]


@pytest.mark.parametrize(
    "path",
    [path for path in (*text_files(*SUFFIXES), ROOT / "Makefile") if path != Path(__file__)],
    ids=name,
)
def test_no_text_contains_a_refused_phrase(path: Path) -> None:
    found = phrases(path.read_text(encoding="utf-8"))
    assert not found, f"rewrite {found} in {name(path)}: subject, verb, object"


def test_refused_phrases_are_found_in_prose_and_comments() -> None:
    assert phrases("Whoever asks is told.\n") == ["whoever", "is told"]
    assert phrases("x = 1  # at most so\n# many values") == ["so many"]
    assert phrases("It has this issue, and is toldable; a folder of its owner.") == []


NO_BEGINNING = re.compile(r"Raises\b|As above|It\b|They\b|``[^`]+``(?!:| and ``)")
"""A docstring that begins so does not say what the thing is: an error, a pronoun, or one of its members.

A name before a colon is what a module is about: ``appointments tail``: ...
"""


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the docstring of the module, and of each class and function in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "name", "the module"), text


@pytest.mark.parametrize("path", [path for path in text_files(".py") if "tests" not in path.parts], ids=name)
def test_a_docstring_begins_with_what_the_thing_is_or_does(path: Path) -> None:
    unclear = [where for where, text in docstrings(path) if NO_BEGINNING.match(text)]
    assert not unclear, f"begin the docstrings of {unclear} in {name(path)} with a verb or a noun phrase"


def test_an_unclear_beginning_is_found() -> None:
    unclear = ("Raises KeyError.", "``state`` is OK.", "It ends.")
    assert all(NO_BEGINNING.match(text) for text in unclear)
    assert not any(NO_BEGINNING.match(text) for text in ("``make run``: deliver.", "Items of a table.", "Raise it."))
