"""Which deployment the commands are about: a stack by name, or its resources one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, TypeVar

import boto3
import click
from botocore.config import Config

from appointments.events import EventDetail

Command = TypeVar("Command", bound=Callable[..., Any])
RESOURCES = {"failure_queue": "PublisherFailureQueue", "table": "AppointmentsTable", "event_bus": "AppointmentsBus"}
PARAMETERS = {"event_source": "EventSource", "event_detail": "EventDetail"}
"""Option to logical id and to parameter in template.yaml."""
# A person waits, not a sender: patience beats a second command.
CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 6})

_OPTIONS = {
    "stack": click.option("--stack", metavar="NAME", help="CloudFormation stack to take the names below from."),
    "failure_queue": click.option("--failure-queue", metavar="URL"),
    "table": click.option("--table", metavar="NAME"),
    "event_bus": click.option("--event-bus", metavar="NAME"),
    "event_source": click.option("--event-source", metavar="TEXT"),
    "event_detail": click.option("--event-detail", type=click.Choice([detail.value for detail in EventDetail])),
    "endpoint_url": click.option("--endpoint-url", metavar="URL", help="An AWS other than the real one."),
    "region": click.option("--region", metavar="NAME"),
    "profile": click.option("--profile", metavar="NAME"),
}


class FailureTarget:
    """The deployment that the options name; its stack is asked once, and only for what no option gives."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._session = boto3.Session(profile_name=options["profile"], region_name=options["region"])

    def client(self, service: str, config: Config = CONFIG) -> Any:
        return self._session.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self._options["endpoint_url"],
            config=config,
        )

    @property
    def failure_queue_url(self) -> str:
        return self._name("failure_queue")

    @property
    def table_name(self) -> str:
        return self._name("table")

    @property
    def bus_name(self) -> str:
        return self._name("event_bus")

    @property
    def event_source(self) -> str:
        return self._name("event_source")

    @property
    def event_detail(self) -> EventDetail:
        return EventDetail(self._name("event_detail"))

    def _name(self, option: str) -> str:
        name = self._options[option]
        if not name and self._options["stack"]:
            name = self._resources.get(RESOURCES[option]) if option in RESOURCES else self._parameters.get(option)
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
        values = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", ())}
        return {option: values[key] for option, key in PARAMETERS.items() if key in values}


def with_failure_target(command: Command) -> Any:
    """A command that is given the FailureTarget as its first argument; its options come before or after its name."""

    @wraps(command)
    def targeted(**options: Any) -> Any:
        own = {name: options.pop(name) for name in _OPTIONS}
        before = click.get_current_context().find_object(dict) or {}
        merged = {name: value if value is not None else before.get(name) for name, value in own.items()}
        return command(FailureTarget(merged), **options)

    for option in reversed(_OPTIONS.values()):
        targeted = option(targeted)
    return targeted
