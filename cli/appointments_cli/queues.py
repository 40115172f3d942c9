"""What waits in a queue of the stack."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from appointments_cli.status.facts import Look, Metric, latest, values

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def counts(client: SQSClient, url: str) -> tuple[int, int]:
    """Return about how many messages are visible, and how many somebody holds at this moment."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes: Any = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    visible, held = (int(attributes[name]) for name in names)
    return visible, held


def messages(client: SQSClient, url: str) -> int:
    """Return about how many messages a queue has: visible, in flight or delayed."""
    names: Any = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    attributes: Any = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def oldest_seconds(look: Look, url: str) -> float | None:
    """Return the age of the oldest message by CloudWatch, None without a value in the last 15 minutes."""
    metric = Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", (("QueueName", url.rpartition("/")[2]),), "Maximum")
    return latest(values(look, [metric], timedelta(minutes=15))[metric])
