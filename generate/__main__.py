"""``python -m generate``: write every generated file of the repository."""

from __future__ import annotations

import subprocess
import sys

from generate.files import CODE, FILES, ROOT, write_samples


def write_code() -> bool:
    """Write the generated modules. Return whether one has changed: this process has imported the old one."""
    changed = [(path, text) for path, make in CODE if (ROOT / path).read_text(encoding="utf-8") != (text := make())]
    for path, text in changed:
        (ROOT / path).write_text(text, encoding="utf-8")
        print(path)
    return bool(changed)


def main() -> None:
    """Write everything. The samples are judged with the modules that :func:`write_code` wrote."""
    written, removed = write_samples()
    print(f"events/: {written} files written, {removed} removed")
    for path, make in FILES:
        (ROOT / path).write_text(make(), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    if write_code():
        sys.exit(subprocess.run([sys.executable, "-m", "generate"], check=False).returncode)
    main()
