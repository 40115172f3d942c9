"""Decodes and encodes bodies without changing a number, and splits them into the texts that a search compares."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from appointments_cli.export.person import unique

NUMBER = "\ud800"
"""Begins the text of a number that a float or a short integer could not keep. No accepted body has a lone surrogate."""
SHORT = 18
"""Integers of at most this many digits are decoded: ids are compared as numbers and as texts."""
_WRITTEN = re.compile(f'"{NUMBER}([^"]*)"')
_ESCAPED = re.compile(r'"\\ud800([-+.0-9A-Za-z]*)"')
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WORD = re.compile(r"[\w.@+-]+")
_RUN = re.compile(r"[^\s\"'<>(),;\\]+")


def decode(body: bytes) -> Any:
    """Decode a JSON document. Raises ValueError or RecursionError, also for a name that is in an object twice."""
    return json.loads(body, object_pairs_hook=unique, parse_float=_number, parse_int=_integer, parse_constant=_number)


def encode(document: Any) -> bytes:
    """Encode a document of :func:`decode` in UTF-8, with each number in the notation that it had."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        return _WRITTEN.sub(r"\1", text).encode()
    except UnicodeEncodeError:  # a lone surrogate, which only a refused body can have
        return _ESCAPED.sub(r"\1", json.dumps(document, separators=(",", ":"))).encode()


def leaves(value: Any, path: str = "$") -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each text and each number of a document."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, f"{path}.{name}")
    elif isinstance(value, list):
        for number, element in enumerate(value):
            yield from leaves(element, f"{path}[{number}]")
    elif isinstance(value, str):
        yield path, value.removeprefix(NUMBER)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, str(value)


def strings(text: str) -> Iterator[str]:
    """Yield what a text that is not JSON has between quotation marks."""
    for found in _STRING.finditer(text):
        try:
            yield json.loads(found[0], strict=False)
        except ValueError:
            yield found[1]


def words(text: str) -> set[str]:
    """Return the parts of a text in which a token, a URL or an address can stand."""
    return {*_WORD.findall(text), *_RUN.findall(text)}


def _number(literal: str) -> str:
    return NUMBER + literal


def _integer(literal: str) -> int | str:
    return int(literal) if len(literal) <= SHORT and literal != "-0" else NUMBER + literal
