"""Finds a customer in all places, takes the customer out, and searches again until nothing is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from appointments_cli.erase.journal import Journal
from appointments_cli.erase.kept import PLACES, Found, Kept, Place
from appointments_cli.erase.search import OWN, STRONG, Hit, Search
from appointments_cli.screen import Record

MOST_FOUND = 1000
"""A search counts at most this many places of values of a kind."""
SIMILAR = 2
"""A body with this many common values of the customer is worth a look."""


class Sighting(NamedTuple):
    """A value that is still in a body."""

    place: str
    ids: Record
    path: str

    def as_dict(self) -> Record:
        return {"place": self.place, **self.ids, "path": self.path}


class Survey:
    """One reading of everything that the places keep.

    ``found`` names the customer by the id. A search sorts what it finds: ``sightings`` are values that can only be the
    customer's. ``alike`` are those that a relative can have, or the same person under another id. ``similar`` are
    bodies with several common values, such as a name and a city. ``shared`` are the digests of ``alike`` and
    ``similar``, and of single common values.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self.found: list[Found] = []
        self.sightings: list[Sighting] = []
        self.alike: list[Sighting] = []
        self.similar: list[Sighting] = []
        self.shared: set[bytes] = set()
        self.searched: Counter[str] = Counter()

    @property
    def missed(self) -> list[str]:
        return [sentence for place in self._places for sentence in place.missed]

    @property
    def held_by_others(self) -> int:
        return sum(place.held_by_others for place in self._places)

    def read(self, customer: str | None, search: Search | None) -> Survey:
        for place in self._places:
            for kept in place.kept():
                self.searched[kept.place] += 1
                named = place.naming(customer, kept) if customer is not None else None
                if named is not None:
                    self.found.append(named)
                elif search is not None:
                    self._compare(kept, search.hits(kept.body))
        return self

    def _compare(self, kept: Kept, hits: Iterator[Hit]) -> None:
        common: dict[bytes, Hit] = {}
        for hit in hits:
            if hit.kind == OWN:
                self._add(self.sightings, kept, hit)
                continue
            self.shared.add(hit.digest)
            if hit.kind == STRONG:
                self._add(self.alike, kept, hit)
            else:
                common.setdefault(hit.digest, hit)
        if len(common) >= SIMILAR:
            self._add(self.similar, kept, next(iter(common.values())))

    @staticmethod
    def _add(seen: list[Sighting], kept: Kept, hit: Hit) -> None:
        sighting = Sighting(kept.place, kept.ids, hit.path)
        if len(seen) < MOST_FOUND and sighting not in seen[-1:]:
            seen.append(sighting)


def erase(
    places: Sequence[Place], customer: str, found: Iterable[Found], journal: Journal, done: Callable[[Found], None]
) -> None:
    """Take the customer out of what was found, place by place; ``done`` gets each."""
    by_place: dict[str, list[Found]] = {}
    for each in found:
        by_place.setdefault(each.place, []).append(each)
    for place in places:
        for each in place.erase(customer, [one for name in place.names for one in by_place.get(name, ())], journal):
            done(each)


def first(found: Sequence[Found], limit: int) -> list[Found]:
    """Return the first found, in the order in which they must be taken out."""
    return list(islice(sorted(found, key=lambda each: PLACES.index(each.place)), limit))
