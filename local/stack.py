"""The whole stack on this machine: gateway, functions, embedded AWS and the event source mappings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT

from local.aws import BACKLOG_QUEUE, FAILURE_QUEUE, QUEUE, REGION, STACK, TABLE, EmbeddedAws
from local.engage.access import EngageAccess
from local.environment import EnvironmentPool, FunctionError
from local.event_source_mappings import EventSourceMapping
from local.gateway import Gateway
from local.moto_patches import QUEUE_WRITES, TABLE_WRITES
from local.polling import Poller
from local.queue_mapping import QueueMapping
from local.short_line import short_lines
from local.stream_mapping import StreamMapping
from local.template import Function, Template

FUNCTIONS = ("WebhookFunction", "PublisherFunction", "BacklogFunction")
RECONCILE = "ReconcileFunction"
WEBHOOK_ENVIRONMENTS = 4
PAUSE_MOTO = 5.0
"""Seconds between two polls of moto's stream. A write wakes its mapping at once, so this only bounds what is missed."""
PAUSE_OTHER_DYNAMODB = 0.5
"""The same for another DynamoDB, which wakes nobody: the longest delay of a message."""
PAUSE_RETRIES = 1.0
"""Seconds between two polls of the queue: a message that failed becomes visible again, and that wakes nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a stack. Port 0 takes a free port.

    - ``engage_port``: that of the stand-in of the vendor's API, which only ``make serve`` keeps running.
    - ``engage``: the access to that API; with it, the stack has ReconcileFunction, which runs when it is invoked.
    - ``log``: the file for the functions' log lines; None for one short line on stdout for each delivery and message.
    - ``parameters``: values of the template's parameters, by name; the others keep their defaults.
    - ``webhooks``: how many execution environments WebhookFunction has.
    - ``variables``: environment variables of every function, which override the template's.
    - ``timeouts``: seconds by function, which override the template's.
    """

    host: str = "127.0.0.1"
    port: int = 3000
    aws_port: int = 4566
    engage_port: int = 0
    engage: EngageAccess | None = None
    token: str = "local-token"  # noqa: S105 - for this machine only
    dynamodb_url: str | None = None
    table_name: str = TABLE
    log: Path | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    webhooks: int = WEBHOOK_ENVIRONMENTS
    variables: Mapping[str, str] = field(default_factory=dict)
    timeouts: Mapping[str, int] = field(default_factory=dict)


class Stack:
    """A context manager that starts everything and leaves nothing behind.

    The constructor creates the AWS resources and starts the processes of the functions. Entering the context waits for
    the handlers, then opens the gateway's port.
    """

    def __init__(self, options: Options) -> None:
        template = Template()
        for name, value in options.parameters.items():
            template.check_parameter(name, value)
        self.options = options
        with ExitStack() as cleanup:  # in effect when a later step fails or a signal ends the start
            webhook, publisher, backlog = (
                replace(function, timeout_seconds=options.timeouts.get(function.logical_id, function.timeout_seconds))
                for function in map(template.function, FUNCTIONS)
            )
            self.pools: dict[str, EnvironmentPool] = {}
            self._starting = Lock()
            self.gateway = Gateway(
                webhook.routes,
                lambda event, request_id: self._invoke("WebhookFunction", event, request_id),
                host=options.host,
                port=options.port,
                log_access=lambda variables: self.aws.log_access(variables),
            )
            cleanup.callback(self.gateway.close)
            self.aws = EmbeddedAws(
                template,
                token=options.token,
                host=options.host,
                port=options.aws_port,
                dynamodb_url=options.dynamodb_url,
                table_name=options.table_name,
                parameters=options.parameters,
                webhook_url=self.gateway.url,
                engage=options.engage,
            )
            cleanup.callback(self.aws.stop)
            self._logs = self.aws.function_logs(_log_file(options.log) if options.log else _print_short)
            cleanup.callback(self._stop_pools)
            self._start_pool(webhook, options.webhooks)
            self._start_pool(publisher, 1)
            self._start_pool(backlog, 1)
            stream = StreamMapping(
                self.aws.client("dynamodbstreams"),
                self._stream_arn(),
                publisher.events["DynamoDB"],
                self._publish,
                self._report_failure,
            )
            queue = QueueMapping(
                self.aws.client("sqs"),
                self.queue_url(BACKLOG_QUEUE),
                backlog.events["SQS"],
                lambda event: self._invoke("BacklogFunction", event),
                lambda age: self._logs.measure(
                    "AWS/SQS", "ApproximateAgeOfOldestMessage", age, QueueName=BACKLOG_QUEUE
                ),
            )
            self._pollers = (
                Poller(stream, pause=PAUSE_OTHER_DYNAMODB if options.dynamodb_url else PAUSE_MOTO),
                Poller(queue, pause=PAUSE_RETRIES),
            )
            self.aws.listeners.append(self._wake)
            queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{BACKLOG_QUEUE}"
            sources = ((publisher, "DynamoDB", self._stream_arn()), (backlog, "SQS", queue_arn))
            for (function, kind, arn), poller in zip(sources, self._pollers, strict=True):
                size = function.events[kind]["BatchSize"]
                known = EventSourceMapping(deployed_name(function.logical_id), arn, size, poller)
                self.aws.mappings[known.uuid] = known
            self._on_demand = template.function(RECONCILE) if options.engage else None
            for name in (*FUNCTIONS, *([RECONCILE] if options.engage else [])):
                self.aws.functions[deployed_name(name)] = partial(self._invoke, name)
            self._cleanup = cleanup.pop_all()

    def __enter__(self) -> Self:
        try:
            for pool in self.pools.values():
                pool.wait_until_ready()
            for poller in self._pollers:
                poller.start()
            self.gateway.start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def queue_url(self, name: str = QUEUE) -> str:
        url: str = self.aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        return url

    def _wake(self, target: str) -> None:
        """Wake the mapping that reads what a request to moto has written."""
        for poller, targets in zip(self._pollers, (TABLE_WRITES, QUEUE_WRITES), strict=True):
            if target in targets:
                poller.wake()

    def _start_pool(self, function: Function, size: int) -> None:
        environment = {**self.aws.environment(function.logical_id), **self.options.variables}
        self.pools[function.logical_id] = EnvironmentPool(function, environment, size=size, take_lines=self._logs.add)

    def _invoke(self, function: str, event: Any, request_id: str | None = None) -> Any:
        """Invoke a function, and count an error as Lambda does."""
        if function == RECONCILE:
            self._start_on_demand()
        try:
            return self.pools[function].invoke(event, request_id)
        except FunctionError:
            self._logs.measure("AWS/Lambda", "Errors", 1, FunctionName=deployed_name(function))
            raise

    def _start_on_demand(self) -> None:
        """Start ReconcileFunction. Its process takes memory, so it starts when somebody invokes it."""
        with self._starting:
            if self._on_demand and RECONCILE not in self.pools:
                self._start_pool(self._on_demand, 1)

    def _publish(self, event: dict[str, Any]) -> Any:
        """Invoke the publisher, and measure the age of the last record as Lambda does."""
        age = time.time() - event["Records"][-1]["dynamodb"]["ApproximateCreationDateTime"]
        name = deployed_name("PublisherFunction")
        self._logs.measure("AWS/Lambda", "IteratorAge", max(0.0, age) * 1000, FunctionName=name)
        return self._invoke("PublisherFunction", event)

    def _stop(self) -> None:
        self.gateway.close()
        for poller in self._pollers:
            poller.stop()
        self._stop_pools()  # before the threads end: an invocation in flight keeps its thread
        for poller in self._pollers:
            poller.join()
        self.gateway.join()
        self._cleanup.close()

    def _stop_pools(self) -> None:
        with self._starting:
            self._on_demand = None
        for pool in self.pools.values():
            pool.stop()

    def _stream_arn(self) -> Any:
        table = self.aws.client("dynamodb").describe_table(TableName=self.options.table_name)["Table"]
        return table["LatestStreamArn"]

    def _report_failure(self, message: str) -> None:
        self.aws.client("sqs").send_message(QueueUrl=self.queue_url(FAILURE_QUEUE), MessageBody=message)


def deployed_name(function: str) -> str:
    """The name of a function in the embedded stack."""
    return f"{STACK}-{function}"


def _log_file(log: Path) -> Callable[[str, str], None]:
    def append(_function: str, line: str) -> None:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    return append


def _print_short(function: str, line: str) -> None:
    for short in short_lines(function, line):
        print(short, flush=True)
