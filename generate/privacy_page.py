"""Generates the table of docs/privacy.md: the class of each member of the contract."""

from __future__ import annotations

import json
from pathlib import Path

from generate import blocks, contract_schema
from generate.privacy_members import CLASSES

PAGE = Path(__file__).parents[1] / "docs" / "privacy.md"
HEAD = ("object", "personal", "capability", "neither")


def generate() -> str:
    """Return the whole page with the table up to date. Raises ValueError for a member without a class, or with two."""
    check(CLASSES)
    rows = (HEAD, *(_row(name, classes) for name, classes in CLASSES.items()))
    table = blocks.table(rows, other_columns="---")
    return blocks.replace(PAGE.read_text(encoding="utf-8"), "members", table)


def check(classes: dict[str, dict[str, str]]) -> None:
    """Compare the classes with the contract. Raises ValueError that names each object and member that differs."""
    expected = members_of_the_contract()
    found = {
        name: sorted(member for members in of.values() for member in members.split()) for name, of in classes.items()
    }
    wrong = [
        f"{name}.{member}"
        for name in sorted(expected.keys() | found.keys())
        for member in sorted(set(expected.get(name, ())) ^ set(found.get(name, ())))
    ]
    wrong += [f"{name} twice" for name, members in found.items() if len(members) != len(set(members))]
    if wrong:
        raise ValueError(f"members without a class, or unknown: {', '.join(wrong)}: edit generate/privacy_members.py")


def members_of_the_contract() -> dict[str, list[str]]:
    """Return the names of the members by the name of their object."""
    schema = json.loads(contract_schema.generate())
    objects = {"Envelope": schema, **schema["$defs"]}
    return {name: list(definition["properties"]) for name, definition in objects.items() if "properties" in definition}


def _row(name: str, classes: dict[str, str]) -> tuple[str, ...]:
    cells = (", ".join(f"`{member}`" for member in classes.get(kind, "").split()) for kind in HEAD[1:])
    return (f"`{name}`", *cells)
