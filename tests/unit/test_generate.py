"""The generated files are up to date, and ``make generate`` writes all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from generate import __main__ as command
from generate import blocks
from generate import files as generated
from samples import files as samples


@pytest.mark.parametrize(("path", "make"), generated.FILES, ids=[path for path, _ in generated.FILES])
def test_a_generated_file_is_up_to_date(path: str, make: Callable[[], str]) -> None:
    committed = (generated.ROOT / path).read_text(encoding="utf-8")
    assert committed == make(), f"{path} is not up to date: run make generate"


@pytest.fixture
def empty_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the generators write to instead of the repository."""
    for path, _ in generated.FILES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    monkeypatch.setattr(samples, "EVENTS", tmp_path / "events")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    return tmp_path


ROOT = generated.ROOT


def test_the_command_writes_every_generated_file_and_removes_other_files_of_events(empty_tree: Path) -> None:
    old = empty_tree / "events" / "webhook" / "renamed.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    command.main()
    written = {path.relative_to(empty_tree).as_posix() for path in empty_tree.rglob("*") if path.is_file()}
    assert written == {path for path, _ in generated.FILES} | {f"events/{path}" for path in samples.files()}
    for path in written:
        if not path.startswith(("events/stream/", "events/backlog/")):  # zlib versions compress differently
            assert (empty_tree / path).read_bytes() == (ROOT / path).read_bytes(), path


def test_a_block_of_a_page_is_replaced_and_the_rest_is_kept() -> None:
    page = "before\n<!-- begin figures (make) -->\nold\n<!-- end figures -->\nafter\n"
    replaced = blocks.replace(page, "figures", "new")
    assert replaced == "before\n<!-- begin figures (make) -->\n\nnew\n\n<!-- end figures -->\nafter\n"
    assert blocks.replace(replaced, "figures", "new") == replaced


@pytest.mark.parametrize("page", ["", "<!-- begin figures -->", "<!-- end figures -->"])
def test_a_page_without_the_marks_of_a_block_is_an_error_that_shows_them(page: str) -> None:
    with pytest.raises(blocks.MissingBlockError, match='no block "figures": add lines with <!-- begin figures -->'):
        blocks.replace(page, "figures", "new")
