"""The vendor's world of the sample deliveries: the stack and the stand-in tell of the same appointments."""

from __future__ import annotations

from appointments.outcome import Outcome
from local.engage.world import World
from samples import SAMPLES, WITHHELD

SINCE, UNTIL = "2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z"
"""The time of the story."""


def story_world() -> World:
    """Return the appointments of the samples as they are at the end of the story, with the delivery that is lost."""
    world = World()
    for sample in SAMPLES:
        if sample.expected_outcome in (Outcome.STORED, Outcome.STALE):
            world.deliver(sample.body)
    world.deliver(WITHHELD)
    return world
