"""The publisher's failure queue, as its sender: the publisher parks events that it can never publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appointments.publishing.failures import Parked

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from appointments.publishing.pending import ParkReason, PendingEvent


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
