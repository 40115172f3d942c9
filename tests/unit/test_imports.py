"""Imports point inward: tools and functions import the layer, and its packages import in one direction."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "appointments" / "appointments"
FUNCTIONS = {"webhook", "backlog", "publisher", "reconcile"}
ORDER = ["contract", "storage", "publishing", "reconciliation"]
"""A package may import from itself and from those before it."""


def imports(folder: Path) -> set[tuple[str, str]]:
    """Return pairs of a file and a module that it imports, also inside functions and only for type checkers."""
    return {
        (path.relative_to(ROOT).as_posix(), module)
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }


@pytest.mark.parametrize("folder", ["layers", "cli", "local", "bench", "samples", "generate"])
def test_nothing_imports_from_a_function(folder: str) -> None:
    assert not {found for found in imports(ROOT / folder) if found[1].partition(".")[0] in FUNCTIONS}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_functions_do_not_import_from_each_other(function: str) -> None:
    others = FUNCTIONS - {function}
    assert not {found for found in imports(ROOT / "functions" / function) if found[1].partition(".")[0] in others}


@pytest.mark.parametrize("outer", ["appointments_cli", "local", "bench", "samples", "generate", "tests"])
@pytest.mark.parametrize("inner", ["layers", "functions"])
def test_the_product_imports_no_tool(inner: str, outer: str) -> None:
    assert not {found for found in imports(ROOT / inner) if found[1].partition(".")[0] == outer}


@pytest.mark.parametrize("package", ORDER)
def test_a_package_imports_only_from_packages_before_it(package: str) -> None:
    later = {f"appointments.{name}" for name in [*ORDER[ORDER.index(package) + 1 :], "intake"]}
    found = imports(LAYER / package)
    assert found
    assert not {(file, module) for file, module in found if ".".join(module.split(".")[:2]) in later}


def test_the_layer_reads_no_environment() -> None:
    assert not {file for file, module in imports(LAYER) if module == "os"}


@pytest.mark.parametrize("folder", ["functions/webhook", "functions/backlog", "functions/publisher"])
def test_the_path_of_a_delivery_imports_nothing_of_the_reconciliation(folder: str) -> None:
    assert not {found for found in imports(ROOT / folder) if found[1].startswith("appointments.reconciliation")}
