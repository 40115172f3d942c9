"""Take out of the layer what the functions never import.

python prune.py FOLDER    where the lock is installed; what goes is in pruned.txt, beside this file
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

PRUNED = Path(__file__).parent / "pruned.txt"
KEPT_OF_A_DISTRIBUTION = re.compile(r"METADATA|sboms/.*|licenses/.*|(LICEN[CS]E|NOTICE|COPYING|AUTHORS)[^/]*")
"""What vulnerability scanners go by, and what the licences want to stay with the code. Everything else in a dist-info
folder is for installers, and tells of the machine that it was installed on."""


def main(layer: Path) -> None:
    for pattern in patterns():
        found = list(layer.glob(pattern))
        if not found:  # the library has changed: its maintainer should look at it again
            raise SystemExit(f"pruned.txt: there is no {pattern}")
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
