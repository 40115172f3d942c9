"""The failure queue, to which the publisher itself sends what it will never be able to publish as things are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appointments.publishing.failures import Parked

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from appointments.publishing.pending import Outgoing, Reason


class FailureQueue:
    """Takes keys and reasons, never what is in an event."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def park(self, event: Outgoing, reason: Reason) -> None:
        """Returns once SQS has accepted the message; raises KeyError for an answer that does not say so."""
        parked = Parked(
            partition_key=event.partition_key,
            sort_key=event.sort_key,
            cause=reason.cause,
            code=reason.code,
            sequence_number=event.sequence_number,
            created_at=event.created_at,
        )
        answer = self._client.send_message(QueueUrl=self._url, MessageBody=parked.body())
        answer["MessageId"]  # without it nothing says that it was accepted
