"""One run of a command that publishes events again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from appointments.contract.instants import utc
from appointments.publishing.messages import Message, Replay, message
from appointments.storage.items import Item
from appointments_cli.target import Target


@dataclass(frozen=True, slots=True)
class Run:
    """Builds the messages of one run: all have the same random ``id`` in ``metadata.replay``."""

    target: Target
    now: Callable[[], datetime]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def sentence(self) -> str:
        return f"metadata.replay.id of the messages of this run: {self.id}"

    def message(self, item: Item) -> Message:
        """Return the message of an event item, published again at this moment. Raises what :func:`.message` raises."""
        return message(
            item,
            source=self.target.event_source,
            event_detail=self.target.event_detail,
            load=self.target.bodies.get,
            replay=Replay(self.id, utc(self.now().isoformat())),
        )
