"""What was sent and acknowledged, held against the table, the stream and the bus.

What should be is worked out from the deliveries alone, and by other means than the functions' own: whoever checks
a promise with the code that keeps it checks nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``updated_at`` is an aware datetime, ``digest`` the SHA-256 of its body."""

    id: str
    appointment_id: str
    updated_at: datetime
    digest: bytes

    @classmethod
    def of(cls, body: bytes) -> Event:
        document = json.loads(body)
        appointment = document["data"]["appointment"]
        updated_at = datetime.fromisoformat(appointment["updatedAt"])
        return cls(document["id"], appointment["id"], updated_at, hashlib.sha256(body).digest())


@dataclass(frozen=True, slots=True)
class Found:
    """What there is: the table's items, the event items in the order of the stream, the messages as they came.

    ``claimed`` gives the body that an item only names, by its key.
    """

    items: Iterable[Item]
    streamed: Iterable[Item]
    messages: Iterable[Mapping[str, Any]]
    claimed: Callable[[str], bytes]


class Ledger:
    """Every delivery that was tried, and whether it was ever acknowledged with a 2xx."""

    def __init__(self) -> None:
        self.sent: dict[str, Event] = {}
        self.acknowledged: set[str] = set()

    def record(self, event: Event, *, acknowledged: bool) -> None:
        self.sent.setdefault(event.id, event)
        if acknowledged:
            self.acknowledged.add(event.id)

    def wrong(self, found: Found) -> Iterator[str]:
        """Every promise that does not hold, in words; items and messages of other appointments are left aside."""
        partitions = {f"APPOINTMENT#{event.appointment_id}" for event in self.sent.values()}
        mine = [item for item in found.items if item["pk"]["S"] in partitions]
        history = {_id(item): item for item in mine if item["sk"]["S"].startswith("EVENT#")}
        yield from self._history(history, found.claimed)
        yield from self._state(history, [item for item in mine if item["sk"]["S"] == "CURRENT"])
        streamed = [item for item in found.streamed if item["pk"]["S"] in partitions]
        yield from self._flags(streamed)
        appointments = {event.appointment_id for event in self.sent.values()}
        told = [m["detail"]["metadata"] for m in found.messages]
        yield from self._bus(history, streamed, [one for one in told if one["appointmentId"] in appointments])

    def _history(self, history: Mapping[str, Item], claimed: Callable[[str], bytes]) -> Iterator[str]:
        yield from _some("acknowledged and lost", self.acknowledged - history.keys())
        yield from _some("in the history and never sent", history.keys() - self.sent.keys())
        kept = ((name, _digest(item, claimed)) for name, item in history.items())
        changed = (name for name, digest in kept if name in self.sent and digest != self.sent[name].digest)
        yield from _some("not kept byte for byte", changed)

    def _state(self, history: Mapping[str, Item], current: Iterable[Item]) -> Iterator[str]:
        newest: dict[str, tuple[datetime, str]] = {}
        for event in (self.sent[name] for name in history if name in self.sent):
            rank = (event.updated_at, event.id)
            newest[event.appointment_id] = max(newest.get(event.appointment_id, rank), rank)
        states = {item["pk"]["S"].removeprefix("APPOINTMENT#"): item["eventId"]["S"] for item in current}
        expected = {name: event_id for name, (_, event_id) in newest.items()}
        yield from _some(
            "appointments whose state is not their newest event",
            (name for name in states.keys() | expected.keys() if states.get(name) != expected.get(name)),
        )

    def _flags(self, streamed: Iterable[Item]) -> Iterator[str]:
        """Replayed in the order of the commits: stale is what is strictly older than the state at its moment."""
        states: dict[str, datetime] = {}
        wrong = []
        for item in streamed:
            event = self.sent.get(_id(item))
            if event is None:
                continue
            state = states.get(event.appointment_id, event.updated_at)
            if item["stale"]["BOOL"] != (event.updated_at < state):
                wrong.append(event.id)
            states[event.appointment_id] = max(state, event.updated_at)
        yield from _some("flagged wrongly", wrong)

    def _bus(self, history: Mapping[str, Item], streamed: Iterable[Item], told: Iterable[Any]) -> Iterator[str]:
        first: dict[str, list[str]] = defaultdict(list)
        flags: dict[str, set[bool]] = defaultdict(set)
        for metadata in told:
            if metadata["id"] not in flags:
                first[metadata["appointmentId"]].append(metadata["id"])
            flags[metadata["id"]].add(metadata["stale"])
        yield from _some("stored and never published", history.keys() - flags.keys())
        yield from _some("published and never stored", flags.keys() - history.keys())
        differing = (name for name in flags.keys() & history.keys() if flags[name] != {history[name]["stale"]["BOOL"]})
        yield from _some("published with another flag than stored", differing)
        committed: dict[str, list[str]] = defaultdict(list)
        for item in streamed:
            committed[item["pk"]["S"].removeprefix("APPOINTMENT#")].append(_id(item))
        reordered = (
            name
            for name, names in committed.items()
            if [one for one in names if one in flags] != [one for one in first[name] if one in names]
        )
        yield from _some("appointments first published in another order than committed", reordered)


def _id(item: Item) -> str:
    return str(item["sk"]["S"]).removeprefix("EVENT#")


def _digest(item: Item, claimed: Callable[[str], bytes]) -> bytes:
    body = claimed(item["bodyKey"]["S"]) if "bodyKey" in item else gzip.decompress(item["body"]["B"])
    return hashlib.sha256(body).digest()


def _some(what: str, names: Iterable[str]) -> Iterator[str]:
    listed = sorted(names)
    if listed:
        more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
        yield f"{what}: {', '.join(listed[:5])}{more}"
