"""What a delivery breaks: the JSON path and the rule, never a value.

Paths are made of the contract's own member names and of array indexes, so nothing the sender chose is in them.
Rules are JSON Schema's keywords, ``maxBytes`` for an id that would not fit a key of the table, and ``maxValues`` for a
body of more values than are made models of (:data:`appointments.contract.parsing.VALUES`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Location = Sequence[str | int]

_TYPES = {
    "string_type": "string",
    "string_unicode": "string",
    "int_type": "integer",
    "int_from_float": "integer",
    "float_type": "number",
    "bool_type": "boolean",
    "tuple_type": "array",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
}


class Violation(NamedTuple):
    """One broken rule; ``expected`` is the rule's own bound."""

    path: str
    rule: str
    expected: str

    def as_dict(self) -> dict[str, str]:
        return {"path": self.path, "rule": self.rule, "expected": self.expected}


def json_path(location: Location) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def from_errors(errors: Iterable[ErrorDetails], prefix: Location = ()) -> tuple[Violation, ...]:
    """Pydantic's errors as violations, sorted, each once: the branches of a union report the same member."""
    found: dict[tuple[str, str], Violation] = {}
    for error in errors:
        violation = _violation(error, prefix)
        known = found.get((violation.path, violation.rule))
        if known is not None and violation.expected not in known.expected.split(" or "):
            violation = Violation(violation.path, violation.rule, f"{known.expected} or {violation.expected}")
        elif known is not None:
            continue
        found[violation.path, violation.rule] = violation
    return tuple(sorted(found.values()))


def members(location: Location) -> tuple[str | int, ...]:
    """The location without what pydantic adds to name a union's branch: no member of the contract is written so."""
    return tuple(part for part in location if isinstance(part, int) or _is_member(part))


def _is_member(part: str) -> bool:
    return part[0].islower() and part.isalnum() and part not in _BRANCHES


_BRANCHES = {"int", "str"}


def _violation(error: ErrorDetails, prefix: Location) -> Violation:
    context: dict[str, Any] = error.get("ctx", {})
    location = (*prefix, *members(error["loc"]))
    match error["type"]:
        case "missing":
            return Violation(json_path(location), "required", "present")
        case "union_tag_not_found":
            return Violation(json_path((*location, _discriminator(context))), "required", "present")
        case "union_tag_invalid":
            allowed = context["expected_tags"].replace("'", "")
            return Violation(json_path((*location, _discriminator(context))), "enum", allowed)
        case "literal_error":
            allowed = context["expected"].replace("'", "").replace(" or ", ", ")
            return Violation(json_path(location), "enum" if "," in allowed else "const", allowed)
        case "date_time" | "maxBytes" | "minLength" as rule:
            return Violation(json_path(location), {"date_time": "format"}.get(rule, rule), str(context["bound"]))
        case other:
            return Violation(json_path(location), "type", _TYPES.get(other, "valid"))


def _discriminator(context: dict[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")
