"""A deployed stack whose minutes pass at once: the real handlers on an embedded AWS, and the metrics of all.

The functions write their own metrics. What AWS writes follows from what happens here: API Gateway counts the answers,
Lambda the errors and the age of the stream's records, SQS the messages of each queue.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from appointments import timing
from appointments.storage import items
from tests.builders import ENVIRONMENT, TOKEN, body, delivery, make_table_and_buckets, start_webhook, webhook_event
from tests.cloudwatch.metrics import Metric, Metrics, metric
from tests.template import resolved

STACK = "engage"
MONDAY_NINE = 29_540_700
"""Monday 2026-03-02, 09:00 UTC, in minutes."""
BACKLOG_PAUSE = 6
AMPLE_SECONDS = 60.0
"""Deadlines that no healthy call reaches, however slow the machine is."""
QUEUES = {
    "BacklogQueue": "backlog",
    "BacklogFailureQueue": "backlog-failures",
    "PublisherFailureQueue": "failures",
    "BusFailureQueue": "bus-failures",
}
BUS = f"{STACK}/AppointmentsBus"


def name_of(logical_id: str, attribute: str = "") -> str:
    """Return what a reference to the resource gives in the stack."""
    node = {"Fn::GetAtt": [logical_id, attribute]} if attribute else {"Ref": logical_id}
    return str(resolved(node, STACK))


@dataclass
class Waiting:
    """A message of the backlog."""

    text: str
    since: int
    next_try: int
    receives: int = 0

    def record(self, number: int) -> Any:
        attributes = {"ApproximateReceiveCount": str(self.receives)}
        return {"messageId": str(number), "body": self.text, "attributes": attributes}


@dataclass
class Faults:
    """What is broken. A healthy stack has none of these."""

    mapping_stopped: bool = False
    batching_minutes: int = 0
    webhook_crashes: bool = False
    webhook_is_throttled: bool = False
    gateway_throttles: bool = False
    latency_ms: float = 80
    publisher_seconds: float = AMPLE_SECONDS
    in_flight: dict[str, int] = field(default_factory=dict)


class World:
    """The stack. ``tick`` lets a minute pass."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        boto3.client("secretsmanager").create_secret(Name="token", SecretString=TOKEN)
        make_table_and_buckets()
        sqs = boto3.client("sqs")
        self.urls = {name: sqs.create_queue(QueueName=queue)["QueueUrl"] for name, queue in QUEUES.items()}
        boto3.client("events").create_event_bus(Name="appointments")
        variables = ENVIRONMENT | {
            "POWERTOOLS_METRICS_NAMESPACE": f"Appointments/{STACK}",
            "BACKLOG_QUEUE_URL": self.urls["BacklogQueue"],
            "EVENT_BUS_NAME": "appointments",
            "EVENT_SOURCE": "pexip.engage",
            "EVENT_DETAIL": "full",
            "FAILURE_QUEUE_URL": self.urls["PublisherFailureQueue"],
        }
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr(timing, "ANSWER", AMPLE_SECONDS)
        patch.setattr(timing, "BACKLOG_DELIVERY", AMPLE_SECONDS)
        patch.setattr(timing, "PUBLISHER_LEAST_CALL", 0.0)
        patch.setattr(timing, "PUBLISHER_MARGIN", 0.0)
        import backlog.handler
        import publisher.handler

        patch.setenv("POWERTOOLS_SERVICE_NAME", "webhook")
        self.webhook = start_webhook()
        patch.setenv("POWERTOOLS_SERVICE_NAME", "publisher")
        self.publisher = importlib.reload(publisher.handler)
        patch.setenv("POWERTOOLS_SERVICE_NAME", "backlog")
        self.backlog = importlib.reload(backlog.handler)
        for handler in (self.webhook, self.backlog):
            self._follow(handler._intake._store._client)
        self._number = 0
        self.reset()

    def _follow(self, client: Any) -> None:
        """Add the event items of every committed transaction of this client to the stream."""
        write = client.transact_write_items

        def followed(**request: Any) -> Any:
            answer = write(**request)
            images = [action["Put"]["Item"] for action in request["TransactItems"] if "Put" in action]
            for image in images:
                if image["sk"]["S"].startswith("EVENT#"):
                    self.add_to_stream(image)
            return answer

        self._patch.setattr(client, "transact_write_items", followed)

    def reset(self) -> None:
        """Start again with a healthy stack, without metrics, on a Monday at nine."""
        self.metrics = Metrics()
        self.logs: dict[str, list[Any]] = {}
        self.minute = MONDAY_NINE
        self.faults = Faults()
        self._waiting: list[Waiting] = []
        self._records: list[tuple[int, Any]] = []
        for queue in QUEUES:
            _messages(queue).clear()

    def tick(self, *contents: bytes, token: str = TOKEN, watch: Callable[[], None] = lambda: None) -> None:
        """Deliver bodies, let the mappings poll, write what AWS writes every minute, and let the minute pass."""
        for content in contents:
            self._deliver(content, token)
        self._poll_backlog()
        self._poll_stream()
        for queue in QUEUES:
            self._put_queue(queue)
        watch()
        self.minute += 1

    def usual(self, **overrides: Any) -> bytes:
        """Return a valid body that was never sent before, of another appointment."""
        self._number += 1
        document = delivery(id=f"e-{self._number}", appointment_id=f"a-{self._number}", **overrides)
        return body(document)

    def add_to_stream(self, image: Any) -> None:
        """Add a record of an item that the store did not write."""
        self._number += 1
        self._records.append((self.minute, _record(image, self._number)))

    def put_aws(self, namespace: str, name: str, dimensions: dict[str, str], *values: float) -> None:
        self.metrics.put(self.minute, metric(namespace, name, dimensions), *values)

    def send(self, queue: str, text: str) -> None:
        boto3.client("sqs").send_message(QueueUrl=self.urls[queue], MessageBody=text)

    def written(self) -> set[Metric]:
        return self.metrics.written()

    def _deliver(self, content: bytes, token: str) -> None:
        status = self._answer(content, token)
        api = {"ApiId": name_of("WebhookApi")}
        self.put_aws("AWS/ApiGateway", "Count", api, 1)
        self.put_aws("AWS/ApiGateway", "4xx", api, 400 <= status < 500)
        self.put_aws("AWS/ApiGateway", "5xx", api, status >= 500)
        self.put_aws("AWS/ApiGateway", "Latency", api, self.faults.latency_ms)

    def _answer(self, content: bytes, token: str) -> int:
        """Return the status of the gateway's answer."""
        function = {"FunctionName": name_of("WebhookFunction")}
        if self.faults.gateway_throttles:
            # What the metric filter on the access log writes.
            self.put_aws(f"Appointments/{STACK}", "Throttled", {}, 1)
            return 429
        self.put_aws("AWS/Lambda", "Throttles", function, self.faults.webhook_is_throttled)
        if self.faults.webhook_is_throttled:
            return 503
        self.put_aws("AWS/Lambda", "Errors", function, self.faults.webhook_crashes)
        if self.faults.webhook_crashes:
            return 500
        answer = self._invoke("webhook", self.webhook, webhook_event(content, token=token, encoded=True))
        return int(answer["statusCode"])

    def _poll_backlog(self) -> None:
        messages = _messages("BacklogQueue")
        self._waiting += [Waiting(message.body, self.minute, self.minute) for message in messages]
        messages.clear()
        batch = [waiting for waiting in self._waiting if waiting.next_try <= self.minute][:10]
        if not batch:
            return
        for waiting in batch:
            waiting.receives += 1
            waiting.next_try = self.minute + BACKLOG_PAUSE
        records = [waiting.record(number) for number, waiting in enumerate(batch)]
        answer = self._invoke("backlog", self.backlog, {"Records": records})
        again = {int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]}
        for number, waiting in enumerate(batch):
            if number not in again:
                self._waiting.remove(waiting)

    def _poll_stream(self) -> None:
        if self.faults.mapping_stopped or not self._records:
            return
        due = [entry for entry in self._records if entry[0] <= self.minute - self.faults.batching_minutes]
        if not due:
            return
        oldest = due[0][0]
        function = {"FunctionName": name_of("PublisherFunction")}
        self.put_aws("AWS/Lambda", "IteratorAge", function, (self.minute - oldest) * 60_000)
        batch = due[:100]
        answer = self._invoke("publisher", self.publisher, {"Records": [record for _, record in batch]})
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        numbers = [record["dynamodb"]["SequenceNumber"] for _, record in batch]
        done = next((index for index, number in enumerate(numbers) if number in failed), len(batch))
        del self._records[:done]

    def _put_queue(self, queue: str) -> None:
        visible = len(_messages(queue))
        if queue == "BacklogQueue":
            visible += len(self._waiting)
        in_flight = self.faults.in_flight.get(queue, 0)
        dimensions = {"QueueName": name_of(queue, "QueueName")}
        self.put_aws("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions, visible - in_flight)
        self.put_aws("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", dimensions, in_flight)
        if queue == "BacklogQueue":
            age = max((self.minute - message.since for message in self._waiting), default=0)
            self.put_aws("AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions, age * 60)

    def _invoke(self, service: str, handler: Any, event: Any) -> Any:
        """Invoke a handler as Lambda does, and take the metrics from what it prints."""
        self._patch.setenv("POWERTOOLS_SERVICE_NAME", service)
        printed = io.StringIO()
        handler.logger.registered_handler.stream = printed
        context = SimpleNamespace(
            function_name=service,
            memory_limit_in_mb=512,
            invoked_function_arn="arn:aws:lambda",
            aws_request_id="r-1",
            get_remaining_time_in_millis=lambda: self.faults.publisher_seconds * 1000,
        )
        with contextlib.redirect_stdout(printed):
            answer = handler.lambda_handler(event, context)
        lines = printed.getvalue().splitlines()
        self.metrics.put_embedded(self.minute, lines)
        self.logs.setdefault(service, []).extend(json.loads(line) for line in lines)
        return answer


def _messages(queue: str) -> list[Any]:
    """The messages of a queue, from moto's memory: a call for each queue and minute takes most of a run."""
    found: list[Any] = sqs_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].queues[QUEUES[queue]]._messages
    return found


def _record(image: Any, number: int) -> Any:
    encoded = dict(image)
    if isinstance(image.get("body", {}).get("B"), bytes):
        encoded["body"] = {"B": base64.b64encode(image["body"]["B"]).decode()}
    return {
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {name: image[name] for name in (items.PARTITION_KEY, items.SORT_KEY)},
            "NewImage": encoded,
            "SequenceNumber": f"{number:06}",
            "ApproximateCreationDateTime": 1772442001 + number,
        },
    }
