"""The members of an appointment by the contract, for readers of messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from generate import contract_schema

Json = dict[str, Any]
Row = tuple[str, str, str, str]
ANY = "any JSON"
NESTED = ("participants",)
"""The members whose own members have a row each. docs/contract.schema.json has all the others."""


def of_appointment() -> list[Row]:
    """Return path, type, whether null is legal, and whether the member can be absent."""
    schema: Json = json.loads(contract_schema.generate())
    variants = _variants(schema, "DatedAppointment", "UndatedAppointment")
    participants = _variants(schema, "EmployeeParticipant", "CustomerParticipant")
    rows: list[Row] = []
    for name, row in _rows(variants):
        rows.append((f"`{name}`", *row))
        if name in NESTED:
            rows += [(f"`{name}[].{inner}`", *inner_row) for inner, inner_row in _rows(participants)]
    return rows


def _variants(schema: Json, *names: str) -> list[Json]:
    return [schema["$defs"][name] for name in names]


def _rows(variants: list[Json]) -> Iterator[tuple[str, tuple[str, str, str]]]:
    for name in dict.fromkeys(name for variant in variants for name in variant["properties"]):
        found = [variant["properties"][name] for variant in variants if name in variant["properties"]]
        required = all(name in variant.get("required", ()) for variant in variants)
        kinds = list(dict.fromkeys(kind for each in found for kind in _kinds(each)))
        null = "yes" if {"null", ANY} & set(kinds) else "no"
        yield name, (_type(kinds, found), null, "no" if required else "yes")


def _kinds(schema: Json) -> list[str]:
    """The types of a member, ``object`` for a reference to another definition."""
    if "anyOf" in schema:
        return [kind for each in schema["anyOf"] for kind in _kinds(each)]
    if "$ref" in schema:
        return ["object"]
    if schema.get("format") == "date-time":
        return ["date-time"]
    kind: str = schema.get("type", ANY)
    return [_NAMES.get(kind, kind)]


def _type(kinds: Iterable[str], found: list[Json]) -> str:
    text = " or ".join(kind for kind in kinds if kind != "null")
    values = list(dict.fromkeys(value for each in found for value in _values(each)))
    return f"{text}: {', '.join(values)}" if values else text


def _values(schema: Json) -> list[str]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


_NAMES = {"string": "text", "boolean": "true or false", "array": "list"}
