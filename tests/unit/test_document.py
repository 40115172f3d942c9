"""A body is decoded as by the json module, except that a duplicate name is an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.contract import document as document_module
from appointments.contract.document import decode
from appointments.errors import MalformedBodyError
from tests.builders import body, delivery
from tests.project import ROOT

FULL = json.loads((ROOT / "events" / "deliveries" / "reschedule.json").read_text("utf-8"))
# --- decoding a document


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(['a":', '\\":', "a"]), inner),
)
SPACES = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:\r\n"), (",", " : ")])


def no_surrogate(document: Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@given(JSON.filter(no_surrogate), SPACES, st.booleans())
def test_a_document_is_decoded_as_by_the_json_module(document: Any, separators: tuple[str, str], escaped: bool) -> None:
    text = json.dumps(document, separators=separators, ensure_ascii=escaped).encode()
    assert repr(decode(text)) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":1,"\\u0061":2}',
        '{"a" :1,"a"\n:2}',
        '[{"b":{"a":1,"c":"x","a":1}}]',
        '{"a":"\\":","a":""}',
        '{"a":1,"a":"\\u003a"}',
        '{"a":1,"a":"\\u003A"}',
        '{"a":["\\":","\\" :"],"b":1,"b":2}',
    ],
)
def test_a_duplicate_name_is_found_in_any_notation(text: str) -> None:
    with pytest.raises(MalformedBodyError, match="same name twice"):
        decode(text.encode())


@given(JSON.filter(no_surrogate), st.sampled_from(["a", 'a":', "é", ""]), SPACES)
def test_a_duplicate_name_is_found_beside_any_other_members(
    document: Any, name: str, separators: tuple[str, str]
) -> None:
    comma, colon = separators
    member = json.dumps(name) + colon + json.dumps(document, separators=separators)
    with pytest.raises(MalformedBodyError, match="same name twice"):
        decode(("[{" + member + comma + member + "}]").encode())


def test_a_typical_body_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "_decode_checking_names", lambda _: pytest.fail("decoded twice"))
    for spaces in ((",", ":"), (", ", ": ")):
        assert decode(json.dumps(delivery(), separators=spaces).encode())["id"]
    assert decode(body(FULL)) == FULL
