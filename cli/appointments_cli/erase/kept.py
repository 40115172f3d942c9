"""What the places of a stack keep, for a search through all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from appointments_cli.erase import documents, redaction
from appointments_cli.erase.journal import Journal
from appointments_cli.export.person import find, paths
from appointments_cli.screen import Record

REDACT, DELETE = "redact", "delete"
CURRENT, EVENT, BACKLOG, BODY, QUARANTINE = "current", "event", "backlog", "body", "quarantine"
PLACES = (CURRENT, EVENT, BACKLOG, BODY, QUARANTINE)
"""The places, in the order in which a person is taken out of them: an object goes after the item that refers to it."""


NOUNS = {
    CURRENT: "current item",
    EVENT: "event",
    BACKLOG: "given-up message",
    BODY: "object version",
    QUARANTINE: "quarantined object",
}
CERTAIN = 5
"""An id of at least this length in a text that is not JSON is the customer's."""


class Kept(NamedTuple):
    """One body that is kept, decompressed. ``identity`` tells it from all others, and ``ids`` name it for a person."""

    place: str
    identity: str
    ids: Record
    body: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """A kept body that names the customer, and what is done with it: REDACT or DELETE."""

    place: str
    identity: str
    ids: Record
    action: str

    @classmethod
    def of(cls, kept: Kept, action: str) -> Found:
        return cls(kept.place, kept.identity, kept.ids, action)


class Place(Protocol):
    """A place that keeps bodies; ``names`` are what :class:`Kept` calls it."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def missed(self) -> Sequence[str]:
        """A sentence for each part that the last search could not read."""
        ...

    @property
    def held_by_others(self) -> int:
        """About how many bodies the last search could not see, because somebody holds them for seconds."""
        ...

    def kept(self) -> Iterator[Kept]:
        """Yield everything that the place keeps."""
        ...

    def naming(self, customer: str, kept: Kept) -> Found | None:
        """Return what is to be done with a kept body; None if it does not name the customer."""
        ...

    def erase(self, customer: str, found: Sequence[Found], journal: Journal) -> Iterator[Found]:
        """Take the customer out, and yield each that is done. The journal has the values before they go."""
        ...


def is_named(body: bytes, customer: str) -> bool | None:
    """Whether a body names the customer; None if it does in a text that is not JSON, and so can only be deleted."""
    found = find(body, customer)
    if found is None:
        return False
    return True if found.text is None else None if _is_certain(found.text, customer) else False


def is_doubtful(body: bytes, customer: str) -> bool:
    """Whether a text that is not JSON has the id, but may mean something else by it."""
    found = find(body, customer)
    return found is not None and found.text is not None and not _is_certain(found.text, customer)


def _is_certain(text: str, customer: str) -> bool:
    """Whether a text that has the id means the customer: the id is long, or stands behind the word customer."""
    near = rf"customer(?:_?id)?\W{{1,9}}(?:id\W{{1,9}})?{re.escape(customer)}(?![\w-])"
    return len(customer) >= CERTAIN or re.search(near, text, re.IGNORECASE) is not None


def redact(body: bytes, customer: str) -> tuple[bytes, frozenset[str]] | None:
    """Return a body without the customer, and the values taken out; None for a body that does not name the customer."""
    document: Any = documents.decode(body)
    if next(paths(document, customer), None) is None:
        return None
    redacted = redaction.redact(document, customer)
    return documents.encode(redacted.document), redacted.values
