"""Finds a customer in any received body: an event, a refused body, or a body that is not JSON."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from appointments.contract.members import text

MOST_BYTES = 64 * 1024 * 1024
"""A compressed body that is larger than this is not decompressed further."""
GZIP = b"\x1f\x8b"
"""How a gzip begins."""
_DECOMPRESSED = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""By content coding, the window bits of zlib."""


class Finding(NamedTuple):
    """A body that has the customer: the ``paths`` where, and the body as a JSON document.

    A body that is not JSON has no paths, and ``text`` instead of a document.
    """

    paths: list[str]
    document: Any = None
    text: str | None = None

    def as_dict(self) -> dict[str, Any]:
        if self.text is None:
            return {"paths": self.paths, "document": self.document}
        return {"problem": "not JSON, and the id is in its text", "text": self.text}


class UnreadableError(Exception):
    """A compressed body that cannot be decompressed here."""


def find(body: bytes, customer: str) -> Finding | None:
    """Return where a body has a customer: as a participant, now or before, or as creator or updater."""
    if not _can_have(body, customer):
        return None
    try:
        document = json.loads(body, object_pairs_hook=unique, parse_float=_number, parse_constant=str)
        where = list(paths(document, customer))
    except (ValueError, RecursionError):
        return _find_text(body, customer)
    return Finding(where, document) if where else None


def decompress(body: bytes, content_encoding: str) -> bytes:
    """Return a body without its content codings, such as ``gzip``. Raises UnreadableError for an unknown one.

    A gzip that no header names is undone too.
    """
    if not content_encoding and body.startswith(GZIP):
        content_encoding = "gzip"
    for coding in reversed([part.strip().lower() for part in content_encoding.split(",")]):
        if coding in ("", "identity"):
            continue
        if coding not in _DECOMPRESSED:
            raise UnreadableError(f"it is compressed with {coding}")
        try:
            decompressor = zlib.decompressobj(wbits=_DECOMPRESSED[coding])
            body = decompressor.decompress(body, MOST_BYTES)
        except zlib.error:
            raise UnreadableError(f"it is no {coding}") from None
        if not decompressor.eof:
            raise UnreadableError(f"its {coding} is cut off, or larger than {MOST_BYTES:,} bytes")
    return body


def _can_have(body: bytes, customer: str) -> bool:
    """Whether a decoded body can have the id. Most cannot, and this search is faster than decoding.

    An escape or an encoding with zero bytes, such as UTF-16, can hide the id.
    """
    return customer.encode() in body or b"\\" in body or b"\0" in body


def paths(value: Any, customer: str, path: str = "$") -> Iterator[str]:
    """Yield where a decoded document names a customer by the id."""
    return (where for where, identity in customers(value, path) if identity == customer)


def customers(value: Any, path: str = "$") -> Iterator[tuple[str, str]]:
    """Yield each place of a decoded document that names a customer, and the id there."""
    if isinstance(value, list):
        for number, element in enumerate(value):
            yield from customers(element, f"{path}[{number}]")
    elif isinstance(value, dict):
        for name, member in value.items():
            here = f"{path}.{name}"
            if (identity := named(value, name)) is not None:
                yield here, identity
            yield from customers(member, here)


def named(owner: dict[str, Any], name: str) -> str | None:
    """Return the id of the customer that a member of an object names; None if it names none."""
    value = owner[name]
    if name in ("createdById", "updatedById"):
        return text(value) if owner.get(f"{name.removesuffix('Id')}Type") == "CUSTOMER" else None
    if name == "customerId":
        return text(value)
    if name == "customer" or (name in ("participant", "id") and owner.get("type") == "CUSTOMER"):
        return text(value.get("id") if isinstance(value, dict) else value)
    return None


def _find_text(body: bytes, customer: str) -> Finding | None:
    content = body.decode("utf-8", "backslashreplace")
    found = re.search(rf"(?<![\w.-]){re.escape(customer)}(?![\w-])", content)
    return Finding([], text=content) if found else None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that is in an object twice: the first value would be lost, and the text has both."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has a name twice")
    return members


def _number(literal: str) -> float | str:
    """A number that is too large for a float stays a text: Infinity is no JSON."""
    value = float(literal)
    return value if math.isfinite(value) else literal
