"""A body as a JSON document: decoded strictly, within bounds, with nothing lost."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from typing import Any

from pydantic_core import from_json, to_json

from appointments.contract.violations import Violation
from appointments.errors import ContractError, MalformedBodyError

VALUES = 30_000
"""A body of more JSON values is refused before it is built. Six megabytes of small values take more memory and time
than the function has, and a function that is killed keeps nothing (docs/decisions/0020). A usual body has 400."""
_BLOCK = 65_536
"""The bytes that are split into strings at a time, so that a body of too many values is refused after a few blocks."""


def decode(body: bytes) -> Any:
    """Decode one JSON value from UTF-8 bytes: no NaN or Infinity, no lone surrogate, no name twice in an object, at
    most 200 levels. A byte order mark at the begin is skipped.

    Raises MalformedBodyError with line and column but without content, and ContractError for too many values.
    """
    body = body.removeprefix(BOM_UTF8)
    if len(body) > 2 * VALUES and _exceeds_values(body):  # a value takes at least two bytes
        raise ContractError((Violation("$", "maxValues", str(VALUES)),), 1)
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        reason = str(error)
    else:
        return document if _has_unique_names(body, document) else _decode_checking_names(body)
    raise MalformedBodyError(f"the body is not JSON: {reason}")


def _exceeds_values(body: bytes) -> bool:
    """Return whether the body may have too many values. Commas and brackets bound their number from above: every value
    but the first follows one. The second, slower count leaves out those inside strings.
    """
    return 1 + _separators(body) > VALUES and _exceeds_values_outside_strings(body)


def _exceeds_values_outside_strings(body: bytes) -> bool:
    text = body.replace(b"\\\\", b"").replace(b'\\"', b"")  # every quote that is left begins or ends a string
    bound, inside = 1, False
    for begin in range(0, len(text), _BLOCK):
        pieces = text[begin : begin + _BLOCK].split(b'"')
        bound += _separators(b"".join(pieces[inside::2]))
        if bound > VALUES:
            return True
        inside ^= len(pieces) % 2 == 0
    return False


def _separators(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _has_unique_names(body: bytes, document: Any) -> bool:
    """Return whether no object has a name twice. False means: check exactly, which takes four times as long.

    A dropped member takes its colon with it. Encoded again, no other text gains a colon but an escaped one.
    """
    return b"\\u003" not in body and body.count(b":") == to_json(document).count(b":")


def _decode_checking_names(body: bytes) -> Any:
    return json.loads(body, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedBodyError("the body is not JSON: an object has the same name twice")
    return members
