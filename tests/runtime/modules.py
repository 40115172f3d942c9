"""Whether every module of some folders has what it imports.

Given {"paths": [...]}, answers {"broken": {a module that cannot be imported: why}, "dangling": {what an import names,
inside of a function too, and is not there: [who names it]}}. What is imported for type checkers alone does not count.
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
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
            yield name, repr(error)


def dangling(sources: dict[str, Path]) -> dict[str, list[str]]:
    missing: dict[str, list[str]] = {}
    for name, source in sources.items():
        package = name if source.name == "__init__.py" else name.rpartition(".")[0]
        for imported in sorted(set(_imported(ast.parse(source.read_bytes()), package))):
            if not _is_there(imported):
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


def _is_there(name: str) -> bool:
    if name.partition(".")[0] in sys.stdlib_module_names:
        return True  # also what another system's has
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    given = json.load(sys.stdin)
    sys.path[:0] = given["paths"]
    found = modules(given["paths"])
    answer = {"dangling": dangling(found), "broken": dict(broken(list(found)))}
    print()  # noqa: T201 - a module may print
    print(json.dumps(answer))  # noqa: T201
