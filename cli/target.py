"""The deployment that a command works on: a stack by name, or its resources one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, TypeVar

import boto3
import click
from botocore.config import Config

from appointments.contract.mode import ContractMode
from appointments.intake import Intake
from appointments.publishing.messages import EventDetail
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store

Command = TypeVar("Command", bound=Callable[..., Any])
RESOURCES = {
    "quarantine_bucket": "QuarantineBucket",
    "table": "AppointmentsTable",
    "bodies_bucket": "BodiesBucket",
    "event_bus": "AppointmentsBus",
    "failure_queue": "PublisherFailureQueue",
}
PARAMETERS = {
    "event_source": "EventSource",
    "event_detail": "EventDetail",
    "contract_mode": "ContractMode",
    "history_retention_days": "HistoryRetentionDays",
}
"""By option, the logical id or the parameter in template.yaml."""
# A person waits, not the sender: a long wait is better than a second command.
CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 6})

_OPTIONS = {
    "stack": click.option("--stack", metavar="NAME", help="The CloudFormation stack that has the resources below."),
    "quarantine_bucket": click.option("--quarantine-bucket", metavar="NAME"),
    "table": click.option("--table", metavar="NAME"),
    "bodies_bucket": click.option("--bodies-bucket", metavar="NAME"),
    "history_retention_days": click.option(
        "--history-retention-days", type=click.IntRange(0), metavar="DAYS", help="0 keeps events for ever."
    ),
    "contract_mode": click.option("--contract-mode", type=click.Choice([mode.value for mode in ContractMode])),
    "event_bus": click.option("--event-bus", metavar="NAME"),
    "event_source": click.option("--event-source", metavar="TEXT"),
    "event_detail": click.option("--event-detail", type=click.Choice([detail.value for detail in EventDetail])),
    "failure_queue": click.option("--failure-queue", metavar="URL"),
    "endpoint_url": click.option(
        "--endpoint-url", metavar="URL", help="The endpoint of another AWS, such as the local stack."
    ),
    "region": click.option("--region", metavar="NAME"),
    "profile": click.option("--profile", metavar="NAME"),
}


class Target:
    """The deployment of the options. Its stack is read once, and only for what no option gives."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._session = boto3.Session(profile_name=options["profile"], region_name=options["region"])

    def client(self, service: str, config: Config = CONFIG) -> Any:
        return self._session.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self._options["endpoint_url"],
            config=config,
        )

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @property
    def quarantine_bucket(self) -> str:
        return self._name("quarantine_bucket")

    @property
    def table_name(self) -> str:
        return self._name("table")

    @property
    def bodies(self) -> Bodies:
        return Bodies(self.s3, self._name("bodies_bucket"))

    @property
    def store(self) -> Store:
        return Store(self.client("dynamodb"), self.table_name, lambda: self.bodies)

    @property
    def intake(self) -> Intake:
        """The intake of the webhook, without quarantine and backlog: a redriven body is in quarantine."""
        return Intake(self.store, mode=self.contract_mode, history_retention_days=self.history_retention_days)

    @property
    def bus_name(self) -> str:
        return self._name("event_bus")

    @property
    def event_source(self) -> str:
        return self._name("event_source")

    @property
    def event_detail(self) -> EventDetail:
        return EventDetail(self._name("event_detail"))

    @property
    def failure_queue_url(self) -> str:
        return self._name("failure_queue")

    @property
    def history_retention_days(self) -> int:
        """The value of the option, else of the stack; 0 keeps events for ever."""
        return int(self._deployed("history_retention_days") or 0)

    @property
    def contract_mode(self) -> ContractMode:
        """The value of the option, else of the stack."""
        return ContractMode(self._deployed("contract_mode") or ContractMode.STRICT)

    def _deployed(self, option: str) -> Any:
        value = self._options[option]
        if value is None and self._options["stack"]:
            return self._parameters.get(PARAMETERS[option])
        return value

    def _name(self, option: str) -> str:
        name = self._options[option]
        if not name and self._options["stack"]:
            known = self._parameters if option in PARAMETERS else self._resources
            name = known.get({**PARAMETERS, **RESOURCES}[option])
        if not name:
            raise click.UsageError(f"give --stack or --{option.replace('_', '-')}")
        return str(name)

    @cached_property
    def _resources(self) -> dict[str, str]:
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages.paginate(StackName=self._options["stack"])
            for resource in page["StackResourceSummaries"]
            if "PhysicalResourceId" in resource
        }

    @cached_property
    def _parameters(self) -> dict[str, str]:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self._options["stack"])["Stacks"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", ())}


def target_options(command: Command) -> Command:
    """Add the options of a target, which can stand before or after the name of a command."""
    for option in reversed(_OPTIONS.values()):
        command = option(command)
    return command


def with_target(command: Command) -> Any:
    """Pass the Target to a command as its first argument."""

    @wraps(command)
    def targeted(**options: Any) -> Any:
        own = {name: options.pop(name) for name in _OPTIONS}
        before = click.get_current_context().find_object(dict) or {}
        merged = {name: value if value is not None else before.get(name) for name, value in own.items()}
        return command(Target(merged), **options)

    return target_options(targeted)
