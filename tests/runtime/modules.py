"""Checks that every module of some folders can be imported, and that everything that it imports exists.

Input: {"paths": [folders]}. Answer: {"broken": {module that cannot be imported: error}, "dangling": {imported name that
does not exist: [modules that import it]}}. Imports inside functions count; imports only for type checkers do not.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path


def modules(paths: list[str]) -> dict[str, Path]:
    return {_name(source.relative_to(path)): source for path in paths for source in sorted(Path(path).rglob("*.py"))}


def _name(source: Path) -> str:
    parts = source.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def broken(names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - every error is reported
            yield name, repr(error)


def dangling(sources: dict[str, Path]) -> dict[str, list[str]]:
    missing: dict[str, list[str]] = {}
    for name, source in sources.items():
        package = name if source.name == "__init__.py" else name.rpartition(".")[0]
        for imported in sorted(set(_imported(ast.parse(source.read_bytes()), package))):
            if not _exists(imported):
                missing.setdefault(imported, []).append(name)
    return missing


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield importlib.util.resolve_name("." * node.level + (node.module or ""), package)
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        yield from (name for child in node.orelse for name in _imported(child, package))
    else:
        yield from (name for child in ast.iter_child_nodes(node) for name in _imported(child, package))


def _exists(name: str) -> bool:
    if name.partition(".")[0] in sys.stdlib_module_names:
        return True  # includes the modules of other operating systems
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    arguments = json.load(sys.stdin)
    sys.path[:0] = arguments["paths"]
    found = modules(arguments["paths"])
    answer = {"dangling": dangling(found), "broken": dict(broken(list(found)))}
    print()  # noqa: T201 - ends a line that a module may have printed
    print(json.dumps(answer))  # noqa: T201
