"""The prepared schema has the same results and the same errors as the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from appointments.contract import document as document_module
from appointments.contract import validation
from appointments.contract.document import decode
from appointments.contract.models import Envelope
from appointments.contract.prepared import PYDANTIC, PreparedEnvelope
from appointments.errors import MalformedBodyError
from generate import core_schema
from tests.builders import body, delivery

MODELS: TypeAdapter[Any] = TypeAdapter(Envelope)
PREPARED: TypeAdapter[Any] = TypeAdapter(PreparedEnvelope)
ANYTHING = st.sampled_from([None, True, 0, -1, 1.5, "", "x", "2026-03-02T09:00:00Z", [], ["x"], {}, {"id": 1}])


def test_the_prepared_schema_is_used_only_with_the_pydantic_release_that_it_was_generated_with() -> None:
    assert pydantic.VERSION == PYDANTIC, "the prepared schema is from another release of pydantic: run make generate"
    assert validation.MODEL is PreparedEnvelope
    assert validation.model_for("0.0") is Envelope


def parsed(adapter: TypeAdapter[Any], document: Any) -> Any:
    try:
        return adapter.validate_python(document)
    except ValidationError as error:
        return error.errors(include_url=False)


def places(document: Any, route: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield route
    members = (
        document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else ())
    )
    for name, value in members:
        yield from places(value, (*route, name))


FULL = json.loads((core_schema.PATH.parents[4] / "events" / "deliveries" / "reschedule.json").read_text("utf-8"))
PLACES = [route for route in places(FULL) if route]


@given(st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING | st.just(...)), max_size=4))
@settings(deadline=None)
def test_the_prepared_schema_and_the_models_have_the_same_result_for_any_change(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    document = json.loads(json.dumps(FULL))
    for route, value in changes:
        _change(document, route, value)
    prepared, models = parsed(PREPARED, document), parsed(MODELS, document)
    assert prepared == models
    assert type(prepared) is type(models)


def _change(document: Any, route: tuple[Any, ...], value: Any) -> None:
    """Set or delete the member. Does nothing if an earlier change has removed its parent."""
    try:
        for step in route[:-1]:
            document = document[step]
        if value is ...:
            del document[route[-1]]
        else:
            document[route[-1]] = value
    except (KeyError, IndexError, TypeError):
        return


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
