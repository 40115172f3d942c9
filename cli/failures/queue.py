"""The publisher's failure queue, looked at without losing anything of it.

SQS has no other way to look than to receive. What is received is out of sight for a while and comes back by itself,
sooner when it is let go; it is gone only when it is deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from appointments.publishing.failures import Failure, UnknownFailureError, parse

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
EMPTY_ANSWERS = 2
"""So many answers without a message are the end of the queue: one alone can miss what is there."""
WAIT_SECONDS = 1
"""Any wait at all has SQS ask all servers of the queue, not only some."""
HOLD_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Held:
    """A message that nobody else gets just now; ``failure`` is None when it cannot be understood."""

    message_id: str
    receipt: str
    failure: Failure | None


class FailureQueue:
    """A context manager: at its end whatever was received and not deleted is let go."""

    def __init__(self, client: SQSClient, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._url = url
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._held_since = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._set_visibility(0)

    def hold(self, limit: int) -> list[Held]:
        """Up to ``limit`` messages, each once."""
        empty = 0
        while len(self._held) < limit and empty < EMPTY_ANSWERS:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(BATCH, limit - len(self._held)),
                VisibilityTimeout=HOLD_SECONDS,
                WaitTimeSeconds=WAIT_SECONDS,
            )
            messages = answer.get("Messages", [])
            empty = 0 if messages else empty + 1
            for message in messages:
                one = Held(message["MessageId"], message["ReceiptHandle"], _understood(message["Body"]))
                self._held[one.message_id] = one
            self.keep()
        return list(self._held.values())

    def keep(self) -> None:
        """To be called now and then on a long run: renews the hold before it ends."""
        if self._clock() - self._held_since > HOLD_SECONDS / 2:
            self._set_visibility(HOLD_SECONDS)
            self._held_since = self._clock()

    def delete(self, held: Held) -> None:
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=held.receipt)
        del self._held[held.message_id]

    def _set_visibility(self, seconds: int) -> None:
        for batch in _batches(list(self._held.values())):
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": held.receipt, "VisibilityTimeout": seconds}
                for number, held in enumerate(batch)
            ]
            # What this does not reach comes back by itself when its hold ends.
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)


def _batches(held: list[Held]) -> Iterator[list[Held]]:
    for start in range(0, len(held), BATCH):
        yield held[start : start + BATCH]


def _understood(body: str) -> Failure | None:
    try:
        return parse(body)
    except UnknownFailureError:
        return None
