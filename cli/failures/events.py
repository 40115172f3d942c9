"""Event items as the commands speak of them: which, since when, and in what order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from appointments.storage import items

TOLD = "pk, sk, storedAt, receivedAt, eventType"
"""The attributes of an event item that :func:`event_of` wants."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event item by its key. ``stored_at`` is when it was committed, in the fixed width of ``instants.utc``;
    ``sequence_number`` its place in the stream, where that is known.
    """

    partition_key: str
    sort_key: str
    stored_at: str
    event_type: str
    sequence_number: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.partition_key, self.sort_key


def event_of(item: Any, sequence_number: int | None = None) -> Event:
    """Tolerant: what is wrong with an item shows when its message is made."""
    stored_at = item.get("storedAt") or item.get("receivedAt") or {}
    return Event(
        partition_key=item[items.PARTITION_KEY]["S"],
        sort_key=item[items.SORT_KEY]["S"],
        stored_at=stored_at.get("S", ""),
        event_type=item.get("eventType", {}).get("S", ""),
        sequence_number=sequence_number,
    )


def in_order(events: Iterable[Event]) -> list[list[Event]]:
    """Each appointment's events in order, each once: the stream's where it is known of all of them, else by time."""
    known: dict[tuple[str, str], Event] = {}
    for event in events:
        if event.sequence_number is not None or event.key not in known:
            known[event.key] = event
    appointments: dict[str, list[Event]] = {}
    for event in known.values():
        appointments.setdefault(event.partition_key, []).append(event)
    return [sorted(lane, key=_order(lane)) for _, lane in sorted(appointments.items())]


def _order(lane: list[Event]) -> Callable[[Event], Any]:
    if all(event.sequence_number is not None for event in lane):
        return lambda event: event.sequence_number
    return lambda event: (event.stored_at, event.sort_key)
