"""Where the commands work: the stack's own names, from its outputs or given one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import click

from appointments.events import EventDetail

_OPTIONS = {
    "queue_url": ("--queue-url", "FAILURE_QUEUE_URL", "The publisher's failure queue."),
    "table_name": ("--table", "TABLE_NAME", "The appointments table."),
    "bus_name": ("--bus", "EVENT_BUS_NAME", "The event bus."),
    "source": ("--source", "EVENT_SOURCE", "The messages' source."),
    "event_detail": ("--detail", "EVENT_DETAIL", "full or reference, as deployed."),
}
NAMES = tuple(_OPTIONS)
_OUTPUTS = {"queue_url": "PublisherFailureQueueUrl", "table_name": "TableName", "bus_name": "EventBusName"}
_PARAMETERS = {"source": "EventSource", "event_detail": "EventDetail"}


@dataclass(frozen=True, slots=True)
class Target:
    """A deployed stack, as far as publishing again needs it."""

    queue_url: str
    table_name: str
    bus_name: str
    source: str
    event_detail: EventDetail

    @classmethod
    def of(cls, names: Mapping[str, str]) -> Target:
        """``names`` is what :func:`resolve` gives of all NAMES. Raises UsageError for a detail that does not exist."""
        try:
            return cls(**{**names, "event_detail": EventDetail(names["event_detail"])})  # type: ignore[arg-type]
        except ValueError:
            raise click.UsageError("--detail is full or reference") from None


def options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a command --stack and the options of these names, which :func:`resolve` takes as keywords."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            flag, variable, text = _OPTIONS[name]
            command = click.option(flag, name, envvar=variable, help=f"{text} Default: the stack's.")(command)
        return click.option("--stack", envvar="STACK_NAME", help="CloudFormation stack to take names from.")(command)

    return decorate


def resolve(stack: str | None, **given: str | None) -> dict[str, str]:
    """Raises UsageError for a name that is neither given nor in the stack."""
    names = {name: value for name, value in given.items() if value}
    missing = given.keys() - names.keys()
    if missing and stack:
        names |= {name: value for name, value in _of_stack(stack).items() if name in missing}
    if unknown := [_OPTIONS[name][0] for name in given if name not in names]:
        raise click.UsageError(f"give --stack, or {' '.join(unknown)}")
    return names


def _of_stack(stack: str) -> dict[str, str]:
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}
    return {name: outputs[key] for name, key in _OUTPUTS.items() if key in outputs} | {
        name: parameters[key] for name, key in _PARAMETERS.items() if key in parameters
    }
