"""The tests that an event pattern can make of one value."""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

COMPARISONS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
LOWER_BOUNDS, UPPER_BOUNDS = (">", ">="), ("<", "<=")

Test = Callable[[Any], bool]


class PatternError(ValueError):
    """EventBridge refuses the pattern. The message names the member and the rule."""


def is_absence(expected: Any) -> bool:
    """Return whether a value of a pattern is ``{"exists": false}``, the only one that a missing path passes."""
    return isinstance(expected, dict) and list(expected) == ["exists"] and expected["exists"] is False


def value_test(path: str, expected: Any) -> Test:
    """Return the test for a value of a pattern: a text, number, true, false, null, or an object with a named test.

    ``path`` is that of the value, for the message. Raises PatternError.
    """
    if isinstance(expected, list):
        raise PatternError(f"{path}: a value must be a text, a number, true, false, null or a test")
    if not isinstance(expected, dict):
        return lambda value: _equal(value, expected)
    try:
        ((name, operand),) = expected.items()
    except ValueError:
        raise PatternError(f"{path}: a test must have exactly one name") from None
    if name not in TESTS:
        raise PatternError(f"{path}: the test {name} does not exist")
    try:
        return TESTS[name](operand)
    except (KeyError, TypeError, ValueError):
        raise PatternError(f"{path}: the test {name} does not allow its operand") from None


def _equal(value: Any, expected: Any) -> bool:
    """Compare as JSON: true is not 1, and 1 is 1.0."""
    return isinstance(value, bool) == isinstance(expected, bool) and bool(value == expected)


def _text(expression: str) -> Test:
    """Return the test whether a text matches a regular expression from its beginning to its end."""
    compiled = re.compile(expression, re.DOTALL)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _any_case(operand: Any) -> str:
    """Return the expression for a text in which each character has either case. The upper case of ``ß`` is ``SS``."""
    return "".join(f"(?:{re.escape(each.lower())}|{re.escape(each.upper())})" for each in _checked(operand, str))


def _equals_ignore_case(operand: Any) -> Test:
    return _text(_any_case(operand))


def _affix(before: str, after: str) -> Callable[[Any], Test]:
    """Return what builds the test of a prefix (``after`` is ``.*``) or a suffix (``before`` is)."""

    def build(operand: Any) -> Test:
        if isinstance(operand, dict):
            ((name, text),) = operand.items()
            return _text(before + {"equals-ignore-case": _any_case}[name](text) + after)
        return _text(before + re.escape(_checked(operand, str)) + after)

    return build


def _wildcard(operand: Any) -> Test:
    """Return the test of a text with ``*`` for any characters. A backslash is only allowed before ``*`` or itself."""
    expression = ""
    for part in re.findall(r"\\.?|\*+|[^\\*]+", _checked(operand, str), re.DOTALL):
        if part in (r"\*", "\\\\"):
            expression += re.escape(part[1])
        elif part == "*":
            expression += ".*"
        elif part[0] in r"\*":
            raise ValueError
        else:
            expression += re.escape(part)
    return _text(expression)


def _cidr(operand: Any) -> Test:
    address, _, bits = _checked(operand, str).partition("/")
    if not bits.isdecimal() or int(bits) >= ipaddress.ip_address(address).max_prefixlen:
        raise ValueError
    network = ipaddress.ip_network(operand, strict=False)

    def contains(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return contains


def _numeric(operand: Any) -> Test:
    """Return the test of one comparison, or of a range: first its lower bound, then its upper bound."""
    names, bounds = _checked(operand, list)[::2], [_checked_number(bound) for bound in operand[1::2]]
    conditions = list(zip(map(COMPARISONS.__getitem__, names), bounds, strict=True))
    is_range = len(conditions) == 2 and names[0] in LOWER_BOUNDS and names[1] in UPPER_BOUNDS and bounds[0] < bounds[1]
    if len(conditions) != 1 and not is_range:
        raise ValueError
    return lambda value: _is_number(value) and all(compare(value, bound) for compare, bound in conditions)


def _anything_but(operand: Any) -> Test:
    """Return the test that a value equals none of the texts or numbers, or passes none of the tests of one name."""
    if isinstance(operand, dict):
        ((name, values),) = operand.items()
        excluded = [EXCLUDING[name](value) for value in _listed(values)]
        if name in ("prefix", "suffix") and not all(_listed(values)):
            raise ValueError
    else:
        values = _listed(operand)
        if not (all(isinstance(value, str) for value in values) or all(map(_is_number, values))):
            raise TypeError
        excluded = [value_test("", value) for value in values]
    return lambda value: not any(test(value) for test in excluded)


def _exists(operand: Any) -> Test:
    if operand is not True:
        raise ValueError
    return lambda _: True


def _exactly(operand: Any) -> Test:
    return value_test("", _checked(operand, str))


def _listed(operand: Any) -> list[Any]:
    values = operand if isinstance(operand, list) else [operand]
    if not values:
        raise ValueError
    return values


def _checked(operand: Any, kind: type) -> Any:
    if not isinstance(operand, kind):
        raise TypeError
    return operand


def _checked_number(operand: Any) -> float:
    if not _is_number(operand):
        raise TypeError
    return float(operand)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


EXCLUDING: Mapping[str, Callable[[Any], Test]] = {
    "prefix": _affix("", ".*"),
    "suffix": _affix(".*", ""),
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
}
"""The tests that ``anything-but`` can negate."""
TESTS: Mapping[str, Callable[[Any], Test]] = {
    **EXCLUDING,
    "anything-but": _anything_but,
    "cidr": _cidr,
    "exactly": _exactly,
    "exists": _exists,
    "numeric": _numeric,
}
