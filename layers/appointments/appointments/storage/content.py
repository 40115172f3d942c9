"""Compares two bodies by content: the same JSON value in another notation (white space, member order, escapes).

Numbers compare by their notation, so 1, 1.0 and true are three values and no digit is lost to a double. Where this
is too strict, a body is kept in quarantine without need; it is never too lenient.
"""

from __future__ import annotations

import hashlib
import json

NUMBER = "\ud800"
"""The member name that marks the text of a number. No body contains a lone surrogate, so no object looks the same."""
SHORT = 18
"""Integers of at most this many digits are converted; the conversion of long ones takes quadratic time."""


class _Number:
    """A number in the notation of the sender. It is no str, because json would encode a str as a string."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def canonical(body: bytes) -> str:
    """Return one text for all notations of a JSON value. ``body`` must be what :func:`.document.decode` accepts."""
    document = json.loads(body, parse_float=_Number, parse_int=_integer)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), default=_marked)


def digest(body: bytes) -> str:
    """Return the SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def same(body: bytes, other: bytes) -> bool:
    return body == other or canonical(body) == canonical(other)


def _integer(text: str) -> int | _Number:
    return int(text) if len(text) <= SHORT else _Number(text)


def _marked(number: _Number) -> dict[str, str]:
    return {NUMBER: number.text}
