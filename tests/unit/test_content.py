"""The comparison of the content of two bodies."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.contract.document import decode
from appointments.storage.content import canonical, digest, same

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))


def rewrite(value: Any, seed: int) -> bytes:
    """Encode the value with another order of members, other whitespace and other escapes."""
    rng = random.Random(seed)
    indent, ascii_only = rng.choice([None, 0, 3]), rng.random() < 0.5
    return json.dumps(_shuffled(value, rng), ensure_ascii=ascii_only, indent=indent).encode()


def _shuffled(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict):
        names = rng.sample(list(value), len(value))
        return {name: _shuffled(value[name], rng) for name in names}
    return [_shuffled(element, rng) for element in value] if isinstance(value, list) else value


def typed(value: Any) -> Any:
    """Add types to a value, so that it equals another only if both are equal JSON. In Python, True == 1 == 1.0."""
    match value:
        case dict():
            return {name: typed(member) for name, member in value.items()}
        case list():
            return [typed(element) for element in value]
        case _:
            return (type(value), repr(value))


@given(value=VALUES, seed=st.integers())
def test_whitespace_member_order_and_escapes_do_not_change_the_content(value: Any, seed: int) -> None:
    first, second = json.dumps(value).encode(), rewrite(value, seed)
    assert same(first, second)
    assert digest(first) == digest(second)


@given(first=VALUES, second=VALUES)
def test_two_values_are_the_same_content_only_if_they_are_equal(first: Any, second: Any) -> None:
    texts = json.dumps(first).encode(), json.dumps(second).encode()
    assert same(*texts) is (typed(first) == typed(second))
    assert (digest(texts[0]) == digest(texts[1])) is same(*texts)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1", "1.0"),
        ("1", "true"),
        ("1.0", "true"),
        ("0", "false"),
        ("null", "false"),
        ('"1"', "1"),
        ("1e400", "2e400"),  # both are infinite as a double
        ("0.1", "0.1000000000000000055511151231257827"),
        ("123456789012345678901234567890", "123456789012345678901234567891"),
        ("1.5", '{"":"1.5"}'),
        ("1.5", '"1.5"'),
        ("[1,2]", "[2,1]"),
        ('{"a":null}', "{}"),
        ('"a"', '"a "'),
        ('"é"', '"e\u0301"'),
    ],
)
def test_different_values_are_different_content(first: str, second: str) -> None:
    assert not same(first.encode(), second.encode())


def test_no_valid_body_has_the_canonical_form_of_a_number() -> None:
    forged = canonical(b"1.5")
    assert json.loads(forged) == {"\ud800": "1.5"}
    with pytest.raises(Exception, match="not JSON"):
        decode(forged.encode())


def test_the_deepest_and_longest_json_of_the_parser_can_be_compared() -> None:
    deep = b"[" * 199 + b"1" * 4300 + b"]" * 199
    decode(deep)
    assert same(deep, b" " + deep)
