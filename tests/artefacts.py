"""The artefacts of `sam build`, and functions to compare their folder trees."""

from __future__ import annotations

import hashlib
from pathlib import Path

FUNCTIONS = {"WebhookFunction": "webhook", "PublisherFunction": "publisher", "BacklogFunction": "backlog"}
"""The package of each function."""


def digest(folder: Path) -> dict[str, str]:
    """Return the mode and the hash of every file of a tree, by relative path."""
    return {
        path.relative_to(folder).as_posix(): f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def make_read_only(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
