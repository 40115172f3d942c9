"""Reads a queue of the stack without losing a message.

SQS shows a message only by receiving it. A received message is invisible to other readers for a while, comes back by
itself, and is gone only when it is deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from appointments_cli.queues import counts

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
EMPTY_ANSWERS = 2
"""This many empty answers in a row mean the end of the queue: a single one can miss messages."""
WAIT_SECONDS = 1
"""With a wait, SQS asks all servers of the queue instead of some."""
HOLD_SECONDS = 120
"""A redrive extends its hold. After a killed one, the messages are back within this time."""
LOOK_SECONDS = 10
"""A list holds messages for the seconds of its reading only, and lets them go at its end."""


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A received message, invisible to others for the hold. Each queue has another form of bodies."""

    message_id: str
    receipt: str
    body: str


class QueueReader:
    """A context manager: at its end, all received messages that were not deleted become visible again."""

    def __init__(
        self,
        client: SQSClient,
        url: str,
        *,
        hold_seconds: int = HOLD_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._url = url
        self._hold_seconds = hold_seconds
        self._clock = clock
        self._held: dict[str, HeldMessage] = {}
        self._held_since = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._set_visibility(0)

    def receive(self, limit: int) -> list[HeldMessage]:
        """Receive at most ``limit`` messages, each once."""
        empty = 0
        while len(self._held) < limit and empty < EMPTY_ANSWERS:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(BATCH, limit - len(self._held)),
                VisibilityTimeout=self._hold_seconds,
                WaitTimeSeconds=WAIT_SECONDS,
            )
            messages = answer.get("Messages", [])
            # A message whose hold has ended comes again: only a new one says that the end is not reached.
            empty = 0 if any(each["MessageId"] not in self._held for each in messages) else empty + 1
            for message in messages:
                held = HeldMessage(message["MessageId"], message["ReceiptHandle"], message["Body"])
                self._held[held.message_id] = held
            self.extend_hold()
        return list(self._held.values())

    def counts(self) -> tuple[int, int]:
        """Return what :func:`.queues.counts` says of the queue."""
        return counts(self._client, self._url)

    def extend_hold(self) -> None:
        """Extend the hold when half of it is over; a long run calls this now and then."""
        if self._clock() - self._held_since > self._hold_seconds / 2:
            self._set_visibility(self._hold_seconds)
            self._held_since = self._clock()

    def delete(self, held: HeldMessage) -> None:
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=held.receipt)
        del self._held[held.message_id]

    def _set_visibility(self, seconds: int) -> None:
        for batch in _batches(list(self._held.values())):
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": held.receipt, "VisibilityTimeout": seconds}
                for number, held in enumerate(batch)
            ]
            # A message that this does not reach becomes visible when its hold ends.
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)


def _batches(held: list[HeldMessage]) -> Iterator[list[HeldMessage]]:
    for start in range(0, len(held), BATCH):
        yield held[start : start + BATCH]


def look(client: SQSClient, url: str, limit: int) -> tuple[list[HeldMessage], int, int]:
    """Return at most ``limit`` messages, which stay, and the counts before: how many are visible, or held by others."""
    with QueueReader(client, url, hold_seconds=LOOK_SECONDS) as queue:
        visible, held_by_others = queue.counts()
        return queue.receive(limit), visible, held_by_others
