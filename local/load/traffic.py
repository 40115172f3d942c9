"""What is sent: the samples' bodies as ever new appointments, out of order, some of them more than once."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from local.delivery_log import Event
from samples import SAMPLES

EVENTS = 6
"""Events of an appointment."""
AT_ONCE = 40
"""Appointments under way: an event is sent as far from its predecessor as their shuffled events are many."""
TIES, AGAIN = 0.2, 0.15
"""So likely has an event the instant of the one before, and so likely does it come once more."""
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONES = (UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=-5)))
"""The same instants in different spellings: whoever compares texts orders them wrongly."""
SHAPES = [
    json.loads(sample.body)
    for sample in SAMPLES
    if sample.expected_outcome in ("stored", "stale") and sample.name != "vendor-sample"
]


@dataclass(frozen=True, slots=True)
class Planned:
    """One delivery to make."""

    event: Event
    body: bytes


def traffic(run: str, chance: random.Random) -> Iterator[Planned]:
    """Without end. ``run`` is in every id, so that two runs do not meet."""
    number = 0
    while True:
        batch: list[Planned] = []
        for _ in range(AT_ONCE):
            number += 1
            batch.extend(_appointment(f"{run}-{number}", chance))
        batch.extend(planned for planned in list(batch) if chance.random() < AGAIN)
        chance.shuffle(batch)
        yield from batch


def _appointment(name: str, chance: random.Random) -> Iterator[Planned]:
    at = BEGIN
    for number in range(EVENTS):
        if chance.random() >= TIES:
            at += timedelta(milliseconds=chance.randrange(1, 10_000))
        yield _planned(f"{name}-{number}", name, at, chance)


def _planned(envelope_id: str, appointment_id: str, at: datetime, chance: random.Random) -> Planned:
    shape = chance.choice(SHAPES)
    told = at.astimezone(chance.choice(ZONES)).isoformat(timespec="milliseconds")
    appointment = shape["data"]["appointment"] | {"id": appointment_id, "updatedAt": told}
    document = shape | {"id": envelope_id, "data": shape["data"] | {"appointment": appointment}}
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Planned(Event(envelope_id, appointment_id, at, hashlib.sha256(body).digest()), body)
