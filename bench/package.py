"""The size of a function with its layers, zipped and unzipped."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.measures import Measure, Measures
from bench.variants import WEBHOOK, Variant

MEBIBYTE = 1024 * 1024
ROWS = {
    "package.unzipped": ("package, unzipped", "MiB"),
    "package.zipped": ("package, zipped", "MiB"),
}


def measure(variants: Sequence[Variant], measures: Measures) -> None:
    """Measure all variants. Sizes need no rounds."""
    for variant in variants:
        sizes = [file.stat().st_size for folder in variant.packages for file in _files(folder)]
        values = {
            "package.unzipped": sum(sizes) / MEBIBYTE,
            "package.zipped": sum(archive_size(folder) for folder in variant.packages) / MEBIBYTE,
        }
        for key, value in values.items():
            measures.add(Measure(key, *ROWS[key], WEBHOOK), variant.name, value)


def archive_size(folder: Path) -> int:
    """Return the size of the archive that a deployment makes of a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _files(folder):
            archive.write(file, file.relative_to(folder))
    return len(buffer.getvalue())


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
