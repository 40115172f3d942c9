"""The texts of the project avoid phrases that are hard to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project import ROOT, name, text_files

REFUSED = re.compile(
    r"\b(whoever|so many|(?:is|are) told|of its own|all the same|as it is)\b",
    re.IGNORECASE,
)
NOT_REWRITTEN = {
    "tests/integration/test_cli_quarantine.py",
}
"""Files that still contain such a phrase. Rewrite one, and remove it from here."""


def phrases(text: str) -> list[str]:
    """The refused phrases in a text, also across the line breaks of prose and comments."""
    return [match.lower() for match in REFUSED.findall(re.sub(r"\s*\n\s*(?:#\s*)?", " ", text))]


@pytest.mark.parametrize(
    "path",
    [path for path in (*text_files(".py", ".md"), ROOT / "template.yaml") if path != Path(__file__)],
    ids=name,
)
def test_a_text_has_none_of_the_phrases(path: Path) -> None:
    found = phrases(path.read_text(encoding="utf-8"))
    assert not found or name(path) in NOT_REWRITTEN, f"rewrite {found} in {name(path)}: subject, verb, object"


def test_every_file_of_the_list_exists() -> None:
    assert [file for file in sorted(NOT_REWRITTEN) if not (ROOT / file).is_file()] == []


def test_the_phrases_are_found_in_prose_and_in_comments() -> None:
    assert phrases("Whoever asks is told.\n") == ["whoever", "is told"]
    assert phrases("x = 1  # at most so\n# many values") == ["so many"]
    assert phrases("It has this issue, and is toldable; a folder of its owner.") == []
