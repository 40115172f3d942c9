"""The publisher's failure queue and its messages.

The publisher parks single events under ``parkedEvent``; the event source mapping sends ranges of the stream under
``DDBStreamBatchInfo``. Both say where an event is, never what it contains.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from appointments.contract.instants import utc
from appointments.errors import AppointmentsError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from appointments.publishing.pending import ParkReason, PendingEvent


class UnknownFailureError(AppointmentsError):
    """The message is neither a parked event nor a range of the stream."""


class Cause(StrEnum):
    """Why an event is parked: its item makes no message, or EventBridge will never accept the message."""

    UNREADABLE = "unreadable"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Parked:
    """One event that cannot be published, by its key.

    ``code`` is the kind of error or EventBridge's error code; ``created_at`` is the approximate time of the stream
    record in whole seconds, ``2026-03-02T09:00:00Z``.
    """

    partition_key: str
    sort_key: str
    cause: Cause
    code: str
    sequence_number: str
    created_at: str

    def body(self) -> str:
        """Encode the message in ASCII: SQS refuses some characters that an id may contain."""
        return json.dumps(
            {
                "version": "1",
                "parkedEvent": {
                    "pk": self.partition_key,
                    "sk": self.sort_key,
                    "cause": self.cause.value,
                    "code": self.code,
                    "sequenceNumber": self.sequence_number,
                    "approximateCreationTime": self.created_at,
                },
            }
        )


class FailureQueue:
    """The queue. A message holds keys and a reason, never content of an event."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def park(self, event: PendingEvent, reason: ParkReason) -> None:
        """Send the event's key and the reason; raises KeyError for an answer that does not confirm it."""
        parked = Parked(
            partition_key=event.partition_key,
            sort_key=event.sort_key,
            cause=reason.cause,
            code=reason.code,
            sequence_number=event.sequence_number,
            created_at=event.created_at,
        )
        answer = self._client.send_message(QueueUrl=self._url, MessageBody=parked.body())
        answer["MessageId"]  # its presence is the confirmation


@dataclass(frozen=True, slots=True)
class StreamRange:
    """Records of one shard, both ends included, that the event source mapping gave up.

    ``first_at`` and ``last_at`` are the approximate times of its first and last record, in the fixed width of
    :func:`.instants.utc`; ``size`` is the number of records. Sequence numbers are text of the stream, and compare as
    integers.
    """

    stream_arn: str
    shard_id: str
    start: str
    end: str
    size: int
    first_at: str
    last_at: str
    condition: str


Failure = Parked | StreamRange


def parse(body: str) -> Failure:
    """Decode a message. Raises UnknownFailureError, which quotes nothing of it."""
    try:
        document = json.loads(body)
        if "parkedEvent" in document:
            return _parked(document["parkedEvent"])
        return _range(document["DDBStreamBatchInfo"], document.get("requestContext") or {})
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        raise UnknownFailureError("neither a parked event nor a range of the stream") from None


def _parked(event: dict[str, Any]) -> Parked:
    return Parked(
        partition_key=str(event["pk"]),
        sort_key=str(event["sk"]),
        cause=Cause(event["cause"]),
        code=str(event["code"]),
        sequence_number=_number(event["sequenceNumber"]),
        created_at=str(event["approximateCreationTime"]),
    )


def _range(info: dict[str, Any], context: dict[str, Any]) -> StreamRange:
    return StreamRange(
        stream_arn=str(info["streamArn"]),
        shard_id=str(info["shardId"]),
        start=_number(info["startSequenceNumber"]),
        end=_number(info["endSequenceNumber"]),
        size=int(info["batchSize"]),
        first_at=utc(info["approximateArrivalOfFirstRecord"]),
        last_at=utc(info["approximateArrivalOfLastRecord"]),
        condition=str(context.get("condition", "unknown")),
    )


def _number(text: str) -> str:
    int(text)  # raises ValueError
    return text
