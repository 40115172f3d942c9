"""docs/README.md lists every page and decision, and every link and path in a page exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project import ROOT, name, text_files

DOCS = ROOT / "docs"
INDEX = DOCS / "README.md"
PAGES = text_files(".md")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
NAMED_PATH = re.compile(
    r"`((?:bench|cli|docs|events|functions|generate|layers|local|requirements|samples|tests)/[\w./-]*)[`:*]"
)


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    return LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The fragments that a repository host makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """The relative links of a page that lead to no file or to no heading."""
    wrong = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            wrong.append(link)
    return wrong


def test_the_index_lists_every_file_of_the_folder_once() -> None:
    """Except the catalogue of rules and the schemas, which docs/rules.md and docs/schemas.md list."""
    listed = [link for link in links(INDEX) if not link.startswith("../")]
    elsewhere = {DOCS / "rules", DOCS / "schemas"}
    files = [path for path in DOCS.rglob("*") if path.is_file() and path != INDEX and not elsewhere & {*path.parents}]
    assert sorted(listed) == sorted(path.relative_to(DOCS).as_posix() for path in files)


def test_the_index_lists_the_decisions_in_order_and_explains_the_numbers_that_are_missing() -> None:
    numbers = [int(number) for number in re.findall(r"^\| \[(\d{4})\]", INDEX.read_text(), re.MULTILINE)]
    assert numbers == sorted(numbers)
    missing = sorted(set(range(1, max(numbers))) - set(numbers))
    assert f"The numbers {missing[0]:04} to {missing[-1]:04} were never used" in INDEX.read_text()
    assert missing == list(range(missing[0], missing[-1] + 1))


@pytest.mark.parametrize("path", sorted((DOCS / "decisions").iterdir()), ids=lambda path: path.name[:4])
def test_a_decision_has_its_number_in_the_title_and_every_section(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    for section in ("Question", "Decision", "Alternatives", "Cost", "To reverse it"):
        assert f"\n**{section}.**" in text, section


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_has_a_target(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    named = {path for path in NAMED_PATH.findall(prose(page)) if "NOUN" not in path}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_a_test_that_a_page_selects_by_name_exists() -> None:
    selected = [
        (page, path, part)
        for page in PAGES
        for path, part in re.findall(r"pytest ([\w/.]+\.py) -k (\w+)", page.read_text(encoding="utf-8"))
    ]
    assert selected
    for page, path, part in selected:
        assert re.search(rf"def test_\w*{part}", (ROOT / path).read_text(encoding="utf-8")), (
            f"{name(page)}: {path} -k {part}"
        )


def test_a_link_without_a_target_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading: with signs\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#a-heading-with-signs) [c](https://example.com/x)\n"
        "[d](gone.md) [e](there.md#gone)\n```\n[f](in-code.md)\n```\n"
    )
    assert broken(page) == ["gone.md", "there.md#gone"]
