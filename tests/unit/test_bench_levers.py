"""Every lever that the benchmark undoes is in the code, and none is undone that is not there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.levers import LEVERS, StaleLeverError, _edit

ROOT = Path(__file__).parents[2]
EDITS = [lever for lever in LEVERS if lever.key not in ("bytecode", "data", "boto3")]


@pytest.fixture
def code(tmp_path: Path) -> tuple[Path, Path]:
    task, opt = tmp_path / "task", tmp_path / "opt"
    shutil.copytree(ROOT / "functions" / "webhook", task / "webhook")
    shutil.copytree(ROOT / "layers" / "appointments" / "appointments", opt / "appointments")
    return task, opt


@pytest.mark.parametrize("lever", EDITS, ids=[lever.key for lever in EDITS])
def test_a_lever_changes_the_code_and_leaves_it_valid(code: tuple[Path, Path], lever: object) -> None:
    before = {path: path.read_text() for folder in code for path in folder.rglob("*.py")}
    lever.undo(*code)  # type: ignore[attr-defined]
    changed = [path for path, text in before.items() if path.read_text() != text]
    assert len(changed) == 1
    compile(changed[0].read_text(), str(changed[0]), "exec")


def test_a_lever_that_the_code_does_not_have_is_an_error(code: tuple[Path, Path]) -> None:
    with pytest.raises(StaleLeverError, match=r"clients.py has no 'gone'"):
        _edit("webhook/clients.py", ("gone", ""))(*code)
