"""The deliveries of the load test: samples as new appointments, out of order, some of them repeated."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from local.delivery_log import RANKS, Event
from samples import SAMPLES

EVENTS = 6
"""Events per appointment."""
CONCURRENT_APPOINTMENTS = 40
"""Appointments whose events are shuffled together."""
TIE_PROBABILITY, DUPLICATE_PROBABILITY = 0.2, 0.15
"""How likely an event has the instant of its predecessor, and how likely it is sent again."""
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONES = (UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=-5)))
"""The same instants with different offsets: a comparison of texts orders them wrongly."""
SHAPES = [
    json.loads(sample.body)
    for sample in SAMPLES
    if sample.expected_outcome in ("stored", "stale") and sample.name != "vendor-sample"
]


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """A delivery to send."""

    event: Event
    body: bytes


def traffic(run: str, chance: random.Random) -> Iterator[PlannedDelivery]:
    """Yield deliveries without end. ``run`` is in every id, so that two runs on one table do not collide."""
    number = 0
    while True:
        batch: list[PlannedDelivery] = []
        for _ in range(CONCURRENT_APPOINTMENTS):
            number += 1
            batch.extend(_appointment(f"{run}-{number}", chance))
        batch.extend(planned for planned in list(batch) if chance.random() < DUPLICATE_PROBABILITY)
        chance.shuffle(batch)
        yield from batch


def _appointment(name: str, chance: random.Random) -> Iterator[PlannedDelivery]:
    at = BEGIN
    for number in range(EVENTS):
        if chance.random() >= TIE_PROBABILITY:
            at += timedelta(milliseconds=chance.randrange(1, 10_000))
        yield _planned(f"{name}-{number}", name, at, chance)


def _planned(envelope_id: str, appointment_id: str, at: datetime, chance: random.Random) -> PlannedDelivery:
    shape = chance.choice(SHAPES)
    updated_at = at.astimezone(chance.choice(ZONES)).isoformat(timespec="milliseconds")
    appointment = shape["data"]["appointment"] | {"id": appointment_id, "updatedAt": updated_at}
    document = shape | {"id": envelope_id, "data": shape["data"] | {"appointment": appointment}}
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    rank = RANKS.get(shape["data"]["eventType"], 2)
    return PlannedDelivery(Event(envelope_id, appointment_id, at, rank, hashlib.sha256(body).digest()), body)
