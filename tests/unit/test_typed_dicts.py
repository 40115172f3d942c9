"""The build removes the members of the TypedDicts of pydantic_core.core_schema, and nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pydantic_core

SCRIPT = Path(__file__).parents[2] / "layers" / "dependencies" / "typed_dicts.py"
SOURCE = Path(pydantic_core.__file__).with_name("core_schema.py").read_text(encoding="utf-8")


def rewritten(file: Path, text: str) -> subprocess.CompletedProcess[str]:
    file.write_text(text, encoding="utf-8")
    return subprocess.run([sys.executable, str(SCRIPT), str(file)], capture_output=True, text=True, check=False)  # noqa: S603


def test_only_the_members_of_typed_dicts_are_removed(tmp_path: Path) -> None:
    expected = ast.parse(SOURCE)
    typed_dicts = [
        node
        for node in expected.body
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "TypedDict" for base in node.bases)
    ]
    for node in typed_dicts:
        node.body = [ast.Pass()]
    assert rewritten(tmp_path / "core_schema.py", SOURCE).returncode == 0
    assert len(typed_dicts) > 50
    assert ast.unparse(ast.parse((tmp_path / "core_schema.py").read_text(encoding="utf-8"))) == ast.unparse(expected)


def test_a_module_without_a_typed_dict_fails_the_build(tmp_path: Path) -> None:
    answer = rewritten(tmp_path / "core_schema.py", "class Schema(dict):\n    strict: bool\n")
    assert answer.returncode == 1
    assert answer.stderr.strip() == f"{tmp_path / 'core_schema.py'} has no TypedDict: remove this step"
