"""Event patterns as EventBridge matches them: by the rules of Event Ruler, the engine that AWS has published.

An event is a list of fields: the path of each leaf, its value, and the array elements that it is in. A pattern is a
list of alternatives (``$or`` makes several), each with a condition for some paths. An alternative matches if each
condition is met by a field, and if no two of these fields are in different elements of the same array.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from local.eventbridge.values import PatternError, Test, is_absence, value_test

MAX_ALTERNATIVES = 1000

Elements = Mapping[int, int]
"""The index of an element, by the number of its array in the event."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a pattern demands of a path: a value that passes one of ``tests``, or no value at all if ``absent``."""

    tests: tuple[Test, ...]
    absent: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A leaf of an event."""

    value: Any
    elements: Elements


Alternative = dict[str, Condition]
Fields = dict[str, list[Field]]


def matches(pattern: str | Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Return whether a rule with this pattern matches an event.

    ``pattern`` is JSON text or a decoded object, ``event`` the whole event as a target receives it. Raises PatternError
    if EventBridge refuses the pattern.
    """
    alternatives = parse(pattern if isinstance(pattern, str) else json.dumps(pattern))
    fields: Fields = {}
    _collect(event, "", {}, itertools.count(), fields)
    return any(_met(sorted(alternative.items()), fields, {}) for alternative in alternatives)


@lru_cache
def parse(pattern: str) -> tuple[Alternative, ...]:
    """Return the alternatives of a pattern in JSON. Raises PatternError."""
    try:
        document = json.loads(pattern)
    except ValueError:
        raise PatternError("the pattern is not JSON") from None
    return tuple(_add_object([{}], "", document))


def _collect(value: Any, path: str, elements: Elements, numbers: Iterator[int], fields: Fields) -> None:
    """Add the leaves of a value to ``fields``. An empty object or array has none."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            _collect(member, f"{path}.{name}" if path else name, elements, numbers, fields)
    elif isinstance(value, list):
        array = next(numbers)
        for index, element in enumerate(value):
            inside = {**elements, array: index} if isinstance(element, Mapping | list) else elements
            _collect(element, path, inside, numbers, fields)
    else:
        fields.setdefault(path, []).append(Field(value, elements))


def _met(conditions: Sequence[tuple[str, Condition]], fields: Fields, chosen: Elements) -> bool:
    """Return whether fields meet the conditions, in the elements that were chosen for earlier conditions."""
    if not conditions:
        return True
    (path, condition), *rest = conditions
    candidates = [field for field in fields.get(path, ()) if _agree(field.elements, chosen)]
    if condition.absent and not candidates and _met(rest, fields, chosen):
        return True
    return any(
        _met(rest, fields, {**chosen, **field.elements})
        for field in candidates
        if any(test(field.value) for test in condition.tests)
    )


def _agree(elements: Elements, chosen: Elements) -> bool:
    return all(chosen.get(array, index) == index for array, index in elements.items())


def _add_object(alternatives: list[Alternative], path: str, value: Any) -> list[Alternative]:
    """Return the alternatives with the conditions of an object of the pattern.

    Of two conditions for one path, inside and outside of ``$or``, the later one replaces the earlier one.
    """
    if not isinstance(value, dict) or not value:
        raise PatternError(f"{path or 'the pattern'} must be an object with members")
    for name, member in value.items():
        inner = f"{path}.{name}" if path else name
        if name == "$or":
            alternatives = _add_or(alternatives, path, member)
        elif isinstance(member, dict):
            alternatives = _add_object(alternatives, inner, member)
        elif isinstance(member, list) and member:
            tests = tuple(value_test(inner, each) for each in member if not is_absence(each))
            condition = Condition(tests, absent=any(map(is_absence, member)))
            alternatives = [{**alternative, inner: condition} for alternative in alternatives]
        else:
            raise PatternError(f"{inner} must be an object, or an array with values")
    return alternatives


def _add_or(alternatives: list[Alternative], path: str, members: Any) -> list[Alternative]:
    if not isinstance(members, list) or len(members) < 2:
        raise PatternError(f"$or of {path or 'the pattern'} must be an array of at least two objects")
    branches = [branch for member in members for branch in _add_object(alternatives, path, member)]
    if len(branches) > MAX_ALTERNATIVES:
        raise PatternError(f"$or makes more than {MAX_ALTERNATIVES} combinations")
    return branches
