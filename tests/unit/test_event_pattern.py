"""Patterns match as EventBridge documents it, also inside arrays. What EventBridge refuses is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.eventbridge.pattern import matches
from local.eventbridge.values import PatternError

BANDS: dict[str, Any] = {
    "bands": [
        {
            "name": "The Clash",
            "members": [
                {"given": "Joe", "surname": "Strummer", "role": ["guitar", "vocals"]},
                {"given": "Mick", "surname": "Jones", "role": ["guitar", "vocals"]},
                {"given": "Topper", "surname": "Headon", "role": ["drums"]},
            ],
        },
        {
            "name": "Boris",
            "members": [
                {"given": "Wata", "role": ["guitar", "vocals"]},
                {"given": "Atsuo", "surname": "Mizuno", "role": ["drums"]},
            ],
        },
    ]
}
"""Nested arrays of objects, like the example of the engine's own documentation."""

MATCHES = {
    "a text": (["a"], "a", True),
    "another text": (["a", "b"], "c", False),
    "the case of a text": (["A"], "a", False),
    "a number": ([1], 1.0, True),
    "the text of a number": (["1"], 1, False),
    "true and a number": ([1], True, False),
    "true": ([True], True, True),
    "the text true": (["true"], True, False),
    "null": ([None], None, True),
    "null and nothing": ([None], [], False),
    "null and a text": ([None], "", False),
    "an element of an array": (["b"], ["a", "b"], True),
    "an element of an array in an array": (["b"], ["a", ["b"]], True),
    "an object where a value is asked for": (["a"], {"a": "a"}, False),
    "prefix": ([{"prefix": "ab"}], "abc", True),
    "prefix of another text": ([{"prefix": "bc"}], "abc", False),
    "prefix of a number": ([{"prefix": "1"}], 12, False),
    "an empty prefix of any text": ([{"prefix": ""}], "a", True),
    "an empty prefix of a number": ([{"prefix": ""}], 1, False),
    "prefix in any case": ([{"prefix": {"equals-ignore-case": "AB"}}], "abc", True),
    "suffix": ([{"suffix": ".png"}], "a.png", True),
    "a point in a suffix": ([{"suffix": ".png"}], "apng", False),
    "suffix in any case": ([{"suffix": {"equals-ignore-case": ".PNG"}}], "a.png", True),
    "equals-ignore-case": ([{"equals-ignore-case": "Alice"}], "aLICE", True),
    "equals-ignore-case of a longer upper case": ([{"equals-ignore-case": "straße"}], "STRASSE", True),
    "equals-ignore-case of another text": ([{"equals-ignore-case": "alice"}], "alicia", False),
    "wildcard": ([{"wildcard": "a*c"}], "abbc", True),
    "wildcard for nothing": ([{"wildcard": "a*c"}], "ac", True),
    "wildcard for a line": ([{"wildcard": "a*c"}], "a\nc", True),
    "another end of a wildcard": ([{"wildcard": "a*c"}], "abcd", False),
    "a star that is none": ([{"wildcard": r"a\*c"}], "a*c", True),
    "a text where a star is asked for": ([{"wildcard": r"a\*c"}], "abc", False),
    "a backslash": ([{"wildcard": r"a\\*"}], "a\\b", True),
    "numeric": ([{"numeric": ["=", 300]}], 3.0e2, True),
    "numeric in a range": ([{"numeric": [">", 0, "<=", 5]}], 5, True),
    "numeric out of a range": ([{"numeric": [">", 0, "<=", 5]}], 0, False),
    "numeric of the text of a number": ([{"numeric": ["=", 5]}], "5", False),
    "numeric of true": ([{"numeric": ["=", 1]}], True, False),
    "cidr": ([{"cidr": "10.0.0.0/24"}], "10.0.0.255", True),
    "cidr with bits of the host": ([{"cidr": "10.0.0.7/24"}], "10.0.0.1", True),
    "cidr of another network": ([{"cidr": "10.0.0.0/24"}], "10.0.1.0", False),
    "cidr of another version": ([{"cidr": "10.0.0.0/24"}], "::1", False),
    "cidr of a text": ([{"cidr": "10.0.0.0/24"}], "office", False),
    "exists": ([{"exists": True}], "a", True),
    "exists and is null": ([{"exists": True}], None, True),
    "exists and is empty": ([{"exists": True}], [], False),
    "exists as an object": ([{"exists": True}], {"a": 1}, False),
    "an object does not exist as a value": ([{"exists": False}], {"a": 1}, True),
    "exists although it should not": ([{"exists": False}], "a", False),
    "a value or nothing": (["a", {"exists": False}], [], True),
    "anything-but": ([{"anything-but": "a"}], "b", True),
    "anything-but the value": ([{"anything-but": "a"}], "a", False),
    "anything-but one of several": ([{"anything-but": ["a", "b"]}], "b", False),
    "anything-but a number": ([{"anything-but": [1, 2]}], 3, True),
    "anything-but a text, of null": ([{"anything-but": "a"}], None, True),
    "anything-but a text, of nothing": ([{"anything-but": "a"}], [], False),
    "anything-but a text, of an array with others": ([{"anything-but": "a"}], ["a", "b"], True),
    "anything-but a prefix": ([{"anything-but": {"prefix": "a"}}], "ba", True),
    "anything-but one of several prefixes": ([{"anything-but": {"prefix": ["a", "b"]}}], "ba", False),
    "anything-but a suffix": ([{"anything-but": {"suffix": "a"}}], "ba", False),
    "anything-but a wildcard": ([{"anything-but": {"wildcard": "*/lib/*"}}], "a/lib/b", False),
    "anything-but in any case": ([{"anything-but": {"equals-ignore-case": ["A", "B"]}}], "b", False),
}
"""Values of a pattern, a value of an event, and whether they match."""

REFUSED: dict[str, Any] = {
    "no JSON": "{",
    "no object": [],
    "an empty object": {"a": {}},
    "an empty array": {"a": []},
    "a value that is not in an array": {"a": "b"},
    "an array in an array": {"a": [["b"]]},
    "an unknown test": {"a": [{"starts-with": "b"}]},
    "a test without a name": {"a": [{}]},
    "two tests in one object": {"a": [{"prefix": "b", "suffix": "c"}]},
    "a prefix that is a number": {"a": [{"prefix": 1}]},
    "exists that is a number": {"a": [{"exists": 0}]},
    "two stars": {"a": [{"wildcard": "a**"}]},
    "a backslash before a letter": {"a": [{"wildcard": r"\a"}]},
    "a backslash at the end": {"a": [{"wildcard": "a\\"}]},
    "an unknown comparison": {"a": [{"numeric": ["!=", 1]}]},
    "a comparison without a number": {"a": [{"numeric": ["="]}]},
    "a comparison with a text": {"a": [{"numeric": ["=", "1"]}]},
    "a range from its upper bound": {"a": [{"numeric": ["<", 5, ">", 0]}]},
    "an empty range": {"a": [{"numeric": [">", 5, "<", 5]}]},
    "an address without bits": {"a": [{"cidr": "10.0.0.1"}]},
    "too many bits": {"a": [{"cidr": "10.0.0.1/32"}]},
    "anything-but null": {"a": [{"anything-but": [None]}]},
    "anything-but texts and numbers": {"a": [{"anything-but": ["a", 1]}]},
    "anything-but nothing": {"a": [{"anything-but": []}]},
    "anything-but an empty prefix": {"a": [{"anything-but": {"prefix": ""}}]},
    "anything-but a comparison": {"a": [{"anything-but": {"numeric": ["=", 1]}}]},
    "$or of one": {"$or": [{"a": ["b"]}]},
    "$or of no array": {"$or": {"a": ["b"]}},
    "too many combinations": {
        name: {"$or": [{"a": [str(number)]} for number in range(11)]} for name in ("a", "b", "c")
    },
}


@pytest.mark.parametrize(("values", "value", "expected"), MATCHES.values(), ids=MATCHES.keys())
def test_a_value_matches_as_eventbridge_documents_it(values: list[Any], value: Any, *, expected: bool) -> None:
    assert matches({"detail": {"member": values}}, {"detail": {"member": value}}) is expected


@pytest.mark.parametrize(("values", "expected"), [(["a"], False), ([None], False), ([{"exists": False}], True)])
def test_a_member_that_is_missing_matches_only_its_absence(values: list[Any], *, expected: bool) -> None:
    events: list[dict[str, Any]] = [{}, {"detail": None}, {"detail": "a"}, {"detail": {}}, {"detail": []}]
    for event in events:
        assert matches({"detail": {"member": values}}, event) is expected


def test_every_member_of_a_pattern_must_match() -> None:
    event = {"source": "s", "detail": {"a": 1, "b": {"c": 2}}}
    assert matches({"source": ["s"], "detail": {"a": [1], "b": {"c": [2]}}}, event)
    assert not matches({"source": ["s"], "detail": {"a": [1], "b": {"c": [3]}}}, event)
    assert not matches({"source": ["t"], "detail": {"a": [1]}}, event)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"name": ["The Clash"], "members": {"surname": ["Strummer"]}}, True),
        ({"name": ["Boris"], "members": {"surname": ["Strummer"]}}, False),
        ({"members": {"given": ["Mick"], "surname": ["Strummer"]}}, False),
        ({"members": {"given": ["Wata"], "role": ["drums"]}}, False),
        ({"members": {"given": ["Atsuo"], "role": ["drums"]}}, True),
        ({"members": {"given": ["Wata"], "surname": [{"exists": False}]}}, True),
        ({"members": {"given": ["Joe"], "surname": [{"exists": False}]}}, False),
        ({"members": {"role": [{"anything-but": ["guitar", "vocals", "drums"]}]}}, False),
    ],
)
def test_members_of_one_array_match_in_one_element(pattern: dict[str, Any], *, expected: bool) -> None:
    assert matches({"bands": pattern}, BANDS) is expected


def test_a_member_is_absent_only_if_no_element_that_can_still_match_has_it() -> None:
    """The engine tries paths in the order of their names: ``a`` comes before an element is chosen by ``b``."""
    event: dict[str, Any] = {"x": [{"b": 1}, {"a": 1, "b": 2}]}
    assert not matches({"x": {"a": [{"exists": False}], "b": [1]}}, event)
    assert matches({"x": {"b": [1], "c": [{"exists": False}]}}, event)
    assert matches({"x": {"a": [1], "b": [2]}}, event)
    assert matches({"x": {"b": [1], "z": [{"exists": False}]}}, {"x": [{"b": 1}, {"b": 2, "z": 1}]})


def test_one_branch_of_or_must_match_beside_the_other_members() -> None:
    pattern = {"a": [1], "$or": [{"b": [2]}, {"c": {"d": [3]}}]}
    assert matches(pattern, {"a": 1, "b": 2})
    assert matches(pattern, {"a": 1, "c": {"d": 3}})
    assert not matches(pattern, {"a": 1, "c": {"d": 4}})
    assert not matches(pattern, {"a": 2, "b": 2})


def test_the_later_of_two_conditions_for_a_member_replaces_the_earlier() -> None:
    assert matches('{"a": ["1"], "$or": [{"a": ["2"]}, {"b": ["3"]}]}', {"a": "2"})
    assert not matches('{"$or": [{"a": ["2"]}, {"b": ["3"]}], "a": ["1"]}', {"a": "2"})


def test_a_point_in_a_name_is_a_path() -> None:
    assert matches({"detail.a": [1]}, {"detail": {"a": 1}})


@pytest.mark.parametrize("pattern", REFUSED.values(), ids=REFUSED.keys())
def test_a_pattern_that_eventbridge_refuses_is_refused(pattern: Any) -> None:
    with pytest.raises(PatternError):
        matches(pattern if isinstance(pattern, str) else json.dumps(pattern), {})
