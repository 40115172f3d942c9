"""The text files of the project, without environments, caches and build output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SKIPPED_FOLDERS = {"build", "dist", "__pycache__", "node_modules"}


def text_files(*suffixes: str) -> list[Path]:
    """List the files with one of the suffixes, sorted by path. Hidden folders are skipped, except ``.github``."""
    return sorted(path for path in _walk() if path.suffix in suffixes)


def name(path: Path) -> str:
    """Return the path relative to the project, with slashes."""
    return path.relative_to(ROOT).as_posix()


def _walk() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            folder_name
            for folder_name in folders
            if folder_name == ".github" or (not folder_name.startswith(".") and folder_name not in SKIPPED_FOLDERS)
        ]
        yield from (Path(folder) / file for file in files)
