"""docs/architecture.md names only tests, files and rows of the fault table that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.faults import table

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
REFERENCES = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "test"), REFERENCES)
def test_every_file_and_test_that_the_page_names_exists(file: str, test: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not test or f"def {test}(" in text


def test_the_page_lists_every_kind_of_fault_in_the_table() -> None:
    kinds = {name for name, value in vars(table).items() if isinstance(value, list) and name != "ROWS"}
    on_the_page = set(re.findall(r"`([A-Z0-9_]+)` \|$", PAGE, re.MULTILINE))
    assert kinds == on_the_page
    assert sum(len(getattr(table, kind)) for kind in kinds) == len(table.ROWS)


def test_every_decision_that_a_page_links_to_exists() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        for link in re.findall(r"\]\((decisions/[\w.-]+\.md)\)", page.read_text(encoding="utf-8")):
            assert (ROOT / "docs" / link).is_file(), f"{page.name}: {link}"
