"""The texts of the project avoid phrases that are hard to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project import ROOT, name, text_files

SUFFIXES = (".py", ".md", ".yaml", ".yml", ".toml", ".mjs", ".mk", ".svg")
REFUSED = re.compile(
    r"\b(whoever|so many|(?:is|are) told|of its own|all the same|as it is)\b",
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
