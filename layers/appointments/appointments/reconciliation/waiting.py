"""Counts the deliveries that wait in the backlog: they can be what a reconciliation misses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from appointments.errors import UnavailableError
from appointments.sdk import SDK_ERRORS, problem_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

COUNTS: Any = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class WaitingDeliveries:
    """The queue of deferred deliveries, and the queue of those that were given up until somebody redrives them."""

    def __init__(self, client: SQSClient, queue_urls: Sequence[str]) -> None:
        self._client = client
        self._queue_urls = queue_urls

    def count(self) -> int:
        """Return about how many there are: visible, held by a reader, or delayed.

        SQS counts with a delay of about a minute. What was deferred in that minute changed less than 15 minutes ago,
        unless the sender was late, so it is not judged. Raises UnavailableError when SQS does not answer.
        """
        return sum(self._count(url) for url in self._queue_urls)

    def _count(self, url: str) -> int:
        try:
            attributes = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))["Attributes"]
        except SDK_ERRORS as error:
            raise UnavailableError(problem_of("SQS", error)) from None
        return sum(int(attributes[name]) for name in COUNTS)
