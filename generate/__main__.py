"""``python -m generate``: write every generated file of the repository."""

from __future__ import annotations

from generate.files import FILES, ROOT, write_samples


def main() -> None:
    written, removed = write_samples()
    print(f"events/: {written} files written, {removed} removed")
    for path, make in FILES:
        (ROOT / path).write_text(make(), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
