"""``python -m samples``: write the folders of events/ anew; whatever else is in them goes."""

from __future__ import annotations

from samples.files import EVENTS, files, present


def main() -> None:
    wanted = files()
    for path, content in wanted.items():
        (EVENTS / path).parent.mkdir(parents=True, exist_ok=True)
        (EVENTS / path).write_bytes(content)
    stray = present() - wanted.keys()
    for path in stray:
        (EVENTS / path).unlink()
    print(f"events/: {len(wanted)} files written, {len(stray)} removed")


if __name__ == "__main__":
    main()
