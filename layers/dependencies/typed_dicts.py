"""Remove the members of the TypedDicts of a module, which only type checkers read.

    python typed_dicts.py FILE    rewrites FILE

Python compiles the text of each annotation when it makes the class. For pydantic_core.core_schema, which every import
of pydantic_core needs, that is a twelfth of a cold start (docs/decisions/0050).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

MEMBERS = re.compile(r"^(class \w+\(TypedDict\b.*\):\n)(?:(?: {4}.*)?\n)+", re.MULTILINE)


def main(file: Path) -> None:
    text, number = MEMBERS.subn(r"\1    pass\n\n\n", file.read_text(encoding="utf-8"))
    if not number:  # the library has changed: review this step
        raise SystemExit(f"{file} has no TypedDict: remove this step")
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
