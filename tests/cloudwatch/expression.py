"""Metric math: the functions and operators that the template uses, for one moment.

A missing value makes an operation missing, and an array function leaves it out. FILL is left out on purpose: AWS does
not document what it gives for a metric without a value in the whole window.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Number = float | None
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Moment:
    """The values and the expressions of a moment, by id."""

    def __init__(self, minute: int, values: Mapping[str, Number], expressions: Mapping[str, str]) -> None:
        self._when = datetime.fromtimestamp(minute * 60, UTC)
        self._values = values
        self._expressions = expressions

    def value(self, name: str) -> Number:
        """Return the value of an id; raises ValueError for an expression that is not known here."""
        if name not in self._expressions:
            return self._values[name]
        text = re.sub(r"\b(AND|OR)\b", lambda found: found[1].lower(), self._expressions[name])
        value: Number = self._node(ast.parse(text, mode="eval").body)
        return value

    def _node(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return self.value(name)
            case ast.BoolOp(op=kind, values=parts):
                values = [self._node(part) for part in parts]
                chosen = all if isinstance(kind, ast.And) else any
                return None if None in values else float(chosen(values))
            case ast.BinOp(left=left, op=kind, right=right):
                return self._binary(kind, left, right)
            case ast.Compare(left=left, ops=[kind], comparators=[right]):
                return self._binary(kind, left, right)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name, arguments)
        raise ValueError(f"not known here: {ast.unparse(node)}")

    def _binary(self, kind: Any, left: ast.expr, right: ast.expr) -> Number:
        values = self._node(left), self._node(right)
        return None if None in values else float(OPERATORS[type(kind)](*values))

    def _call(self, name: str, arguments: list[ast.expr]) -> Number:
        match name, arguments:
            case "IF", [condition, yes, no]:
                holds = self._node(condition)
                return None if holds is None else self._node(yes if holds else no)
            case "SUM", [ast.List(elts=elements)]:
                present = [value for value in map(self._node, elements) if value is not None]
                return sum(present) if present else None
            case "DAY", [value]:  # 1 is Monday
                return None if self._node(value) is None else float(self._when.isoweekday())
            case "HOUR", [value]:
                return None if self._node(value) is None else float(self._when.hour)
        raise ValueError(f"not known here: {name}")
