"""Deliveries that could not be stored in time, kept in a queue until they can.

A message holds the body as received, compressed, and the instant of its receipt. A body that is too large for a
message is an object in S3, and the message holds its key.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from botocore.parsers import ResponseParserError

from appointments.errors import (
    BacklogUnavailableError,
    BodyUnavailableError,
    DeadlineExceededError,
    UndeliverableError,
)
from appointments.sdk import SDK_ERRORS, problem_of
from appointments.storage import items

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from appointments.deadline import Deadline
    from appointments.storage.bodies import Bodies

MESSAGE_BYTES = 256 * 1024
"""A larger message goes to S3. SQS accepts 1 MiB today; 256 KiB was its limit for years."""


class Deferred(NamedTuple):
    """A delivery in the backlog. The instants are UTC in the fixed width of :func:`.instants.utc`.

    ``erased_at`` is when a person was taken out of the body; empty for a body as received.
    """

    body: bytes
    received_at: str
    erased_at: str = ""


class Backlog:
    """The queue, and the bucket for bodies that do not fit a message."""

    def __init__(self, client: SQSClient, queue_url: str, bodies: Callable[[], Bodies]) -> None:
        self._client = client
        self._queue_url = queue_url
        self._bodies = bodies

    def defer(self, deferred: Deferred, deadline: Deadline) -> None:
        """Send the delivery to the queue; it is durable when this returns.

        Raises BacklogUnavailableError when SQS or S3 does not confirm it. A repeated call is safe.
        """
        try:
            deadline.call(lambda: self._send(deferred))
        except (DeadlineExceededError, BodyUnavailableError) as error:
            raise BacklogUnavailableError(str(error)) from None
        except SDK_ERRORS as error:
            raise BacklogUnavailableError(problem_of("the backlog", error)) from None

    def _send(self, deferred: Deferred) -> None:
        message = encode(deferred)
        if len(message) > MESSAGE_BYTES:
            message = _encoded(deferred, bodyKey=self._bodies().put(deferred.body, time.time()))
        answer = self._client.send_message(QueueUrl=self._queue_url, MessageBody=message)
        if not answer.get("MessageId"):  # for instance the error page of a proxy
            raise ResponseParserError


def encode(deferred: Deferred) -> str:
    """Encode a message that holds its body."""
    return _encoded(deferred, body=base64.b64encode(items.pack(deferred.body)).decode())


def decode(message: str, load: Callable[[str], bytes]) -> Deferred:
    """Decode a message; ``load`` fetches a body by its key.

    Raises UndeliverableError for a message that :meth:`Backlog.defer` did not send, and whatever ``load`` raises.
    """
    try:
        document = json.loads(message)
        received_at, erased_at = str(document["receivedAt"]), str(document.get("erasedAt", ""))
        if "bodyKey" in document:
            return Deferred(load(str(document["bodyKey"])), received_at, erased_at)
        return Deferred(items.unpack(base64.b64decode(document["body"], validate=True)), received_at, erased_at)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error, zlib.error) as error:
        raise UndeliverableError("the message is no delivery: " + type(error).__name__) from None


def _encoded(deferred: Deferred, **body: str) -> str:
    erased = {"erasedAt": deferred.erased_at} if deferred.erased_at else {}
    return json.dumps({"receivedAt": deferred.received_at, **erased, **body})
