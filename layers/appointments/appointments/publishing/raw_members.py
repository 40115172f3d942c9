"""Decodes a body together with the original text of its members.

The messages contain the sender's own JSON text, so that unknown members, number notations and member order arrive as
they were sent. msgspec.Raw does the same a quarter faster, but its import takes 19 ms of the publisher's start
(docs/decisions/0022).
"""

from __future__ import annotations

import json
from typing import Any

_decoder = json.JSONDecoder()


def decode(body: str, into: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the document, and the text of each member of the object under the name ``into``.

    Raises ValueError or IndexError for a body that is no object with such a member.
    """
    texts: dict[str, str] = {}
    document, end = _object(body, skip(body, 0), texts, into)
    if body[end:].strip(" \t\r\n"):
        raise ValueError("the document is followed by other text")
    return document, texts


def members(text: str) -> dict[str, str]:
    """Return the text of each member of a JSON object; of the last one if a name comes twice."""
    texts: dict[str, str] = {}
    _object(text, skip(text, 0), texts, None)
    return texts


def _object(text: str, position: int, texts: dict[str, str], into: str | None) -> tuple[dict[str, Any], int]:
    """The object that begins at ``position``, and where it ends. The texts are those of the members of ``into``, or of
    this object's members when ``into`` is None.
    """
    members: dict[str, Any] = {}
    position = skip(text, _after("{", text, position))
    while text[position] != "}":
        if members:
            position = skip(text, _after(",", text, position))
        name, position = _decoder.raw_decode(text, position)
        begin = skip(text, _after(":", text, skip(text, position)))
        if name == into:
            members[name], position = _object(text, begin, texts, None)
        else:
            members[name], position = _decoder.raw_decode(text, begin)
        if into is None:
            texts[name] = text[begin:position]
        position = skip(text, position)
    return members, position + 1


def _after(mark: str, text: str, position: int) -> int:
    if text[position] != mark:
        raise ValueError(f"expected {mark}")
    return position + 1


def skip(text: str, position: int) -> int:
    """Return the position behind the white space at ``position``."""
    while text[position] in " \t\r\n":
        position += 1
    return position
