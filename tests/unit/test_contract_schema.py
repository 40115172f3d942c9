"""The models, the JSON Schema generated from them and the schema of the contract have the same rules.

The schema of the contract is the reference. Both schemas are read into trees of places (:class:`Place`), which are
compared. Deliveries are generated from the tree of the contract, and checked by the models and both schemas.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, partial, reduce
from pathlib import Path
from typing import Any, cast

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from appointments.contract.mode import ContractMode
from appointments.contract.parsing import parse_body
from appointments.contract.violations import Violation
from appointments.errors import ContractError
from generate import contract_schema
from tests import profiles
from tests.builders import body

CONTRACT = json.loads((Path(__file__).parent.parent / "fixtures" / "contract.schema.json").read_text())
GENERATED = json.loads(contract_schema.generate())

Rules = dict[str, Any]
Route = tuple[str, ...]

INTENDED = {
    (
        "pattern",
        r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d"
        r"(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$",
        r"^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])"
        r"(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):([0-5][0-9]))$",
    ): r"C19: matches the same texts. Python's \d matches the digits of every script. The groups capture the parts",
}
"""The intended differences as (keyword, value in the contract, value in the models), each with its reason."""


# --- reading a schema into a tree


@dataclass(frozen=True, eq=False)
class Place:
    """A place in a delivery: its rules, independent of how a schema writes them, and the places below.

    A step down is ``.member``, ``[]`` for the elements of an array, or ``(VALUE)`` for the variant that the
    discriminator's value selects.
    """

    rules: Rules
    below: dict[str, Place]


NO_RULES = {"$schema", "$id", "$comment", "$defs", "title", "description", "discriminator", "then", "else"}
TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})


@dataclass(frozen=True)
class Reader:
    """Reads a schema into places. An unknown keyword is an error, so that no rule is missed."""

    root: Rules

    def place(self, node: Rules, known: dict[str, str] | None = None) -> Place:
        rules = self.merged(node, known or {})
        members = rules.pop("properties", {})
        if name := rules.pop("discriminator", None):
            variants = {value: self._variant(node, name, value) for value in self._values(members[name])}
            if (merged := _merge_variants(list(variants.values()), f".{name}")) is not None:
                return Place({**merged.rules, "type": rules["type"]}, merged.below)
            return Place({"type": rules["type"]}, {f"({value})": variant for value, variant in variants.items()})
        below = {f".{member}": self.place(rule) for member, rule in members.items()}
        if elements := rules.pop("items", None):
            below["[]"] = self.place(elements)
        return Place(rules, below)

    def merged(self, node: Rules, known: dict[str, str]) -> Rules:
        """Merge the rules of a node. ``known`` has the value of the discriminator if it is known."""
        parts = (self._part(keyword, node, known) for keyword in node if not keyword.startswith("x-"))
        return reduce(_merge_all, parts, {"type": TYPES})

    def _variant(self, node: Rules, name: str, value: str) -> Place:
        return self.place({"type": "object", "allOf": [node, {"properties": {name: {"const": value}}}]}, {name: value})

    def _values(self, node: Rules) -> list[str]:
        return sorted(self.merged(node, {})["enum"])

    def _part(self, keyword: str, node: Rules, known: dict[str, str]) -> Rules:
        value = node[keyword]
        match keyword:
            case "$ref":
                return self.merged(self.root["$defs"][value.removeprefix("#/$defs/")], known)
            case "allOf":
                return reduce(_merge_all, [self.merged(part, known) for part in value])
            case "anyOf":
                return reduce(_merge_alternatives, [self.merged(part, known) for part in value])
            case "oneOf":
                return self._select_branch(value, node["discriminator"]["propertyName"], known)
            case "if":
                return self._conditional(node, known)
        return _rule(keyword, value)

    def _select_branch(self, branches: list[Rules], name: str, known: dict[str, str]) -> Rules:
        merged = [self.merged(branch, {}) for branch in branches]
        values = [self._values(branch["properties"][name]) for branch in merged]
        if name not in known:
            tags = {name: {"enum": [value for group in values for value in group]}}
            return {"type": frozenset({"object"}), "discriminator": name, "properties": tags}
        (chosen,) = [branch for branch, group in zip(merged, values, strict=True) if known[name] in group]
        return chosen

    def _conditional(self, node: Rules, known: dict[str, str]) -> Rules:
        ((name, rule),) = node["if"]["properties"].items()
        if name not in known:
            return {"discriminator": name}
        return self.merged(node.get("then" if known[name] in self._values(rule) else "else", {}), known)


def _merge_variants(variants: list[Place], discriminator: str) -> Place | None:
    """Merge variants that differ only in the value of the discriminator. Return None for other variants."""
    first = variants[0]
    value = Place({**first.below[discriminator].rules, "enum": frozenset()}, {})
    for variant in variants:
        value.rules["enum"] |= variant.below[discriminator].rules["enum"]
    merged = [_flat(Place(variant.rules, {**variant.below, discriminator: value})) for variant in variants]
    if any(other != merged[0] for other in merged):
        return None
    return Place(first.rules, {**first.below, discriminator: value})


def _flat(place: Place) -> dict[Route, Rules]:
    return {route: each.rules for route, each in places(place)}


def _rule(keyword: str, value: Any) -> Rules:
    match keyword:
        case "type":
            return {"type": frozenset([value] if isinstance(value, str) else value)}
        case "const":
            return {"enum": frozenset([value])}
        case "enum" | "required":
            return {keyword: frozenset(value)}
        case "maxLength" | "minLength" | "minimum" | "format" | "pattern" | "properties" | "items":
            return {keyword: value} if value != {} else {}
        case "additionalProperties" if value is True:
            return {}
    assert keyword in NO_RULES, f"the test does not know the keyword {keyword}"
    return {}


def _merge_all(first: Rules, second: Rules) -> Rules:
    combined = {**first, **second}
    for keyword in first.keys() & second.keys():
        combined[keyword] = _conjunction(keyword, first[keyword], second[keyword])
    return combined


def _conjunction(keyword: str, first: Any, second: Any) -> Any:
    match keyword:
        case "type" | "enum":
            return first & second
        case "required":
            return first | second
        case "properties":
            return {
                name: {"allOf": [part[name] for part in (first, second) if name in part]}
                for name in {**first, **second}
            }
    assert first == second, f"two values of {keyword} at one place"
    return first


def _merge_alternatives(first: Rules, second: Rules) -> Rules:
    """Merge alternatives of different types. Each keyword then belongs to one alternative only."""
    assert not first["type"] & second["type"]
    assert first.keys() & second.keys() == {"type"}
    return {**first, **second, "type": first["type"] | second["type"]}


def places(place: Place, route: Route = ()) -> Iterator[tuple[Route, Place]]:
    yield route, place
    for step, below in place.below.items():
        yield from places(below, (*route, step))


TREE = Reader(CONTRACT).place(CONTRACT)
PLACES = dict(places(TREE))


# --- comparing the rules


def differences() -> dict[tuple[str, str], tuple[Any, Any]]:
    """Return each different rule as (path, keyword), with its value in the contract and in the models."""
    found = {}
    models = dict(places(Reader(GENERATED).place(GENERATED)))
    for route in PLACES.keys() | models.keys():
        in_models, in_contract = (tree[route].rules if route in tree else {} for tree in (models, PLACES))
        for keyword in in_models.keys() | in_contract.keys():
            if in_models.get(keyword) != in_contract.get(keyword):
                found["$" + "".join(route), keyword] = (in_contract.get(keyword), in_models.get(keyword))
    return found


def test_the_generated_schema_is_a_valid_json_schema() -> None:
    Draft202012Validator.check_schema(GENERATED)


def test_the_models_have_exactly_the_rules_of_the_contract() -> None:
    unexplained = {place: pair for place, pair in differences().items() if (place[1], *pair) not in INTENDED}
    assert unexplained == {}


def test_every_intended_difference_still_exists() -> None:
    assert {(keyword, *pair) for (_, keyword), pair in differences().items()} >= INTENDED.keys()


# --- generating deliveries

MARK = "¤"
"""A character in each generated text. A violation that contains it has repeated a value."""
CHARACTERS = st.characters(exclude_categories=["Cs"])


def texts(shortest: int = 0, longest: int | None = None) -> st.SearchStrategy[str]:
    rest = st.text(CHARACTERS, min_size=max(shortest - 1, 0), max_size=min(longest or 6, 6) - 1)
    at_the_bounds = [MARK * bound for bound in (shortest, longest) if bound is not None]
    return rest.map(MARK.__add__) | st.sampled_from(at_the_bounds)


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([10**400, -(10**400)])
# Some of the names have a meaning in Python or pydantic.
NAMES = texts() | st.sampled_from(["", "ID", "created_at", "status", "type", "model_config", "__class__", "self"])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | texts(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=6,
)
DATE_TIMES = st.tuples(
    st.dates().map(date.isoformat),
    st.sampled_from("Tt"),
    st.times().map(lambda clock: clock.isoformat("seconds")),
    st.sampled_from(["", ".0", ".123", ".1234567890123"]),
    st.sampled_from(["Z", "z", "+00:00", "-23:59", "+05:30"]),
).map("".join)
NO_DATE_TIMES = [
    "2023-02-29T09:00:00Z",
    "2024-04-31T09:00:00Z",
    "2024-02-29T24:00:00Z",
    "2024-02-29T09:00:60Z",
    "2024-02-29T09:00:00",
    "2024-02-29 09:00:00Z",
    "2024-02-29T09:00:00+24:00",
    "2024-02-29T09:00:00+0100",
    "2024-02-29T09:00:00,5Z",
    "2024-02-29T09:00:00Z\n",
    "\uff12\uff10\uff12\uff14-02-29T09:00:00Z",
    "2024-02-29",
    "0000-02-30T00:00:00Z",
]


@cache
def values(place: Place) -> st.SearchStrategy[Any]:
    """Generate the values that the contract allows at a place, also at their limits."""
    if "enum" in place.rules:
        return st.sampled_from(sorted(place.rules["enum"]))
    return st.one_of([values_of_type(place, kind) for kind in sorted(place.rules["type"])])


def values_of_type(place: Place, kind: str) -> st.SearchStrategy[Any]:
    rules = place.rules
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(min_value=rules.get("minimum"))
        case "number":
            return NUMBERS
        case "string":
            return DATE_TIMES if "format" in rules else texts(rules.get("minLength", 0), rules.get("maxLength"))
        case "array":
            return st.lists(values(place.below["[]"]) if "[]" in place.below else JSON, max_size=2)
    return objects(place)


@cache
def objects(place: Place, without: str = "") -> st.SearchStrategy[dict[str, Any]]:
    if not place.below:
        return st.dictionaries(NAMES, JSON, max_size=2)
    if any(step.startswith("(") for step in place.below):
        return st.one_of([objects(variant) for variant in place.below.values()])
    members = {step[1:]: values(below) for step, below in place.below.items() if step != without}
    required = {name: members.pop(name) for name in sorted(place.rules.get("required", ())) if name in members}
    return st.fixed_dictionaries(required, optional=members)


def grow_value(draw: st.DrawFn, place: Place, route: Route) -> Any:
    """Generate a value that contains every place of the route. The other members are random."""
    if not route:
        return draw(values(place))
    step, rest = route[0], route[1:]
    value = grow_value(draw, place.below[step], rest)
    match step[0]:
        case "(":
            return value
        case "[":
            return [value, *draw(st.lists(values(place.below[step]), max_size=1))]
    return {**draw(objects(place, without=step)), step[1:]: value}


@st.composite
def deliveries(draw: st.DrawFn) -> Any:
    """Generate deliveries that the contract allows."""
    return grow_value(draw, TREE, draw(st.sampled_from(list(PLACES))))


# --- changing deliveries

REMOVED = object()
Location = tuple[str | int, ...]


def replace(draw: st.DrawFn, _value: Any) -> Any:
    return draw(JSON | st.sampled_from([None, {}, [], [None], [{}], "", MARK * 2001]))


def remove(_draw: st.DrawFn, _value: Any) -> Any:
    return REMOVED


def disguise(draw: st.DrawFn, value: Any) -> Any:
    """Generate a similar value of another type or notation, which a careless parser would accept."""
    near: list[Any] = [json.dumps(value), [value]]
    if isinstance(value, str):
        near += NO_DATE_TIMES if value[:4].isdigit() else [value.lower(), value + "\n", " " + value]
    if isinstance(value, bool | int) and abs(value) < 10**300:
        near += [int(value), float(value)]
    return draw(st.sampled_from(near))


def add_member(draw: st.DrawFn, value: Any) -> Any:
    return {**value, draw(NAMES): draw(JSON)} if isinstance(value, dict) else value


def rename_to_python(draw: st.DrawFn, value: Any) -> Any:
    """Rename a member to its name in Python, which the contract does not know."""
    if not value or not isinstance(value, dict):
        return value
    name = draw(st.sampled_from(sorted(value)))
    others = {key: old for key, old in value.items() if key != name}
    return {**others, re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): draw(JSON)}


def apply_change(value: Any, location: Location, change: Callable[[Any], Any]) -> Any:
    if not location:
        return change(value)
    first, rest = location[0], location[1:]
    below = apply_change(value[first], rest, change)
    pairs = [(key, below if key == first else old) for key, old in _entries(value) if (key, below) != (first, REMOVED)]
    return dict(pairs) if isinstance(value, dict) else [element for _, element in pairs]


def _entries(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def locations(value: Any, location: Location = ()) -> Iterator[Location]:
    yield location
    for key, below in _entries(value):
        yield from locations(below, (*location, key))


def location_of(route: Route) -> Location:
    return tuple(0 if step == "[]" else step[1:] for step in route if step[0] != "(")


KINDS: dict[Any, list[Route]] = {}
"""The places of a delivery, grouped by their types and keywords."""
for _route, _place in list(PLACES.items())[1:]:
    KINDS.setdefault((_place.rules["type"], *_place.rules), []).append(_route)


@st.composite
def mutated_deliveries(draw: st.DrawFn) -> Any:
    """Generate deliveries with a change in each kind of place, and often with more changes."""
    route = draw(st.sampled_from(draw(st.sampled_from(list(KINDS.values())))))
    change = draw(st.sampled_from([replace, remove, disguise, add_member, rename_to_python]))
    document = apply_change(grow_value(draw, TREE, route), location_of(route), partial(change, draw))
    for change in draw(st.lists(st.sampled_from([replace, disguise, add_member]), max_size=2)):
        document = apply_change(document, draw(st.sampled_from(list(locations(document)))), partial(change, draw))
    return document


LIMITS = {"maxLength", "minLength", "minimum"}


def beyond(limit: str, bound: int, _value: Any) -> Any:
    match limit:
        case "maxLength":
            return MARK * (bound + 1)
        case "minLength":
            return MARK * (bound - 1)
    return bound - 1


KEYS = {("$.id", "minLength"), ("$.data.appointment.id", "minLength")}
"""Limits that belong to the structure, because the two ids become keys (C22)."""


def values_with_limit(place: Place, value: Any, location: Location = ()) -> Iterator[tuple[Location, Rules]]:
    """Yield the location and the rules of each value that has a limit."""
    if isinstance(value, str | int) and place.rules.keys() & LIMITS and location not in KEY_LOCATIONS:
        yield location, place.rules
    below = dict(_entries(value))
    for step, next_place in place.below.items():
        if step[0] == "(" and step[1:-1] in (below.get("status"), below.get("type")):
            yield from values_with_limit(next_place, value, location)
        for key in below if step == "[]" else below.keys() & {step[1:]}:
            yield from values_with_limit(next_place, below[key], (*location, key))


KEY_LOCATIONS = {("id",), ("data", "appointment", "id")}
LIMITED = [r for r, place in PLACES.items() if place.rules.keys() & LIMITS and location_of(r) not in KEY_LOCATIONS]


@st.composite
def deliveries_beyond_limits(draw: st.DrawFn) -> Any:
    """Generate deliveries that break one or more limits and no other rule."""
    route = draw(st.sampled_from(LIMITED))
    document = grow_value(draw, TREE, route)
    others = draw(
        st.lists(st.sampled_from([*values_with_limit(TREE, document), (location_of(route), PLACES[route].rules)]))
    )
    for location, rules in [(location_of(route), PLACES[route].rules), *others]:
        limit = draw(st.sampled_from(sorted(rules.keys() & LIMITS)))
        document = apply_change(document, location, partial(beyond, limit, rules[limit]))
    return document


# --- validating with the schemas

BASES = {
    "Appointment": "AppointmentBase",
    "PreviousAppointment": "PreviousAppointmentBase",
    "Participant": "ParticipantBase",
}

PathsAndRules = set[tuple[str, str]]
formats = FormatChecker(formats=())


@formats.checks("date-time")
def _date_exists(text: object) -> bool:
    """Return whether the date exists, such as not February 30. The pattern checks the notation."""
    if not isinstance(text, str):
        return True
    try:
        year, month, day = map(int, text[:10].split("-"))
        date(year or 400, month, day)  # year 0 is a leap year too
    except ValueError:
        return False
    return True


def _pattern(_validator: object, pattern: str, value: object, _node: object) -> Iterator[ValidationError]:
    """Check a pattern as ECMA 262 does: ASCII digits only, and ``$`` matches at the very end only."""
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value, re.ASCII):
        yield ValidationError("pattern")


def _max_bytes(_validator: object, bound: int, value: object, _node: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and len(value.encode()) > bound:
        yield ValidationError("maxBytes")


def _make_validator(root: Rules) -> Draft202012Validator:
    """Return a validator that refuses 1.0 as an integer (C3) and checks the format of a date-time (C19)."""
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    extended: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call] # the stubs leave it untyped
        Draft202012Validator, {"pattern": _pattern, "maxBytes": _max_bytes}, type_checker=types
    )
    return extended(root, format_checker=formats)


def _add_own_rules(root: Rules) -> Rules:
    """Return the schema of the contract with two more rules.

    The members that every variant requires are required also for an unknown value of the discriminator. An id with its
    prefix fits a key of DynamoDB: at most 2048 bytes for a partition key and 1024 for a sort key (C22).
    """
    definitions = copy.deepcopy(root["$defs"])
    for switch, base in BASES.items():
        definitions[switch]["allOf"].append({"if": {"type": "object"}, "then": {"$ref": f"#/$defs/{base}"}})
    definitions["AppointmentBase"]["properties"]["id"]["maxBytes"] = 2048 - len("APPOINTMENT#")
    definitions["Envelope"]["properties"]["id"]["maxBytes"] = 1024 - len("EVENT#")
    return {**root, "$defs": definitions}


CONTRACT_VALIDATOR = _make_validator(_add_own_rules(CONTRACT))
GENERATED_VALIDATOR = _make_validator(GENERATED)


def contract_violations(document: Any) -> PathsAndRules:
    """Return path and rule of each violation of the contract. A wrong type hides a wrong value at the same path."""
    errors = [error for error in CONTRACT_VALIDATOR.iter_errors(document) if not _is_empty_map(error)]
    found = {rule for error in errors for rule in _paths_and_rules(error)}
    mistyped = {path for path, rule in found if rule == "type"}
    return {(path, rule) for path, rule in found if rule not in ("enum", "const") or path not in mistyped}


def has_empty_map(document: Any) -> bool:
    return any(map(_is_empty_map, CONTRACT_VALIDATOR.iter_errors(document)))


def _is_empty_map(error: ValidationError) -> bool:
    """Return whether ``[]`` stands for an object without required members (C7), which the schema does not allow."""
    schema = cast("Rules", error.schema)
    return error.validator == "type" and error.instance == [] and "properties" in schema and not schema.get("required")


def _paths_and_rules(error: ValidationError) -> Iterator[tuple[str, str]]:
    path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    rule = str(error.validator)
    if rule != "required":
        yield path, {"pattern": "format"}.get(rule, rule)
        return
    for name in cast("list[str]", error.validator_value):
        if name not in cast("Rules", error.instance):
            yield f"{path}.{name}", rule


def expected(document: Any) -> tuple[PathsAndRules, PathsAndRules]:
    """Return the broken structure, or else the broken limits."""
    found = contract_violations(document)
    limits = {(path, rule) for path, rule in found if rule in LIMITS} - KEYS
    return (found - limits, set()) if found - limits else (set(), limits)


def actual(document: Any) -> tuple[PathsAndRules, PathsAndRules]:
    structure: tuple[Violation, ...] = ()
    limits: tuple[Violation, ...] = ()
    try:
        limits = parse_body(body(document), ContractMode.STRICT).violations
    except ContractError as error:
        structure = error.violations
    assert MARK not in f"{structure}{limits}"
    return _paths_and_rules_of(structure), _paths_and_rules_of(limits)


def _paths_and_rules_of(violations: tuple[Violation, ...]) -> PathsAndRules:
    return {(violation.path, violation.rule) for violation in violations}


def with_examples(examples: int, nightly: int) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    return settings(
        deadline=None,
        max_examples=profiles.examples(examples, nightly=nightly),
        phases=set(Phase) - {Phase.explain},  # explaining a failure takes minutes for a document of this size
        suppress_health_check=[HealthCheck.too_slow],
    )


@with_examples(100, nightly=1500)
@given(deliveries())
def test_a_delivery_that_the_contract_allows_has_no_violation(document: Any) -> None:
    assert actual(document) == (set(), set())
    assert GENERATED_VALIDATOR.is_valid(document)


@with_examples(100, nightly=1500)
@given(deliveries_beyond_limits())
def test_a_delivery_with_broken_limits_is_accepted_and_each_limit_reported(document: Any) -> None:
    structure, limits = actual(document)
    assert structure == set()
    assert limits == contract_violations(document) != set()
    assert not GENERATED_VALIDATOR.is_valid(document)


@with_examples(200, nightly=5000)
@given(mutated_deliveries())
def test_the_models_and_the_contract_find_the_same_violations(document: Any) -> None:
    structure, limits = actual(document)
    assert (structure, limits) == expected(document)
    rules = {rule for _, rule in structure | limits} - {"maxBytes"}  # JSON Schema has no such keyword
    assert GENERATED_VALIDATOR.is_valid(document) == (not rules) or has_empty_map(document)
