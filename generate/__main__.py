"""``python -m generate``: write every generated file of the repository."""

from __future__ import annotations

from generate import core_schema


def main() -> None:
    # First, and before the other generators are imported: they parse the samples with the schema that is written here.
    core_schema.PATH.write_text(core_schema.generate(), encoding="utf-8")
    from generate.files import FILES, ROOT, write_samples

    written, removed = write_samples()
    print(f"events/: {written} files written, {removed} removed")
    for path, make in FILES:
        (ROOT / path).write_text(make(), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
