"""When two bodies say the same."""

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


def otherwise_written(value: Any, seed: int) -> bytes:
    """The same value with its members in another order, other whitespace and other escapes."""
    rng = random.Random(seed)
    indent, ascii_only = rng.choice([None, 0, 3]), rng.random() < 0.5
    return json.dumps(_shuffled(value, rng), ensure_ascii=ascii_only, indent=indent).encode()


def _shuffled(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict):
        names = rng.sample(list(value), len(value))
        return {name: _shuffled(value[name], rng) for name in names}
    return [_shuffled(element, rng) for element in value] if isinstance(value, list) else value


def typed(value: Any) -> Any:
    """A value that is equal to another only if JSON says so: Python holds True, 1 and 1.0 for one."""
    match value:
        case dict():
            return {name: typed(member) for name, member in value.items()}
        case list():
            return [typed(element) for element in value]
        case _:
            return (type(value), repr(value))


@given(value=VALUES, seed=st.integers())
def test_whitespace_member_order_and_escapes_are_no_content(value: Any, seed: int) -> None:
    one, other = json.dumps(value).encode(), otherwise_written(value, seed)
    assert same(one, other)
    assert digest(one) == digest(other)


@given(one=VALUES, other=VALUES)
def test_two_values_are_the_same_content_only_if_they_are_equal(one: Any, other: Any) -> None:
    texts = json.dumps(one).encode(), json.dumps(other).encode()
    assert same(*texts) is (typed(one) == typed(other))
    assert (digest(texts[0]) == digest(texts[1])) is same(*texts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"),
        ("1", "true"),
        ("1.0", "true"),
        ("0", "false"),
        ("null", "false"),
        ('"1"', "1"),
        ("1e400", "2e400"),  # both infinite to a double
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
def test_what_is_not_the_same_value_is_not_the_same_content(one: str, other: str) -> None:
    assert not same(one.encode(), other.encode())


def test_no_body_can_pass_a_text_for_a_number() -> None:
    forged = canonical(b"1.5")
    assert json.loads(forged) == {"\ud800": "1.5"}
    with pytest.raises(Exception, match="not JSON"):
        decode(forged.encode())


def test_nothing_that_the_parser_lets_through_is_too_deep_or_too_long() -> None:
    deep = b"[" * 199 + b"1" * 4300 + b"]" * 199
    decode(deep)
    assert same(deep, b" " + deep)
