"""The event source mapping of a queue: passes its messages to the real handler, and deletes what succeeded."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Any

from local.environment import FunctionError

PAUSE_SECONDS = 2
"""The visibility timeout of a message that failed. The template's is much longer; here you can watch the retry."""


class QueueMapping:
    """Passes messages to ``invoke``. ``mapping`` is the function's SQS event of template.yaml.

    ``measure_age`` gets the age in seconds of the oldest message that a poll finds, and 0 once when none is left.
    """

    def __init__(
        self,
        sqs: Any,
        queue_url: str,
        mapping: dict[str, Any],
        invoke: Callable[[dict[str, Any]], Any],
        measure_age: Callable[[float], None],
    ) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._batch_size: int = mapping["BatchSize"]
        self._invoke = invoke
        self._measure_age = measure_age
        self._was_empty = True

    def poll(self, stopping: Event) -> None:
        """Pass all visible messages to the function. If a call to SQS fails, its messages become visible again."""
        while (messages := self._receive()) and not stopping.is_set():
            failed_ids = self._invoke_with(messages)
            for message in messages:
                handle = {"QueueUrl": self._queue_url, "ReceiptHandle": message["ReceiptHandle"]}
                if message["MessageId"] in failed_ids:
                    self._sqs.change_message_visibility(**handle, VisibilityTimeout=PAUSE_SECONDS)
                else:
                    self._sqs.delete_message(**handle)

    def _receive(self) -> list[Any]:
        """Return visible messages, without a long poll: moto's looks for messages a hundred times a second."""
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url, MaxNumberOfMessages=self._batch_size, WaitTimeSeconds=0, AttributeNames=["All"]
        )
        messages: list[Any] = answer.get("Messages", [])
        if messages or not self._was_empty:
            sent = [int(message["Attributes"]["SentTimestamp"]) / 1000 for message in messages]
            self._measure_age(max(0.0, time.time() - min(sent)) if sent else 0.0)
        self._was_empty = not messages
        return messages

    def _invoke_with(self, messages: list[Any]) -> set[str]:
        """Invoke the function. Return the ids of the messages that failed: all of them if the invocation failed."""
        try:
            result = self._invoke({"Records": [_lambda_record(message) for message in messages]})
        except FunctionError:
            return {message["MessageId"] for message in messages}
        return {failure["itemIdentifier"] for failure in result["batchItemFailures"]}


def _lambda_record(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message as Lambda passes it to a function."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "awsRegion": "eu-west-1",
    }
