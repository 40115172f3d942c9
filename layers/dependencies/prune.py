"""Remove the files from the layer that the functions never import.

python prune.py FOLDER    FOLDER has the installed lock; pruned.txt, beside this file, lists what is removed
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

PRUNED = Path(__file__).parent / "pruned.txt"
KEPT_OF_A_DISTRIBUTION = re.compile(r"METADATA|sboms/.*|licenses/.*|(LICEN[CS]E|NOTICE|COPYING|AUTHORS)[^/]*")
"""The files of a dist-info folder that stay: vulnerability scanners read some, licences require the others.

All other files are for installers, and describe the machine of the installation.
"""


def main(layer: Path) -> None:
    for pattern in patterns():
        found = list(layer.glob(pattern))
        if not found:  # the library has changed: review the pattern
            raise SystemExit(f"pruned.txt: no file matches {pattern}; correct or remove the line")
        for path in found:
            _remove(path)
    for path in _installers(layer):
        path.unlink()


def patterns() -> Iterator[str]:
    for line in PRUNED.read_text(encoding="utf-8").splitlines():
        if pattern := line.partition("#")[0].strip():
            yield pattern


def _installers(layer: Path) -> Iterator[Path]:
    for distribution in layer.glob("*.dist-info"):
        for path in list(distribution.rglob("*")):
            name = path.relative_to(distribution).as_posix()
            if path.is_file() and not KEPT_OF_A_DISTRIBUTION.fullmatch(name):
                yield path


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
