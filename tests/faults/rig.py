"""The real stack with a proxy between its functions and each AWS endpoint, and a sender for it."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from unittest import mock
from urllib.parse import urlsplit
from uuid import uuid4

from local.aws import BUCKETS, FAILURE_QUEUE, TABLE
from local.delivery_log import DeliveryLog, Event, Observation
from local.stack import Options, Stack
from local.template import Function, Template
from tests.builders import TOKEN
from tests.faults import SECONDS_HEADER
from tests.faults.proxy import Proxy
from tests.faults.stream import Stream

ENDPOINTS = {
    "dynamodb": "AWS_ENDPOINT_URL_DYNAMODB",
    "secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "events": "AWS_ENDPOINT_URL_EVENTBRIDGE",
    "sqs": "AWS_ENDPOINT_URL_SQS",
    "s3": "AWS_ENDPOINT_URL_S3",
}
"""The environment variable in which botocore looks for the endpoint of each service."""
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
TIMEOUTS = (3.0, 5.0, 30.0)
PAUSES = (2.0, 10.0)
"""The three attempts that the sender documents, in seconds. Tests shorten the pauses, never the timeouts."""
WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """The answer to one request. ``status`` is 0 if no answer came in time."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def acknowledged(self) -> bool:
        return 200 <= self.status < 300

    @property
    def final(self) -> bool:
        """Whether the function has handled the delivery: the sender need not retry."""
        return 200 <= self.status < 500 and self.status != HTTPStatus.TOO_MANY_REQUESTS

    @property
    def seconds(self) -> float:
        """Seconds from when the gateway took the request to the function's answer (:mod:`tests.faults.timed`)."""
        return float(self.headers[SECONDS_HEADER])

    @property
    def outcome(self) -> str | None:
        outcome: str | None = json.loads(self.content).get("outcome") if self.content else None
        return outcome


class _Timed(Template):
    """The template, with the handler of :mod:`tests.faults.timed` for WebhookFunction."""

    def function(self, logical_id: str) -> Function:
        function = super().function(logical_id)
        if logical_id != "WebhookFunction":
            return function
        return replace(function, handler="tests.faults.timed.lambda_handler")


class Rig:
    """A context manager that starts the stack with ``proxies``, one for each service.

    ``webhooks`` is the number of execution environments of WebhookFunction. ``variables`` and ``timeouts`` are
    options of the stack.
    """

    def __init__(
        self,
        log: Path,
        dynamodb_url: str | None = None,
        *,
        webhooks: int = 1,
        timeouts: Mapping[str, int] | None = None,
        **variables: str,
    ) -> None:
        self.log = log
        self.proxies = {service: Proxy(service) for service in ENDPOINTS}
        proxied = {ENDPOINTS[service]: proxy.url for service, proxy in self.proxies.items()}
        options = Options(
            port=0,
            aws_port=0,
            dynamodb_url=dynamodb_url,
            table_name=f"faults-{uuid4()}" if dynamodb_url else TABLE,
            log=log,
            webhooks=webhooks,
            variables={**proxied, **variables},
            timeouts=timeouts or {},
        )
        with mock.patch("local.stack.Template", _Timed):
            self.stack = Stack(options)
        for service, proxy in self.proxies.items():
            proxy.target = dynamodb_url if service == "dynamodb" and dynamodb_url else self.stack.aws.url
        self._messages: list[dict[str, Any]] = []
        self._queue_url = self.stack.queue_url()
        self._sqs, self._s3, self._dynamodb = map(self.stack.aws.client, ("sqs", "s3", "dynamodb"))
        self._stream = Stream(self.stack)

    def __enter__(self) -> Self:
        self.stack.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        for proxy in self.proxies.values():
            proxy.close()
        if self.stack.options.dynamodb_url:
            self.stack.aws.client("dynamodb").delete_table(TableName=self.stack.options.table_name)
        self.stack.__exit__(*error)

    def heal(self) -> None:
        for proxy in self.proxies.values():
            proxy.heal()

    def post(self, body: bytes, timeout: float = 30, headers: Mapping[str, str] = HEADERS, query: str = "") -> Attempt:
        address = urlsplit(self.stack.gateway.url)
        with closing(http.client.HTTPConnection(address.netloc, timeout=timeout)) as connection:
            try:
                connection.request("POST", address.path + query, body, dict(headers))
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                return Attempt(0, {}, b"")
            return Attempt(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def deliver(
        self, delivery_log: DeliveryLog, body: bytes, *, pauses: tuple[float, ...] = (0.2, 1.2)
    ) -> list[Attempt]:
        """Send until a 2xx, at most three times. The real sender pauses longer: 2 and 10 seconds."""
        attempts: list[Attempt] = []
        for timeout, pause in zip(TIMEOUTS, (0.0, *pauses), strict=True):
            time.sleep(pause)
            attempts.append(self.post(body, timeout))
            delivery_log.record(Event.from_body(body), acknowledged=attempts[-1].acknowledged)
            if attempts[-1].acknowledged:
                break
        return attempts

    def kill(self, function: str) -> None:
        """Send SIGKILL to every process of the function."""
        for pid in self.stack.pools[function].pids():
            os.kill(pid, signal.SIGKILL)

    def messages(self) -> list[dict[str, Any]]:
        """Return every message that the bus delivered since the start, in order."""
        while answer := self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in answer:
                self._messages.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        return self._messages

    def wait_for_problems(self, delivery_log: DeliveryLog, timeout: float = WAIT_SECONDS) -> list[str]:
        """Wait until the log and the system agree. Return the problems that remain after ``timeout``: [] if none do."""
        give_up = time.monotonic() + timeout
        while (problems := list(delivery_log.problems(self._observation(delivery_log)))) and time.monotonic() < give_up:
            time.sleep(0.2)
        return problems

    def _observation(self, delivery_log: DeliveryLog) -> Observation:
        """Read only the appointments of the log, because this is called in a loop."""
        keys = {f"APPOINTMENT#{event.appointment_id}" for event in delivery_log.sent.values()}
        items = [item for key in sorted(keys) for item in self._items(key)]
        return Observation(items, self._stream.event_items(), self.messages(), self._stored_body)

    def _items(self, partition_key: str) -> Iterator[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self.stack.options.table_name,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition_key}},
        )
        return (item for page in pages for item in page["Items"])

    def _stored_body(self, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=BUCKETS["BodiesBucket"], Key=key)["Body"].read()
        return body

    def quarantined(self, body: bytes) -> int:
        """Count the objects in quarantine that equal this body byte for byte."""
        bucket, digest = BUCKETS["QuarantineBucket"], hashlib.sha256(body).hexdigest()
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        keys = [found["Key"] for page in pages for found in page.get("Contents", []) if digest in found["Key"]]
        return sum(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body for key in keys)

    def failures(self) -> int:
        """Count the messages in the publisher's failure queue."""
        url = self.stack.queue_url(FAILURE_QUEUE)
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def eventually(condition: Callable[[], bool], timeout: float = WAIT_SECONDS) -> bool:
    """Wait until the condition is true. Return False if it is not within ``timeout`` seconds."""
    give_up = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True
