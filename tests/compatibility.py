"""Compares what is published with the last release: subscribers of the last release must be able to read it.

The schemas are judged by jsoncompat in the role of the serializer, twice: as they are, and as the contract with the
sender means them. As they are, a member of the sender may have any JSON, so its loss would not show.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.project import ROOT

Json = dict[str, Any]
BASELINE = ROOT / "tests" / "fixtures" / "released"
COMPATIBLE = "compatible"


def released() -> Json:
    """Return the facts of the last release; ``schemas`` has the schema of each detail-type."""
    facts: Json = json.loads((BASELINE / "facts.json").read_text(encoding="utf-8"))
    folder = BASELINE / f"v{facts['schemaVersion']}"
    schemas = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.iterdir())}
    return facts | {"schemas": schemas}


def differences(old: Json, new: Json) -> list[str]:
    """Return what breaks a subscriber of ``old``. Both have the form of :func:`released`."""
    return [
        *(f"{name} is {new[name]}, was {old[name]}" for name in ("source", "schemaVersion") if new[name] != old[name]),
        *(
            f"detail-type {name} of {event_type} is gone"
            for name, event_type in old["detailTypes"].items()
            if new["detailTypes"].get(name, "") != event_type
        ),
        *(f"changes has no {name}" for name in old["changes"] if name not in new["changes"]),
        *(
            f"{name}: {found}"
            for name, schema in old["schemas"].items()
            for found in schema_differences(schema, new["schemas"].get(name, {}))
        ),
    ]


def schema_differences(old: Json, new: Json) -> list[str]:
    """Return what breaks a reader of ``old``: lost members, and every verdict but ``compatible``."""
    if old == new:
        return []
    lost = sorted(members(old) - members(new))
    return [*(f"{path} is gone" for path in lost), *_verdicts(old, new)]


def _verdicts(old: Json, new: Json) -> Iterator[str]:
    import jsoncompat  # from Python 3.12 on

    for view in (as_published, by_contract):
        verdict = jsoncompat.analyze_compat(json.dumps(view(old)), json.dumps(view(new)), "serializer")
        if verdict["status"] != COMPATIBLE:
            yield f"{view.__name__}: {verdict['status']}"


def as_published(schema: Any) -> Any:
    """The schema unchanged."""
    return schema


def by_contract(schema: Any) -> Any:
    """The schema without tolerance: a member of the sender has its type by the contract, or null."""
    if isinstance(schema, list):
        return [by_contract(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: by_contract(each) for name, each in schema.items()}
    if made.get("anyOf", [None])[-1] == {}:
        made["anyOf"] = [*made["anyOf"][:-1], {"type": "null"}]
    return made


def members(schema: Json) -> set[str]:
    """Return the path of every member that the schema describes, also of those that can have any JSON."""
    return set(_members(schema, schema.get("$defs", {}), "$"))


def _members(schema: Json, definitions: Json, path: str) -> Iterator[str]:
    if name := schema.get("$ref", "").rpartition("/")[2]:
        yield from _members(definitions.get(name, {}), definitions, path)
    for member, value in schema.get("properties", {}).items():
        yield f"{path}.{member}"
        yield from _members(value, definitions, f"{path}.{member}")
    yield from _members(schema.get("items") or {}, definitions, f"{path}[]") if "items" in schema else ()
    forms = schema.get("anyOf", [])
    several = sum("$ref" in form for form in forms) > 1
    for number, form in enumerate(forms):
        yield from _members(form, definitions, f"{path}({number})" if several else path)
