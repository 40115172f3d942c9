"""The event source mapping of a queue: its messages to the real handler, and away once they are done with."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.environment import FunctionError

WAIT_SECONDS = 1
PAUSE_SECONDS = 2
"""How long a message that failed stays away: far shorter than the template's, so that one sees it come again."""


class Poller:
    """Feeds ``invoke`` until it is stopped. ``mapping`` is the function's SQS event of template.yaml."""

    def __init__(
        self, sqs: Any, queue_url: str, mapping: dict[str, Any], invoke: Callable[[dict[str, Any]], Any]
    ) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._batch_size: int = mapping["BatchSize"]
        self._invoke = invoke
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._poll()
            except (BotoCoreError, ClientError):  # what was received comes again by itself
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
        failed = self._failed(messages)
        for message in messages:
            handle = {"QueueUrl": self._queue_url, "ReceiptHandle": message["ReceiptHandle"]}
            if message["MessageId"] in failed:
                self._sqs.change_message_visibility(**handle, VisibilityTimeout=PAUSE_SECONDS)
            else:
                self._sqs.delete_message(**handle)

    def _failed(self, messages: list[Any]) -> set[str]:
        try:
            answer = self._invoke({"Records": [_as_event(message) for message in messages]})
        except FunctionError:
            return {message["MessageId"] for message in messages}
        return {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}


def _as_event(message: dict[str, Any]) -> dict[str, Any]:
    """The message as Lambda hands it over."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "awsRegion": "eu-west-1",
    }
