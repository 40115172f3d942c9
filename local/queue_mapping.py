"""The event source mapping of a queue: passes its messages to the real handler, and deletes what succeeded."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.environment import FunctionError

WAIT_SECONDS = 1
PAUSE_SECONDS = 2
"""The visibility timeout of a message that failed. The template's is much longer; here you can watch the retry."""
JOIN_SECONDS = 2


class QueueMapping:
    """Passes messages to ``invoke`` until it is stopped. ``mapping`` is the function's SQS event of template.yaml."""

    def __init__(
        self, sqs: Any, queue_url: str, mapping: dict[str, Any], invoke: Callable[[dict[str, Any]], Any]
    ) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._batch_size: int = mapping["BatchSize"]
        self._invoke = invoke
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="queue-mapping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until the thread has ended, for a short time: a call to AWS in flight can take longer."""
        if self._thread.ident is not None:
            self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._poll()
            except (BotoCoreError, ClientError):  # messages in flight become visible again
                self._stopping.wait(PAUSE_SECONDS)

    def _poll(self) -> None:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=self._batch_size,
            WaitTimeSeconds=WAIT_SECONDS,
            AttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return
        failed_ids = self._invoke_with(messages)
        for message in messages:
            handle = {"QueueUrl": self._queue_url, "ReceiptHandle": message["ReceiptHandle"]}
            if message["MessageId"] in failed_ids:
                self._sqs.change_message_visibility(**handle, VisibilityTimeout=PAUSE_SECONDS)
            else:
                self._sqs.delete_message(**handle)

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
