"""A log of deliveries, and a check of the table, the stream and the bus against it.

The check computes the expected state from the deliveries alone, without code of the functions.
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


RANKS = {
    "CREATE": 0,
    "CREATE_REQUEST": 0,
    "REQUEST_ALTERNATIVE_DATE": 1,
    "RESCHEDULE_REQUEST": 1,
    "COMPLETE": 3,
    "CANCEL": 3,
    "REOPEN": 4,
}
"""The ranks of docs/events.md, repeated here: a check that shares code with what it checks repeats its errors."""


@dataclass(frozen=True, slots=True)
class Event:
    """The event of a delivery. ``updated_at`` is an aware datetime, ``digest`` the SHA-256 of the body.

    ``rank`` is that of the eventType: it decides between events with one ``updated_at``.
    """

    id: str
    appointment_id: str
    updated_at: datetime
    rank: int
    digest: bytes

    @classmethod
    def from_body(cls, body: bytes) -> Event:
        document = json.loads(body)
        appointment = document["data"]["appointment"]
        updated_at = datetime.fromisoformat(appointment["updatedAt"])
        rank = RANKS.get(document["data"]["eventType"], 2)
        return cls(document["id"], appointment["id"], updated_at, rank, hashlib.sha256(body).digest())


@dataclass(frozen=True, slots=True)
class Observation:
    """What the stack stored and published: items, event items in the order of the stream, messages in arrival order.

    ``read_body`` returns a body that is not in its item but in the bucket, by its key.
    """

    items: Iterable[Item]
    streamed: Iterable[Item]
    messages: Iterable[Mapping[str, Any]]
    read_body: Callable[[str], bytes]


class DeliveryLog:
    """Every delivery that was attempted, and which of them were acknowledged with a 2xx."""

    def __init__(self) -> None:
        self.sent: dict[str, Event] = {}
        self.acknowledged: set[str] = set()

    def record(self, event: Event, *, acknowledged: bool) -> None:
        self.sent.setdefault(event.id, event)
        if acknowledged:
            self.acknowledged.add(event.id)

    def problems(self, observation: Observation) -> Iterator[str]:
        """Describe every broken promise. Items and messages of appointments that are not in the log are ignored."""
        appointments = {event.appointment_id for event in self.sent.values()}
        partitions = {f"APPOINTMENT#{appointment}" for appointment in appointments}
        items = [item for item in observation.items if item["pk"]["S"] in partitions]
        history = {_event_id(item): item for item in items if item["sk"]["S"].startswith("EVENT#")}
        yield from self._history_problems(history, observation.read_body)
        yield from self._state_problems(history, [item for item in items if item["sk"]["S"] == "CURRENT"])
        streamed = [item for item in observation.streamed if item["pk"]["S"] in partitions]
        yield from self._stale_flag_problems(streamed)
        published = [message["detail"]["metadata"] for message in observation.messages]
        published = [metadata for metadata in published if metadata["appointmentId"] in appointments]
        yield from self._bus_problems(history, streamed, published)

    def _history_problems(self, history: Mapping[str, Item], read_body: Callable[[str], bytes]) -> Iterator[str]:
        yield from _problem("acknowledged, but not in the history", self.acknowledged - history.keys())
        yield from _problem("in the history, but never sent", history.keys() - self.sent.keys())
        digests = ((name, _digest(item, read_body)) for name, item in history.items())
        changed = (name for name, digest in digests if name in self.sent and digest != self.sent[name].digest)
        yield from _problem("stored with another body than sent", changed)

    def _state_problems(self, history: Mapping[str, Item], current: Iterable[Item]) -> Iterator[str]:
        newest: dict[str, tuple[datetime, int, str]] = {}
        for event in (self.sent[name] for name in history if name in self.sent):
            order = (event.updated_at, event.rank, event.id)
            newest[event.appointment_id] = max(newest.get(event.appointment_id, order), order)
        states = {item["pk"]["S"].removeprefix("APPOINTMENT#"): item["eventId"]["S"] for item in current}
        expected = {name: event_id for name, (_, _, event_id) in newest.items()}
        yield from _problem(
            "appointments whose current item is not their newest event",
            (name for name in states.keys() | expected.keys() if states.get(name) != expected.get(name)),
        )

    def _stale_flag_problems(self, streamed: Iterable[Item]) -> Iterator[str]:
        """Replay the commits in order: an event is stale if it is strictly older than the state before it."""
        states: dict[str, datetime] = {}
        wrong = []
        for item in streamed:
            event = self.sent.get(_event_id(item))
            if event is None:
                continue
            state = states.get(event.appointment_id, event.updated_at)
            if item["stale"]["BOOL"] != (event.updated_at < state):
                wrong.append(event.id)
            states[event.appointment_id] = max(state, event.updated_at)
        yield from _problem("stored with the wrong stale flag", wrong)

    def _bus_problems(
        self, history: Mapping[str, Item], streamed: Iterable[Item], published: Iterable[Any]
    ) -> Iterator[str]:
        first: dict[str, list[str]] = defaultdict(list)
        flags: dict[str, set[bool]] = defaultdict(set)
        for metadata in published:
            if metadata["id"] not in flags:
                first[metadata["appointmentId"]].append(metadata["id"])
            flags[metadata["id"]].add(metadata["stale"])
        yield from _problem("stored, but never published", history.keys() - flags.keys())
        yield from _problem("published, but never stored", flags.keys() - history.keys())
        differing = (name for name in flags.keys() & history.keys() if flags[name] != {history[name]["stale"]["BOOL"]})
        yield from _problem("published with another stale flag than stored", differing)
        committed: dict[str, list[str]] = defaultdict(list)
        for item in streamed:
            committed[item["pk"]["S"].removeprefix("APPOINTMENT#")].append(_event_id(item))
        reordered = (
            appointment
            for appointment, event_ids in committed.items()
            if [event_id for event_id in event_ids if event_id in flags]
            != [event_id for event_id in first[appointment] if event_id in event_ids]
        )
        yield from _problem("appointments published in another order than stored", reordered)


def _event_id(item: Item) -> str:
    return str(item["sk"]["S"]).removeprefix("EVENT#")


def _digest(item: Item, read_body: Callable[[str], bytes]) -> bytes:
    body = read_body(item["bodyKey"]["S"]) if "bodyKey" in item else gzip.decompress(item["body"]["B"])
    return hashlib.sha256(body).digest()


def _problem(description: str, names: Iterable[str]) -> Iterator[str]:
    """Yield one line with the first names, or nothing if there are none."""
    ordered = sorted(names)
    if ordered:
        more = f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
        yield f"{description}: {', '.join(ordered[:5])}{more}"
