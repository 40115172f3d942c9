"""Every lever of the benchmark edits the code, and a lever that no longer matches the code is an error."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from bench.levers import LEVERS, Lever, StaleLeverError, edit, replace_session

ROOT = Path(__file__).parents[2]
BUILT = {"bytecode", "data", "annotations", "boto3", "roots"}
"""The levers that need a build. The nightly test of the benchmark undoes them."""
EDITS = [lever for lever in LEVERS if lever.key not in BUILT]


@pytest.fixture
def code(tmp_path: Path) -> tuple[Path, Path]:
    task, opt = tmp_path / "task", tmp_path / "opt"
    shutil.copytree(ROOT / "functions" / "webhook", task / "webhook")
    shutil.copytree(ROOT / "layers" / "appointments" / "appointments", opt / "appointments")
    return task, opt


def changed_files(code: tuple[Path, Path], lever: Lever) -> list[Path]:
    before = {path: path.read_text() for folder in code for path in folder.rglob("*.py")}
    lever.undo(*code)
    return [path for path, text in before.items() if path.read_text() != text]


@pytest.mark.parametrize("lever", EDITS, ids=[lever.key for lever in EDITS])
def test_a_lever_changes_one_file_and_leaves_it_valid(code: tuple[Path, Path], lever: Lever) -> None:
    (changed,) = changed_files(code, lever)
    compile(changed.read_text(), str(changed), "exec")


def test_the_lever_of_boto3_makes_sessions_of_boto3(code: tuple[Path, Path]) -> None:
    _, opt = code
    replace_session(opt)
    module = opt / "appointments" / "sdk.py"
    namespace: dict[str, Any] = {"__name__": "sdk"}
    exec(compile(module.read_text(), str(module), "exec"), namespace)  # noqa: S102 - our own code
    session = namespace["new_session"]()
    assert "Boto3/" in session.user_agent()


def test_a_lever_whose_text_is_not_in_the_code_is_an_error_that_says_what_to_change(code: tuple[Path, Path]) -> None:
    with pytest.raises(
        StaleLeverError, match=r"clients.py has no 'gone': change or remove the lever in bench/levers.py"
    ):
        edit("webhook/clients.py", "gone", "")(*code)
