"""Broken rules of the contract: the JSON path and the rule, never a value.

A path consists of member names of the contract and array indexes, so it contains nothing that the sender chose. A
rule is a keyword of JSON Schema, ``maxBytes`` for an id that does not fit a key of the table, or ``maxValues`` for a
body of too many values (:data:`.document.VALUES`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Location = Sequence[str | int]


class Kind(StrEnum):
    """The class of a rule. A broken structure can be a reason to refuse a delivery, a broken limit never is."""

    STRUCTURE = "structure"
    LIMIT = "limit"


class Violation(NamedTuple):
    """One broken rule. ``expected`` is the bound or the value that the rule asks for."""

    path: str
    rule: str
    expected: str
    kind: Kind = Kind.STRUCTURE

    def as_dict(self) -> dict[str, str]:
        return {"path": self.path, "rule": self.rule, "expected": self.expected}


_TYPES = {
    "string_type": "string",
    "string_unicode": "string",
    "int_type": "integer",
    "int_from_float": "integer",
    "float_type": "number",
    "bool_type": "boolean",
    "id_type": "integer or string",
    "map_type": "object or array",
    "list_type": "array",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
}
_LIMITS = {
    "string_too_long": ("maxLength", "max_length"),
    "string_too_short": ("minLength", "min_length"),
    "greater_than_equal": ("minimum", "ge"),
}
"""By the type of pydantic's error: the rule, and the name of its bound in the error's context."""


def json_path(location: Location) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def from_error(error: ErrorDetails, document: Any) -> Violation:
    """Convert one of pydantic's errors; ``document`` is what pydantic validated."""
    context: dict[str, Any] = error.get("ctx", {})
    location = [part for part in error["loc"] if isinstance(part, int) or part[0].islower()]  # without union tags
    path = json_path(location)
    match error["type"]:
        case "missing":
            return Violation(path, "required", "present")
        case "literal_error":
            return _enum(path, value_at(document, location), context["expected"])
        case "string_too_long" | "string_too_short" | "greater_than_equal" as limit:
            rule, bound = _LIMITS[limit]
            return Violation(path, rule, str(context[bound]), Kind.LIMIT)
        case "date_time":
            return Violation(path, "format", str(context["bound"]))
        case "maxBytes" | "minLength" as rule:
            return Violation(path, rule, str(context["bound"]))
        case other:
            return Violation(path, "type", _TYPES.get(other, "valid"))


def value_at(document: Any, location: Location) -> Any:
    for part in location:
        document = document[part]
    return document


def _enum(path: str, value: Any, expected: str) -> Violation:
    if not isinstance(value, str):
        return Violation(path, "type", "string")
    allowed = expected.replace("'", "").replace(" or ", ", ")
    return Violation(path, "enum" if "," in allowed else "const", allowed)
