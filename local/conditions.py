"""The conditions of template.yaml: which of them hold, and a part of the template without ``Fn::If``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NO_VALUE = {"Ref": "AWS::NoValue"}


def holding(conditions: Mapping[str, Any], values: Mapping[str, Any]) -> set[str]:
    """Return the names of the conditions that hold for these values of the parameters, in the partition aws."""
    values = {"AWS::Partition": "aws", **values}
    return {name for name in conditions if _holds(conditions[name], conditions, values)}


def resolve(node: Any, names: set[str]) -> Any:
    """Return the node with each Fn::If resolved. ``names`` are the conditions that hold."""
    if isinstance(node, list):
        return [part for part in (resolve(part, names) for part in node) if part != NO_VALUE]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Fn::If"}:
        name, yes, no = node["Fn::If"]
        return resolve(yes if name in names else no, names)
    resolved = {name: resolve(value, names) for name, value in node.items()}
    return {name: value for name, value in resolved.items() if value != NO_VALUE}


def _holds(condition: dict[str, Any], conditions: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    ((function, arguments),) = condition.items()
    match function:
        case "Condition":
            return _holds(conditions[arguments], conditions, values)
        case "Fn::Equals":
            left, right = (values[a["Ref"]] if isinstance(a, dict) else a for a in arguments)
            return str(left) == str(right)
        case "Fn::Not":
            return not _holds(arguments[0], conditions, values)
        case "Fn::And":
            return all(_holds(argument, conditions, values) for argument in arguments)
        case "Fn::Or":
            return any(_holds(argument, conditions, values) for argument in arguments)
    raise ValueError(function)
