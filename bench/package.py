"""What is uploaded and unpacked for a function: its code and its layers, as files and as archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.measures import Measure, Measures
from bench.variants import WEBHOOK, Variant

MEBIBYTE = 1024 * 1024


def measure(variants: Sequence[Variant], measures: Measures) -> None:
    for variant in variants:
        files = [file for folder in variant.packages for file in _files(folder)]
        zipped = sum(archived(folder) for folder in variant.packages)
        unzipped = sum(file.stat().st_size for file in files)
        measures.add(
            Measure("package.unzipped", "package, unzipped", "MiB", WEBHOOK), variant.name, unzipped / MEBIBYTE
        )
        measures.add(Measure("package.zipped", "package, zipped", "MiB", WEBHOOK), variant.name, zipped / MEBIBYTE)
        measures.add(Measure("package.files", "package, files", "", WEBHOOK), variant.name, len(files))


def archived(folder: Path) -> int:
    """The bytes of the archive that a deployment makes of a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _files(folder):
            archive.write(file, file.relative_to(folder))
    return len(buffer.getvalue())


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
