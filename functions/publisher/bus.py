"""Messages onto the bus: every entry's result checked, order kept per appointment.

EventBridge accepts or refuses each entry of a call by itself. Two messages of one appointment therefore never
share a call: were the first refused and the second accepted, they would be published out of order. Each call
takes the oldest outstanding message of up to ten appointments, and an appointment whose message is refused
waits while the others go on.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from appointments.events import ENTRY_BYTES, Message

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

CALL_ENTRIES = 10
ATTEMPTS = 4
FIRST_PAUSE = 0.1  # seconds; doubles, with jitter: throttling and internal failures are what is refused


@dataclass(slots=True)
class Outgoing:
    """A message on its way, with the stream's sequence number to report it by."""

    sequence_number: str
    message: Message


@dataclass(slots=True)
class Published:
    """How many messages went out, and the sequence numbers of those that did not, by error code."""

    count: int = 0
    failed: dict[str, str] = field(default_factory=dict)


class Bus:
    """Publishes to one event bus under one source."""

    def __init__(
        self,
        client: EventBridgeClient,
        bus_name: str,
        source: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._bus_name = bus_name
        self._source = source
        self._sleep = sleep

    def publish(self, outgoing: Iterable[Outgoing]) -> Published:
        """Publish in order per appointment; what is still refused after a few attempts is reported, not raised.

        An appointment's later messages are not tried once one of them has failed for good: all of them are
        reported, so that the platform brings them back in order.
        """
        queues: dict[str, deque[Outgoing]] = {}
        for item in outgoing:
            queues.setdefault(item.message.appointment_id, deque()).append(item)
        published = Published()
        attempts = dict.fromkeys(queues, 0)
        while queues:
            wave = self._wave(queues)
            refused = self._put(wave)
            for item, code in zip(wave, refused, strict=True):
                appointment_id = item.message.appointment_id
                if code is None:
                    published.count += 1
                    attempts[appointment_id] = 0
                    queues[appointment_id].popleft()
                    if not queues[appointment_id]:
                        del queues[appointment_id]
                    continue
                attempts[appointment_id] += 1
                if attempts[appointment_id] == ATTEMPTS:
                    published.failed |= {left.sequence_number: code for left in queues.pop(appointment_id)}
            if any(refused) and queues:
                self._pause(max(attempts[appointment_id] for appointment_id in queues))
        return published

    def _wave(self, queues: dict[str, deque[Outgoing]]) -> list[Outgoing]:
        """The oldest message of up to ten appointments, within the size of one call."""
        wave: list[Outgoing] = []
        room = ENTRY_BYTES
        for queue in queues.values():
            size = queue[0].message.size(source=self._source)
            if wave and (size > room or len(wave) == CALL_ENTRIES):
                break
            wave.append(queue[0])
            room -= size
        return wave

    def _put(self, wave: list[Outgoing]) -> list[str | None]:
        """Each entry's error code, None for one that EventBridge has accepted."""
        entries = [item.message.entry(source=self._source, bus_name=self._bus_name) for item in wave]
        try:
            answer = self._client.put_events(Entries=entries)  # type: ignore[arg-type]
        except ClientError as error:
            return [error.response["Error"]["Code"]] * len(wave)
        except BotoCoreError as error:
            return [type(error).__name__] * len(wave)
        return [entry.get("ErrorCode") for entry in answer["Entries"]]

    def _pause(self, attempt: int) -> None:
        longest = FIRST_PAUSE * 2**attempt
        self._sleep(random.uniform(longest / 2, longest))  # noqa: S311 - jitter, not a secret
