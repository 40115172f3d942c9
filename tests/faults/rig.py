"""The real stack with a proxy between its functions and every AWS endpoint, and what a test does with it."""

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
"""The variable by which botocore finds each service: its service id in capitals."""
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
TIMEOUTS = (3.0, 5.0, 30.0)
PAUSES = (2.0, 10.0)
"""Seconds: as the sender documents its three attempts. Tests shorten the pauses, never the timeouts."""
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request and its answer; ``status`` 0 says that there was none in time."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def acknowledged(self) -> bool:
        return 200 <= self.status < 300

    @property
    def seconds(self) -> float:
        """Seconds from when the gateway took the request to the function's answer (:mod:`tests.faults.timed`)."""
        return float(self.headers[SECONDS_HEADER])

    @property
    def outcome(self) -> str | None:
        told: str | None = json.loads(self.content).get("outcome") if self.content else None
        return told


class _Timed(Template):
    """The template, with :mod:`tests.faults.timed` around WebhookFunction's handler."""

    def function(self, logical_id: str) -> Function:
        function = super().function(logical_id)
        if logical_id != "WebhookFunction":
            return function
        return replace(function, handler="tests.faults.timed.lambda_handler")


class Rig:
    """A context manager. ``proxies`` by service; one execution environment of WebhookFunction unless told.

    ``variables`` and ``timeouts`` are those of the stack's options.
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

    def deliver(self, ledger: DeliveryLog, body: bytes, *, pauses: tuple[float, ...] = (0.2, 1.2)) -> list[Attempt]:
        """Send as the sender does: until a 2xx, three times at most. It waits longer, 2 and 10 seconds."""
        attempts: list[Attempt] = []
        for timeout, pause in zip(TIMEOUTS, (0.0, *pauses), strict=True):
            time.sleep(pause)
            attempts.append(self.post(body, timeout))
            ledger.record(Event.from_body(body), acknowledged=attempts[-1].acknowledged)
            if attempts[-1].acknowledged:
                break
        return attempts

    def kill(self, function: str) -> None:
        """SIGKILL to every process of the function."""
        for pid in self.stack.pools[function].pids():
            os.kill(pid, signal.SIGKILL)

    def messages(self) -> list[dict[str, Any]]:
        """All that came over the bus since the start, in order."""
        while answer := self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in answer:
                self._messages.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        return self._messages

    def settle(self, ledger: DeliveryLog, patience: float = PATIENCE_SECONDS) -> list[str]:
        """What is wrong once everything had the time to arrive: [] as soon as nothing is."""
        give_up = time.monotonic() + patience
        while (wrong := list(ledger.problems(self._observation(ledger)))) and time.monotonic() < give_up:
            time.sleep(0.2)
        return wrong

    def _observation(self, ledger: DeliveryLog) -> Observation:
        """Read the ledger's appointments and nothing else: it is called again and again."""
        keys = {f"APPOINTMENT#{event.appointment_id}" for event in ledger.sent.values()}
        items = [item for key in sorted(keys) for item in self._items(key)]
        return Observation(items, self._stream.event_items(), self.messages(), self._claimed)

    def _items(self, partition_key: str) -> Iterator[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self.stack.options.table_name,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition_key}},
        )
        return (item for page in pages for item in page["Items"])

    def _claimed(self, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=BUCKETS["BodiesBucket"], Key=key)["Body"].read()
        return body

    def quarantined(self, body: bytes) -> int:
        """How many objects of the quarantine are this body, byte for byte."""
        bucket, digest = BUCKETS["QuarantineBucket"], hashlib.sha256(body).hexdigest()
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        keys = [kept["Key"] for page in pages for kept in page.get("Contents", []) if digest in kept["Key"]]
        return sum(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body for key in keys)

    def failures(self) -> int:
        """How many messages are in the publisher's failure queue."""
        url = self.stack.queue_url(FAILURE_QUEUE)
        told = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(told["Attributes"]["ApproximateNumberOfMessages"])


def eventually(holds: Callable[[], bool], patience: float = PATIENCE_SECONDS) -> bool:
    give_up = time.monotonic() + patience
    while not holds():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True


def distinct(prefix: str) -> Iterator[str]:
    """Ids that no other test on the same stack has."""
    while True:
        yield f"{prefix}-{uuid4().hex[:12]}"
