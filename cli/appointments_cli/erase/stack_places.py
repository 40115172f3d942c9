"""The places of a stack that keep deliveries, in the order in which a customer is taken out of them."""

from __future__ import annotations

from appointments.contract.instants import utc
from appointments_cli.erase.kept import Place
from appointments_cli.erase.object_places import BodiesPlace, QuarantinePlace
from appointments_cli.erase.queue_place import QueuePlace
from appointments_cli.erase.table_place import TablePlace
from appointments_cli.screen import Screen
from appointments_cli.target import Target


def places_of(target: Target, screen: Screen) -> tuple[Place, ...]:
    """Return the places. An object is deleted after every item and message that refers to it has changed."""

    def now() -> str:
        return utc(screen.now().isoformat())

    return TablePlace(target, screen, now), QueuePlace(target, now), BodiesPlace(target), QuarantinePlace(target, now)
