"""Searches bodies for the values of an erasure, by their keyed digests."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from appointments_cli.erase import documents
from appointments_cli.erase.journal import CUSTOMER, VALUE, Journal
from appointments_cli.erase.redaction import CAPABILITIES, is_searchable, is_strong
from appointments_cli.export.person import customers

COMMON = frozenset({"videoUrl", "videoTestUrl"})
"""All participants of a call can have the same URL."""


OWN, STRONG, WEAK = "own", "strong", "weak"
"""A value that nobody else can have where it stands; one that a relative can have, such as a phone number; and one that
many have, such as a name or a city."""


class Hit(NamedTuple):
    """A value in a body: where, its digest, and what it tells: OWN, STRONG or WEAK."""

    path: str
    digest: bytes
    kind: str


class Search:
    """The values of an erasure that others do not have."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._values = frozenset(journal.values - journal.shared)
        self._known = lru_cache(100_000)(self._find)

    @property
    def count(self) -> int:
        return len(self._values)

    def hits(self, body: bytes) -> Iterator[Hit]:
        """Yield the values that a body has."""
        try:
            document = documents.decode(body)
        except (ValueError, RecursionError):
            yield from self._in_text(body.decode("utf-8", "backslashreplace"))
            return
        for path, identity in customers(document):
            if (digest := self._known(CUSTOMER, identity)) is not None:
                yield Hit(path, digest, OWN)
        for path, text in documents.leaves(document):
            yield from self._in_leaf(path, text)

    def _in_leaf(self, path: str, text: str) -> Iterator[Hit]:
        if is_searchable(text) and (digest := self._known(VALUE, text)) is not None:
            is_own = path.rpartition(".")[2] in CAPABILITIES - COMMON
            yield Hit(path, digest, OWN if is_own else STRONG if is_strong(text) else WEAK)
        yield from self._in_words(path, text)

    def _in_words(self, path: str, text: str) -> Iterator[Hit]:
        for word in documents.words(text):
            if word != text and is_strong(word) and (digest := self._known(VALUE, word)) is not None:
                yield Hit(path, digest, OWN)

    def _in_text(self, text: str) -> Iterator[Hit]:
        """A text that is not JSON cannot be attributed to somebody else, so only a distinctive value counts."""
        for string in documents.strings(text):
            if is_strong(string) and (digest := self._known(VALUE, string)) is not None:
                yield Hit("(text)", digest, OWN)
        yield from self._in_words("(text)", text)

    def _find(self, kind: str, text: str) -> bytes | None:
        digest = self._journal.digest(kind, text)
        return digest if digest in self._values else None
