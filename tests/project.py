"""The text files of the project, without environments, caches and build output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
NOT_OURS = {"build", "dist", "__pycache__", "node_modules"}


def text_files(*suffixes: str) -> list[Path]:
    """List the files with one of the suffixes, sorted by path. Hidden folders are skipped, except ``.github``."""
    return sorted(path for path in _walk() if path.suffix in suffixes)


def name(path: Path) -> str:
    """Return the path relative to the project, with slashes."""
    return path.relative_to(ROOT).as_posix()


def _walk() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            each for each in folders if each == ".github" or (not each.startswith(".") and each not in NOT_OURS)
        ]
        yield from (Path(folder) / file for file in files)
