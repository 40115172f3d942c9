"""When two bodies say the same: the same JSON value, whatever its whitespace, member order or escapes.

Numbers compare by notation, so that 1, 1.0 and true are three things and no digit is ever lost to a double: where
this errs, a body is kept in quarantine that need not be, and never the other way round.
"""

from __future__ import annotations

import hashlib
import json

FRACTION = "\ud800"
"""Names a number's text. A lone surrogate is in no body (see parsing.decode), so no object looks the same."""


class _Fraction:
    """A number with a fraction or an exponent, as it is written; no str, which would be encoded as a string."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def canonical(body: bytes) -> str:
    """One text for all notations of a JSON value. ``body`` is what parsing.decode accepts."""
    document = json.loads(body, parse_float=_Fraction)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), default=_tagged)


def digest(body: bytes) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def same(body: bytes, other: bytes) -> bool:
    return body == other or canonical(body) == canonical(other)


def _tagged(number: _Fraction) -> dict[str, str]:
    return {FRACTION: number.text}
