"""Event items by their keys, in the order in which they must be published."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from appointments.storage import items

ATTRIBUTES = "pk, sk, storedAt, receivedAt, eventType, origin, erasedAt"
"""The attributes of an event item that :func:`event_of` reads."""
ERASED = "erased"
"""The result of an event from which a person was taken out: it is not published again, and is no failure."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event item by its key.

    ``stored_at`` is when it was committed, in the fixed width of :func:`.instants.utc`. ``sequence_number`` is its
    position in the stream, None where it is unknown. ``origin`` is None for a delivery of the sender. An event that
    ``is_erased`` is never published again.
    """

    partition_key: str
    sort_key: str
    stored_at: str
    event_type: str
    sequence_number: int | None = None
    origin: str | None = None
    is_erased: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.partition_key, self.sort_key


def event_of(item: Any, sequence_number: int | None = None) -> Event:
    """Read an event item. Missing attributes become empty: building the message reports them."""
    stored_at = item.get("storedAt") or item.get("receivedAt") or {}
    return Event(
        partition_key=item[items.PARTITION_KEY]["S"],
        sort_key=item[items.SORT_KEY]["S"],
        stored_at=stored_at.get("S", ""),
        event_type=item.get("eventType", {}).get("S", ""),
        sequence_number=sequence_number,
        origin=item.get(items.ORIGIN, {}).get("S"),
        is_erased=items.ERASED_AT in item,
    )


def in_order(events: Iterable[Event]) -> list[list[Event]]:
    """Group events by appointment, each event once, in the order of the stream; by time where that is not known."""
    known: dict[tuple[str, str], Event] = {}
    for event in events:
        if event.sequence_number is not None or event.key not in known:
            known[event.key] = event
    appointments: dict[str, list[Event]] = {}
    for event in known.values():
        appointments.setdefault(event.partition_key, []).append(event)
    return [sorted(group, key=_order(group)) for _, group in sorted(appointments.items())]


def _order(group: list[Event]) -> Callable[[Event], Any]:
    if all(event.sequence_number is not None for event in group):
        return lambda event: event.sequence_number
    return lambda event: (event.stored_at, event.sort_key)
