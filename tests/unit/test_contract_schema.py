"""The models, the JSON Schema made from them and the contract's own schema say the same, rule by rule and body by body.

The contract's schema is the judge. Both schemas are read into one tree of places (:class:`Place`), which is compared
whole and from which deliveries are generated.
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
    ): r"C19: the same texts; [0-9] because Python's \d matches the digits of every script, groups to read them by",
}
"""The differences that are meant, as (keyword, the contract's value, the models' value), and why."""


# --- one tree out of either schema


@dataclass(frozen=True, eq=False)
class Place:
    """A place in a delivery: the rules that hold there, however a schema spells them, and the places below.

    A step down is ``.member``, ``[]`` for the elements of an array, or ``(VALUE)`` for the variant that the
    discriminator's value selects.
    """

    rules: Rules
    below: dict[str, Place]


NO_RULES = {"$schema", "$id", "$comment", "$defs", "title", "description", "discriminator", "then", "else"}
TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})


@dataclass(frozen=True)
class Reader:
    """Reads a schema; a keyword it does not know is an error, so that no rule is passed over."""

    root: Rules

    def place(self, node: Rules, given: dict[str, str] | None = None) -> Place:
        rules = self.merged(node, given or {})
        members = rules.pop("properties", {})
        if name := rules.pop("discriminator", None):
            variants = {value: self._variant(node, name, value) for value in self._values(members[name])}
            if (same := _same(list(variants.values()), f".{name}")) is not None:
                return Place({**same.rules, "type": rules["type"]}, same.below)
            return Place({"type": rules["type"]}, {f"({value})": variant for value, variant in variants.items()})
        below = {f".{member}": self.place(rule) for member, rule in members.items()}
        if elements := rules.pop("items", None):
            below["[]"] = self.place(elements)
        return Place(rules, below)

    def merged(self, node: Rules, given: dict[str, str]) -> Rules:
        """All that holds at once; ``given`` is the value of the discriminator, where it is known."""
        parts = (self._part(keyword, node, given) for keyword in node if not keyword.startswith("x-"))
        return reduce(_both, parts, {"type": TYPES})

    def _variant(self, node: Rules, name: str, value: str) -> Place:
        return self.place({"type": "object", "allOf": [node, {"properties": {name: {"const": value}}}]}, {name: value})

    def _values(self, node: Rules) -> list[str]:
        return sorted(self.merged(node, {})["enum"])

    def _part(self, keyword: str, node: Rules, given: dict[str, str]) -> Rules:
        value = node[keyword]
        match keyword:
            case "$ref":
                return self.merged(self.root["$defs"][value.removeprefix("#/$defs/")], given)
            case "allOf":
                return reduce(_both, [self.merged(part, given) for part in value])
            case "anyOf":
                return reduce(_either, [self.merged(part, given) for part in value])
            case "oneOf":
                return self._one_of(value, node["discriminator"]["propertyName"], given)
            case "if":
                return self._conditional(node, given)
        return _rule(keyword, value)

    def _one_of(self, branches: list[Rules], name: str, given: dict[str, str]) -> Rules:
        merged = [self.merged(branch, {}) for branch in branches]
        values = [self._values(branch["properties"][name]) for branch in merged]
        if name not in given:
            tags = {name: {"enum": [value for group in values for value in group]}}
            return {"type": frozenset({"object"}), "discriminator": name, "properties": tags}
        (chosen,) = [branch for branch, group in zip(merged, values, strict=True) if given[name] in group]
        return chosen

    def _conditional(self, node: Rules, given: dict[str, str]) -> Rules:
        ((name, rule),) = node["if"]["properties"].items()
        if name not in given:
            return {"discriminator": name}
        return self.merged(node.get("then" if given[name] in self._values(rule) else "else", {}), given)


def _same(variants: list[Place], discriminator: str) -> Place | None:
    """One place for variants that differ in nothing but the discriminator's value, which then decides nothing."""
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


def _both(some: Rules, more: Rules) -> Rules:
    combined = {**some, **more}
    for keyword in some.keys() & more.keys():
        combined[keyword] = _conjunction(keyword, some[keyword], more[keyword])
    return combined


def _conjunction(keyword: str, one: Any, other: Any) -> Any:
    match keyword:
        case "type" | "enum":
            return one & other
        case "required":
            return one | other
        case "properties":
            return {name: {"allOf": [part[name] for part in (one, other) if name in part]} for name in {**one, **other}}
    assert one == other, f"two values of {keyword} at one place"
    return one


def _either(one: Rules, other: Rules) -> Rules:
    """Alternatives of different types, so that a keyword can only mean the one it stands in."""
    assert not one["type"] & other["type"]
    assert one.keys() & other.keys() == {"type"}
    return {**one, **other, "type": one["type"] | other["type"]}


def places(place: Place, route: Route = ()) -> Iterator[tuple[Route, Place]]:
    yield route, place
    for step, below in place.below.items():
        yield from places(below, (*route, step))


TREE = Reader(CONTRACT).place(CONTRACT)
PLACES = dict(places(TREE))


# --- what is compared


def differences() -> dict[tuple[str, str], tuple[Any, Any]]:
    """Path and keyword of each rule that is not the same, with the contract's value and the models'."""
    found = {}
    models = dict(places(Reader(GENERATED).place(GENERATED)))
    for route in PLACES.keys() | models.keys():
        ours, theirs = (tree[route].rules if route in tree else {} for tree in (models, PLACES))
        for keyword in ours.keys() | theirs.keys():
            if ours.get(keyword) != theirs.get(keyword):
                found["$" + "".join(route), keyword] = (theirs.get(keyword), ours.get(keyword))
    return found


def test_the_generated_schema_is_one() -> None:
    Draft202012Validator.check_schema(GENERATED)


def test_the_models_have_every_rule_of_the_contract_and_no_other() -> None:
    unexplained = {place: pair for place, pair in differences().items() if (place[1], *pair) not in INTENDED}
    assert unexplained == {}


def test_every_intended_difference_still_exists() -> None:
    assert {(keyword, *pair) for (_, keyword), pair in differences().items()} >= INTENDED.keys()


# --- what is generated

MARK = "¤"
"""Stands in every text that is sent, so that a text which is echoed shows."""
CHARACTERS = st.characters(exclude_categories=["Cs"])


def texts(shortest: int = 0, longest: int | None = None) -> st.SearchStrategy[str]:
    rest = st.text(CHARACTERS, min_size=max(shortest - 1, 0), max_size=min(longest or 6, 6) - 1)
    at_the_bounds = [MARK * bound for bound in (shortest, longest) if bound is not None]
    return rest.map(MARK.__add__) | st.sampled_from(at_the_bounds)


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([10**400, -(10**400)])
# Also names that Python and pydantic have a use for.
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
    """All that the contract allows at a place, limits included."""
    if "enum" in place.rules:
        return st.sampled_from(sorted(place.rules["enum"]))
    return st.one_of([of_type(place, kind) for kind in sorted(place.rules["type"])])


def of_type(place: Place, kind: str) -> st.SearchStrategy[Any]:
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


def grown(draw: st.DrawFn, place: Place, route: Route) -> Any:
    """A value that reaches down to the end of the route, however deep it is, and is random beside it."""
    if not route:
        return draw(values(place))
    step, rest = route[0], route[1:]
    value = grown(draw, place.below[step], rest)
    match step[0]:
        case "(":
            return value
        case "[":
            return [value, *draw(st.lists(values(place.below[step]), max_size=1))]
    return {**draw(objects(place, without=step)), step[1:]: value}


@st.composite
def deliveries(draw: st.DrawFn) -> Any:
    """Whatever the contract allows."""
    return grown(draw, TREE, draw(st.sampled_from(list(PLACES))))


# --- what is changed in it

REMOVED = object()
Location = tuple[str | int, ...]


def replaced(draw: st.DrawFn, _value: Any) -> Any:
    return draw(JSON | st.sampled_from([None, {}, [], [None], [{}], "", MARK * 2001]))


def removed(_draw: st.DrawFn, _value: Any) -> Any:
    return REMOVED


def disguised(draw: st.DrawFn, value: Any) -> Any:
    """Nearly what it was, and what a careless parser would take it for."""
    near: list[Any] = [json.dumps(value), [value]]
    if isinstance(value, str):
        near += NO_DATE_TIMES if value[:4].isdigit() else [value.lower(), value + "\n", " " + value]
    if isinstance(value, bool | int) and abs(value) < 10**300:
        near += [int(value), float(value)]
    return draw(st.sampled_from(near))


def with_more(draw: st.DrawFn, value: Any) -> Any:
    return {**value, draw(NAMES): draw(JSON)} if isinstance(value, dict) else value


def respelt(draw: st.DrawFn, value: Any) -> Any:
    """With a member under the name that it has in Python, which is an unknown one."""
    if not value or not isinstance(value, dict):
        return value
    name = draw(st.sampled_from(sorted(value)))
    others = {key: old for key, old in value.items() if key != name}
    return {**others, re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): draw(JSON)}


def changed(value: Any, location: Location, change: Callable[[Any], Any]) -> Any:
    if not location:
        return change(value)
    first, rest = location[0], location[1:]
    below = changed(value[first], rest, change)
    pairs = [(key, below if key == first else old) for key, old in _pairs(value) if (key, below) != (first, REMOVED)]
    return dict(pairs) if isinstance(value, dict) else [element for _, element in pairs]


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def locations(value: Any, location: Location = ()) -> Iterator[Location]:
    yield location
    for key, below in _pairs(value):
        yield from locations(below, (*location, key))


def location_of(route: Route) -> Location:
    return tuple(0 if step == "[]" else step[1:] for step in route if step[0] != "(")


KINDS: dict[Any, list[Route]] = {}
"""The places of a delivery, together if they are of the same types under the same keywords."""
for _route, _place in list(PLACES.items())[1:]:
    KINDS.setdefault((_place.rules["type"], *_place.rules), []).append(_route)


@st.composite
def nearly_deliveries(draw: st.DrawFn) -> Any:
    """A delivery with a change in a place of each kind alike, and often with more of them anywhere."""
    route = draw(st.sampled_from(draw(st.sampled_from(list(KINDS.values())))))
    change = draw(st.sampled_from([replaced, removed, disguised, with_more, respelt]))
    document = changed(grown(draw, TREE, route), location_of(route), partial(change, draw))
    for change in draw(st.lists(st.sampled_from([replaced, disguised, with_more]), max_size=2)):
        document = changed(document, draw(st.sampled_from(list(locations(document)))), partial(change, draw))
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
"""Limits that are structure, because the two ids become keys (C22)."""


def limited(place: Place, value: Any, location: Location = ()) -> Iterator[tuple[Location, Rules]]:
    """Where in a delivery there is a value with a limit."""
    if isinstance(value, str | int) and place.rules.keys() & LIMITS and location not in KEY_LOCATIONS:
        yield location, place.rules
    below = dict(_pairs(value))
    for step, next_place in place.below.items():
        if step[0] == "(" and step[1:-1] in (below.get("status"), below.get("type")):
            yield from limited(next_place, value, location)
        for key in below if step == "[]" else below.keys() & {step[1:]}:
            yield from limited(next_place, below[key], (*location, key))


KEY_LOCATIONS = {("id",), ("data", "appointment", "id")}
LIMITED = [r for r, place in PLACES.items() if place.rules.keys() & LIMITS and location_of(r) not in KEY_LOCATIONS]


@st.composite
def deliveries_beyond_limits(draw: st.DrawFn) -> Any:
    """Deliveries that break nothing but limits, one or several."""
    route = draw(st.sampled_from(LIMITED))
    document = grown(draw, TREE, route)
    others = draw(st.lists(st.sampled_from([*limited(TREE, document), (location_of(route), PLACES[route].rules)])))
    for location, rules in [(location_of(route), PLACES[route].rules), *others]:
        limit = draw(st.sampled_from(sorted(rules.keys() & LIMITS)))
        document = changed(document, location, partial(beyond, limit, rules[limit]))
    return document


# --- the judge

BASES = {
    "Appointment": "AppointmentBase",
    "PreviousAppointment": "PreviousAppointmentBase",
    "Participant": "ParticipantBase",
}

Broken = set[tuple[str, str]]
formats = FormatChecker(formats=())


@formats.checks("date-time")
def _is_a_day(text: object) -> bool:
    """The form is the pattern's business; this is about the 30th of February."""
    if not isinstance(text, str):
        return True
    try:
        year, month, day = map(int, text[:10].split("-"))
        date(year or 400, month, day)  # year 0 is a leap year too
    except ValueError:
        return False
    return True


def _pattern(_judge: object, pattern: str, value: object, _node: object) -> Iterator[ValidationError]:
    """As ECMA 262 reads it: digits are ASCII's and ``$`` is the very end, not what is before a last line feed."""
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value, re.ASCII):
        yield ValidationError("pattern")


def _max_bytes(_judge: object, bound: int, value: object, _node: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and len(value.encode()) > bound:
        yield ValidationError("maxBytes")


def _judge(root: Rules) -> Draft202012Validator:
    """Like jsonschema's, but an integer is not written 1.0 (C3) and the format of a date-time is enforced (C19)."""
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    extended: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call] # the stubs leave it untyped
        Draft202012Validator, {"pattern": _pattern, "maxBytes": _max_bytes}, type_checker=types
    )
    return extended(root, format_checker=formats)


def _with_our_rules(root: Rules) -> Rules:
    """The contract with two rules more.

    What every variant asks for is asked for, and told, also where the discriminator names none of them. And an id
    fits a key of DynamoDB, 2048 bytes for a partition and 1024 for a sort key, together with its prefix (C22).
    """
    definitions = copy.deepcopy(root["$defs"])
    for switch, base in BASES.items():
        definitions[switch]["allOf"].append({"if": {"type": "object"}, "then": {"$ref": f"#/$defs/{base}"}})
    definitions["AppointmentBase"]["properties"]["id"]["maxBytes"] = 2048 - len("APPOINTMENT#")
    definitions["Envelope"]["properties"]["id"]["maxBytes"] = 1024 - len("EVENT#")
    return {**root, "$defs": definitions}


CONTRACTS_JUDGE = _judge(_with_our_rules(CONTRACT))
GENERATED_JUDGE = _judge(GENERATED)


def broken(document: Any) -> Broken:
    """Path and rule of everything that the contract's schema finds; of a wrong type and a wrong value, the type."""
    errors = [error for error in CONTRACTS_JUDGE.iter_errors(document) if not _is_empty_map(error)]
    found = {rule for error in errors for rule in _named(error)}
    mistyped = {path for path, rule in found if rule == "type"}
    return {(path, rule) for path, rule in found if rule not in ("enum", "const") or path not in mistyped}


def has_empty_map(document: Any) -> bool:
    return any(map(_is_empty_map, CONTRACTS_JUDGE.iter_errors(document)))


def _is_empty_map(error: ValidationError) -> bool:
    """``[]`` stands for an object without a required member (C7), which the contract's schema does not say."""
    schema = cast("Rules", error.schema)
    return error.validator == "type" and error.instance == [] and "properties" in schema and not schema.get("required")


def _named(error: ValidationError) -> Iterator[tuple[str, str]]:
    path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    rule = str(error.validator)
    if rule != "required":
        yield path, {"pattern": "format"}.get(rule, rule)
        return
    for name in cast("list[str]", error.validator_value):
        if name not in cast("Rules", error.instance):
            yield f"{path}.{name}", rule


def expected(document: Any) -> tuple[Broken, Broken]:
    """Broken structure, else broken limits."""
    found = broken(document)
    limits = {(path, rule) for path, rule in found if rule in LIMITS} - KEYS
    return (found - limits, set()) if found - limits else (set(), limits)


def actual(document: Any) -> tuple[Broken, Broken]:
    structure: tuple[Violation, ...] = ()
    limits: tuple[Violation, ...] = ()
    try:
        limits = parse_body(body(document), ContractMode.STRICT).violations
    except ContractError as error:
        structure = error.violations
    assert MARK not in f"{structure}{limits}"
    return _pairs_of(structure), _pairs_of(limits)


def _pairs_of(violations: tuple[Violation, ...]) -> Broken:
    return {(violation.path, violation.rule) for violation in violations}


def thorough(examples: int) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    return settings(
        deadline=None,
        max_examples=profiles.examples(examples),
        phases=set(Phase) - {Phase.explain},  # which takes minutes for a document of this size
        suppress_health_check=[HealthCheck.too_slow],
    )


@thorough(150)
@given(deliveries())
def test_all_that_the_contract_allows_is_accepted_without_a_violation(document: Any) -> None:
    assert actual(document) == (set(), set())
    assert GENERATED_JUDGE.is_valid(document)


@thorough(150)
@given(deliveries_beyond_limits())
def test_broken_limits_are_all_reported_and_the_delivery_accepted(document: Any) -> None:
    structure, limits = actual(document)
    assert structure == set()
    assert limits == broken(document) != set()
    assert not GENERATED_JUDGE.is_valid(document)


@thorough(500)
@given(nearly_deliveries())
def test_the_models_and_the_contract_find_the_same_violations(document: Any) -> None:
    structure, limits = actual(document)
    assert (structure, limits) == expected(document)
    rules = {rule for _, rule in structure | limits} - {"maxBytes"}  # no keyword of JSON Schema
    assert GENERATED_JUDGE.is_valid(document) == (not rules) or has_empty_map(document)
