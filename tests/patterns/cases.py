"""Random patterns and events of few names and values, so that a fair part of them match.

Left out is what the two engines read differently on purpose (docs/decisions/0038): the absence of a member inside an
array, and one member as a value and as an object in two branches of ``$or``.
"""

from __future__ import annotations

import random
from typing import Any

TEXTS = ("a", "b", "A", "ab", "aB", "ba", "straße", "STRASSE", "a*b", "10.0.0.1", "")
VALUES = (*TEXTS, 0, 1, 2.5, -3, 1.0, True, False, None)
NAMES, OTHER_NAMES = ("a", "b", "c"), ("d", "e")
COMPARISONS = (["=", 1], [">", 0], [">=", 1, "<", 3], ["<", 0], [">", -5, "<=", 2.5])
WILDCARDS = ("*", "a*", "*b", "a*b", "*a*", r"a\**", "*ß*")
NETWORKS = ("10.0.0.0/24", "10.0.0.2/31", "fe80::/10")


def case(chance: random.Random) -> dict[str, Any]:
    """Return a ``pattern`` and an ``event``."""
    pattern: dict[str, Any] = {"detail": _object_pattern(chance, depth=2)}
    if chance.random() < 0.2:
        pattern["source"] = [_test(chance), chance.choice(VALUES)]
    if chance.random() < 0.2:
        pattern["detail"]["$or"] = [{name: [_test(chance), _test(chance)]} for name in OTHER_NAMES]
    if chance.random() < 0.2:
        pattern["detail"][chance.choice(OTHER_NAMES)] = [{"exists": chance.random() < 0.5}]
    event = {"source": chance.choice(TEXTS), "detail": _object(chance, depth=3)}
    return {"pattern": pattern, "event": event}


def _object(chance: random.Random, depth: int) -> dict[str, Any]:
    names = (*NAMES, *OTHER_NAMES)
    return {name: _value(chance, depth) for name in names if chance.random() < 0.9}


def _value(chance: random.Random, depth: int) -> Any:
    kind = chance.random()
    if depth and kind < 0.25:
        return _object(chance, depth - 1)
    if depth and kind < 0.6:
        return [_value(chance, depth - 1) for _ in range(chance.randrange(5))]
    return chance.choice(VALUES)


def _object_pattern(chance: random.Random, depth: int) -> dict[str, Any]:
    names = chance.sample(NAMES, chance.choice((1, 1, 1, 2)))
    return {
        name: _object_pattern(chance, depth - 1)
        if depth and chance.random() < 0.4
        else [_test(chance) for _ in range(chance.randrange(1, 4))]
        for name in names
    }


def _test(chance: random.Random) -> Any:
    text, name = chance.choice(TEXTS), chance.choice(("value", "prefix", "suffix", "case", "any", "but", "other"))
    match name:
        case "prefix" | "suffix":
            return {name: chance.choice((text, {"equals-ignore-case": text}))}
        case "case":
            return {"equals-ignore-case": text}
        case "any":
            return {"exists": True}
        case "but":
            return {"anything-but": chance.choice((text, [text, "b"], 1, [1, 2.5], _negated(chance, text or "a")))}
        case "other":
            wildcard, network = {"wildcard": chance.choice(WILDCARDS)}, {"cidr": chance.choice(NETWORKS)}
            return chance.choice((wildcard, network, {"numeric": chance.choice(COMPARISONS)}))
    return chance.choice(VALUES)


def _negated(chance: random.Random, text: str) -> dict[str, Any]:
    name = chance.choice(("prefix", "suffix", "equals-ignore-case", "wildcard"))
    return {name: chance.choice(WILDCARDS) if name == "wildcard" else chance.choice((text, [text, "b"]))}
