"""One run of a command that publishes events again: what its messages carry, and the log lines that record it.

Nothing is written to the items: that would cost write units, and the table's stream would carry it. The lines are in
the log group of the publisher, where an id finds them beside those of the first publication.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appointments.contract.instants import utc
from appointments.contract.members import loggable
from appointments.publishing.messages import Message, Replay, message
from appointments.storage.items import Item, appointment_id_of, envelope_id_of
from appointments_cli import errors
from appointments_cli.screen import Screen
from appointments_cli.target import Target

LOG_GROUP = "PublisherFunctionLogGroup"
EVENTS_OF_A_LINE = 100
PUBLISHED, SENT = "published", "sent"
"""The results of an event: on the bus for everybody, or in the queue of one subscriber."""

Key = tuple[str, str]


@dataclass
class Run:
    """Builds the messages of one run, all with the same random ``id`` in ``metadata.replay``, and records them.

    ``destination`` is what the lines say of who gets the messages. ``result`` is PUBLISHED or SENT.
    """

    target: Target
    screen: Screen
    destination: str = "everybody"
    result: str = PUBLISHED
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _is_recorded: bool = True

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
            replay=Replay(self.id, utc(self.screen.now().isoformat())),
        )

    def record(self, events: Mapping[Key, str]) -> None:
        """Write log lines about events that were published again, by their keys, with EventBridge's id or "".

        The messages are out already, so an error ends nothing: the first one is said.
        """
        rest = iter(events.items())
        while self._is_recorded and (chunk := list(islice(rest, EVENTS_OF_A_LINE))):
            try:
                self._write(self._line(chunk))
            except (ClientError, BotoCoreError, errors.CommandError) as error:
                self._is_recorded = False
                cause = errors.converted(error, self.target.profile).message
                self.screen.say(f"this run is not recorded, so that history does not show it: {cause}")

    def _line(self, events: list[tuple[Key, str]]) -> dict[str, Any]:
        return {
            "level": "INFO",
            "service": "command",
            "message": "published again",
            "replay_id": self.id,
            "destination": self.destination,
            "events": [
                {
                    "result": self.result,
                    **({"event_id": event_id} if event_id else {}),
                    "envelope_id": loggable(envelope_id_of(sort_key)),
                    "appointment_id": loggable(appointment_id_of(partition_key)),
                }
                for (partition_key, sort_key), event_id in events
            ],
        }

    def _write(self, line: dict[str, Any]) -> None:
        event: Any = {"timestamp": int(time.time() * 1000), "message": json.dumps(line)}
        self.target.logs.put_log_events(**self._stream, logEvents=[event])

    @cached_property
    def _stream(self) -> dict[str, Any]:
        """The log stream of this run, made with its first line."""
        if not self.target.has_stack:
            raise errors.CommandError("give --stack instead of the resources one by one")
        names = {"logGroupName": self.target.required_resource(LOG_GROUP), "logStreamName": f"appointments/{self.id}"}
        self.target.logs.create_log_stream(**names)
        return names
