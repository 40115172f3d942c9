"""Finds the faults in the bytecode of a folder tree.

Input: {"folder": its path, "prefix": its path on Lambda}. Answer: a list of sentences, each about one file.
"""

from __future__ import annotations

import importlib.util
import json
import marshal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

UNCHECKED_HASH = (0b01).to_bytes(4, "little")
"""PEP 552: the bytecode contains the hash of its source, and an import does not compare it."""


def faults(folder: Path, prefix: Path) -> Iterator[str]:
    compiled = set(folder.rglob("*.pyc"))
    for source in sorted(folder.rglob("*.py")):
        bytecode = Path(importlib.util.cache_from_source(source))
        fault = _fault(source, bytecode, prefix / source.relative_to(folder))
        if fault:
            yield f"{source}: {fault}"
        compiled.discard(bytecode)
    yield from (f"{path}: has no source" for path in sorted(compiled))


def _fault(source: Path, bytecode: Path, on_lambda: Path) -> str | None:
    if not bytecode.is_file():
        return "not compiled"
    content = bytecode.read_bytes()
    if content[:4] != importlib.util.MAGIC_NUMBER:
        return "compiled by another Python"
    if content[4:8] != UNCHECKED_HASH:
        return "an import compares it with its source"
    if content[8:16] != importlib.util.source_hash(source.read_bytes()):
        return "compiled from another source"
    names = set(_file_names(marshal.loads(content[16:])))  # noqa: S302 - the build wrote it
    return None if names == {str(on_lambda)} else f"compiled as {names}"


def _file_names(code: CodeType) -> Iterator[str]:
    yield code.co_filename
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _file_names(constant)


if __name__ == "__main__":
    arguments = json.load(sys.stdin)
    print(json.dumps(list(faults(Path(arguments["folder"]), Path(arguments["prefix"])))))  # noqa: T201
