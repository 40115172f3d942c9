"""Converts records of the table's stream, as the event source mapping delivers them, to pending events."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from appointments.publishing.messages import Message
from appointments.publishing.pending import PendingEvent
from appointments.storage.items import Item


def pending_event(record: dict[str, Any], build: Callable[[Item], Message]) -> PendingEvent:
    """Convert a record; ``build`` makes the message of its event item later."""
    stream = record["dynamodb"]
    created = datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC)
    return PendingEvent(
        partition_key=stream["Keys"]["pk"]["S"],
        sort_key=stream["Keys"]["sk"]["S"],
        sequence_number=stream["SequenceNumber"],
        created_at=f"{created:%Y-%m-%dT%H:%M:%SZ}",
        build=partial(_build, stream, build),
        fetches="body" not in stream["NewImage"],
    )


def _build(stream: dict[str, Any], build: Callable[[Item], Message]) -> Message:
    image: Item = dict(stream["NewImage"])
    if "body" in image:
        image["body"] = {"B": base64.b64decode(image["body"]["B"])}
    return build(image)
