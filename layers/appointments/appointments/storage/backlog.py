"""Deliveries that could not be stored in time, kept in a queue until they can.

A message holds the body exactly as it came, compressed, and when it came; one too large for the queue is left with
the bodies in S3 and named by its key.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from appointments.errors import (
    BacklogUnavailableError,
    BodyUnavailableError,
    DeadlineExceededError,
    UndeliverableError,
)
from appointments.storage import items

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from appointments.deadline import Deadline
    from appointments.storage.bodies import Bodies

MESSAGE_BYTES = 256 * 1024
"""Queues take up to 1 MiB today; what is larger than this goes to S3, as it had to when 256 KiB were the limit."""


class Deferred(NamedTuple):
    """A delivery in the backlog. ``received_at`` is UTC in the fixed width of :func:`.instants.utc`."""

    body: bytes
    received_at: str


class Backlog:
    """The queue, and the bucket for what does not fit it."""

    def __init__(self, client: SQSClient, queue_url: str, bodies: Bodies) -> None:
        self._client = client
        self._queue_url = queue_url
        self._bodies = bodies

    def defer(self, deferred: Deferred, deadline: Deadline) -> None:
        """Durable when it returns. Raises BacklogUnavailableError when it may not be; deferring again is safe."""
        try:
            deadline.call(lambda: self._send(deferred))
        except (DeadlineExceededError, BodyUnavailableError) as error:
            raise BacklogUnavailableError(str(error)) from None
        except ClientError as error:
            raise BacklogUnavailableError("the backlog answered " + error.response["Error"]["Code"]) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise BacklogUnavailableError("the backlog did not answer: " + type(error).__name__) from None

    def _send(self, deferred: Deferred) -> None:
        message = encode(deferred)
        if len(message) > MESSAGE_BYTES:
            message = _encoded(deferred.received_at, bodyKey=self._bodies.put(deferred.body))
        answer = self._client.send_message(QueueUrl=self._queue_url, MessageBody=message)
        if not answer.get("MessageId"):  # a page of something in between, for instance
            raise ResponseParserError


def encode(deferred: Deferred) -> str:
    return _encoded(deferred.received_at, body=base64.b64encode(items.pack(deferred.body)).decode())


def decode(message: str, load: Callable[[str], bytes]) -> Deferred:
    """``load`` fetches a body by its key. Raises UndeliverableError for what :meth:`Backlog.defer` did not send."""
    try:
        document = json.loads(message)
        received_at = str(document["receivedAt"])
        if "bodyKey" in document:
            return Deferred(load(str(document["bodyKey"])), received_at)
        return Deferred(items.unpack(base64.b64decode(document["body"], validate=True)), received_at)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error, zlib.error) as error:
        raise UndeliverableError("not a message of the backlog: " + type(error).__name__) from None


def _encoded(received_at: str, **body: str) -> str:
    return json.dumps({"receivedAt": received_at, **body})
