"""The whole stack on this machine: gateway, functions, embedded AWS and the pump between table and publisher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.aws import BACKLOG_QUEUE, FAILURE_QUEUE, QUEUE, TABLE, EmbeddedAws
from local.environment import Fleet
from local.gateway import Gateway
from local.queue_mapping import Poller
from local.stream_mapping import Pump
from local.template import Template

FUNCTIONS = ("WebhookFunction", "PublisherFunction", "BacklogFunction")
WEBHOOKS_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Port 0 takes any free port. ``log`` is the file that the functions' log lines go to, None for stdout.

    ``parameters`` are the template's, by name; those left out have their defaults. ``webhooks`` execution environments
    of WebhookFunction run at once; ``variables`` go over those of the template, in the environment of every function;
    ``timeouts`` are seconds by function, where they are not to be the template's.
    """

    host: str = "127.0.0.1"
    port: int = 3000
    aws_port: int = 4566
    token: str = "local-token"  # noqa: S105 - for this machine only
    dynamodb_url: str | None = None
    table_name: str = TABLE
    log: Path | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    webhooks: int = WEBHOOKS_AT_ONCE
    variables: Mapping[str, str] = field(default_factory=dict)
    timeouts: Mapping[str, int] = field(default_factory=dict)


class Stack:
    """A context manager: everything runs inside it, and nothing is left of it afterwards."""

    def __init__(self, options: Options) -> None:
        template = Template()
        for name, value in options.parameters.items():
            template.check_parameter(name, value)
        self.options = options
        self.aws = EmbeddedAws(
            template,
            token=options.token,
            host=options.host,
            port=options.aws_port,
            dynamodb_url=options.dynamodb_url,
            table_name=options.table_name,
            parameters=options.parameters,
        )
        webhook, publisher, backlog = (
            replace(function, timeout_seconds=options.timeouts.get(function.logical_id, function.timeout_seconds))
            for function in map(template.function, FUNCTIONS)
        )
        self.fleets = {
            function.logical_id: Fleet(
                function, {**self.aws.environment(function.logical_id), **options.variables}, size=size, log=options.log
            )
            for function, size in ((webhook, options.webhooks), (publisher, 1), (backlog, 1))
        }
        self.gateway = Gateway(
            webhook.routes, self.fleets["WebhookFunction"].invoke, host=options.host, port=options.port
        )
        self._pump = Pump(
            self.aws.client("dynamodbstreams"),
            self._stream_arn(),
            publisher.events["DynamoDB"],
            self.fleets["PublisherFunction"].invoke,
            self._report_failure,
        )
        self._poller = Poller(
            self.aws.client("sqs"),
            self.queue_url(BACKLOG_QUEUE),
            backlog.events["SQS"],
            self.fleets["BacklogFunction"].invoke,
        )

    def __enter__(self) -> Self:
        for fleet in self.fleets.values():
            fleet.wait_until_ready()
        self.gateway.start()
        self._pump.start()
        self._poller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.gateway.stop()
        self._pump.stop()
        self._poller.stop()
        for fleet in self.fleets.values():
            fleet.stop()
        self.aws.stop()

    def queue_url(self, name: str = QUEUE) -> str:
        url: str = self.aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        return url

    def _stream_arn(self) -> Any:
        table = self.aws.client("dynamodb").describe_table(TableName=self.options.table_name)["Table"]
        return table["LatestStreamArn"]

    def _report_failure(self, message: str) -> None:
        self.aws.client("sqs").send_message(QueueUrl=self.queue_url(FAILURE_QUEUE), MessageBody=message)
