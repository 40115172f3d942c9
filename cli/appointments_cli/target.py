"""The deployment that a command works on: a stack by name, or its resources one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
import click
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.utils import is_valid_endpoint_url

from appointments.contract.essentials import Essentials
from appointments.contract.mode import ContractMode
from appointments.intake import Intake
from appointments.publishing.messages import EventDetail
from appointments.storage import items
from appointments.storage.bodies import Bodies
from appointments.storage.items import Item
from appointments.storage.store import Store
from cli.stack import Stack

Command = TypeVar("Command", bound=Callable[..., Any])
Value = TypeVar("Value")
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
REDRIVE_BODIES = ("quarantine_bucket", "table", "bodies_bucket", "history_retention_days", "contract_mode")
REDRIVE_EVENTS = ("table", "bodies_bucket", "event_bus", "event_source", "event_detail")
"""The options that a redrive of the quarantine or of the failure queue needs."""
MOST_RETENTION_DAYS = 3650
# A person waits, not the sender: a long wait is better than a second command.
CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 6})


def _endpoint_url(_context: click.Context, _option: click.Parameter, url: str | None) -> str | None:
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        # An unset port is None; reading an impossible one raises ValueError.
        valid = parts.scheme in ("http", "https") and parts.port != 0 and is_valid_endpoint_url(url)
    except ValueError:
        valid = False
    if not valid:
        raise click.BadParameter(f"{url!r} is not a URL with http:// or https://, such as http://localhost:4566")
    return url


_OPTIONS = {
    "stack": click.option("--stack", metavar="NAME", help="CloudFormation stack to work on."),
    "quarantine_bucket": click.option(
        "--quarantine-bucket", metavar="NAME", help="Bucket of refused bodies. Default: that of the stack."
    ),
    "table": click.option("--table", metavar="NAME", help="Table of appointments. Default: that of the stack."),
    "bodies_bucket": click.option(
        "--bodies-bucket", metavar="NAME", help="Bucket of large bodies. Default: that of the stack."
    ),
    "history_retention_days": click.option(
        "--history-retention-days",
        type=click.IntRange(0, MOST_RETENTION_DAYS),
        metavar="DAYS",
        help="Days that a redriven event stays in the table; 0 means for ever. Default: those of the stack.",
    ),
    "contract_mode": click.option(
        "--contract-mode",
        type=click.Choice([mode.value for mode in ContractMode]),
        help="How strictly a redriven body is checked. Default: as in the stack.",
    ),
    "event_bus": click.option("--event-bus", metavar="NAME", help="Event bus. Default: that of the stack."),
    "event_source": click.option(
        "--event-source", metavar="TEXT", help="Source of the messages. Default: that of the stack."
    ),
    "event_detail": click.option(
        "--event-detail",
        type=click.Choice([detail.value for detail in EventDetail]),
        help="Content of the messages. Default: as in the stack.",
    ),
    "failure_queue": click.option(
        "--failure-queue", metavar="URL", help="Failure queue of the publisher. Default: that of the stack."
    ),
    "endpoint_url": click.option(
        "--endpoint-url", metavar="URL", callback=_endpoint_url, help="Endpoint to call instead of AWS, with http://."
    ),
    "region": click.option("--region", metavar="NAME", help="AWS region. Default: that of the environment or profile."),
    "profile": click.option("--profile", metavar="NAME", help="AWS profile for credentials and region."),
}


class Target:
    """The deployment that the options name. The stack is read only for values that no option gives."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._session = boto3.Session(profile_name=options["profile"], region_name=options["region"])

    def client(self, service: str, config: Config | None = None) -> Any:
        try:
            return self._session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self._options["endpoint_url"],
                config=config or CONFIG,
            )
        except BotoCoreError:
            raise
        except ValueError as error:  # an endpoint in the environment or in the profile, or a credential process
            raise click.ClickException(f"{error}: check AWS_ENDPOINT_URL and the AWS profile") from None

    def require(self, *options: str) -> None:
        """Raise an error that names all of these options that neither the command line nor the stack gives."""
        missing = [option for option in options if self._value(option) is None]
        if not missing:
            return
        flags = " and ".join(f"--{option.replace('_', '-')}" for option in missing)
        if self._stack is None:
            raise click.UsageError(f"give --stack or {flags}")
        names = " and no ".join({**PARAMETERS, **RESOURCES}[option] for option in missing)
        raise click.ClickException(f"the stack {self._stack.name} has no {names}: give another stack, or {flags}")

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @property
    def quarantine_bucket(self) -> str:
        return self._read("quarantine_bucket", str)

    @property
    def table_name(self) -> str:
        return self._read("table", str)

    @property
    def bodies(self) -> Bodies:
        return Bodies(self.s3, self._read("bodies_bucket", str))

    @cached_property
    def dynamodb(self) -> Any:
        return self.client("dynamodb")

    @property
    def store(self) -> Store:
        return Store(self.dynamodb, self.table_name, lambda: self.bodies)

    def find_event(self, essentials: Essentials) -> Item | None:
        """Return the event item of a delivery, None when the table has none."""
        key = {
            items.PARTITION_KEY: {"S": items.partition_key(essentials.appointment_id)},
            items.SORT_KEY: {"S": items.event_sort_key(essentials.envelope_id)},
        }
        found: Item | None = self.dynamodb.get_item(TableName=self.table_name, Key=key, ConsistentRead=True).get("Item")
        return found

    @property
    def intake(self) -> Intake:
        """The intake of the webhook, without quarantine and backlog: a redriven body is in quarantine."""
        return Intake(self.store, mode=self.contract_mode, history_retention_days=self.history_retention_days)

    @property
    def bus_name(self) -> str:
        return self._read("event_bus", str)

    @property
    def event_source(self) -> str:
        return self._read("event_source", str)

    @property
    def event_detail(self) -> EventDetail:
        return self._read("event_detail", EventDetail)

    @property
    def failure_queue_url(self) -> str:
        return self._read("failure_queue", str)

    @property
    def history_retention_days(self) -> int:
        """0 keeps events for ever."""
        return self._read("history_retention_days", int)

    @property
    def contract_mode(self) -> ContractMode:
        return self._read("contract_mode", ContractMode)

    def _read(self, option: str, convert: Callable[[Any], Value]) -> Value:
        """Return the value of an option, or of the stack."""
        self.require(option)
        value = self._value(option)
        try:
            return convert(value)
        except ValueError:
            flag = option.replace("_", "-")
            raise click.ClickException(f"the stack has an unknown value, {value!r}: give --{flag}") from None

    def _value(self, option: str) -> Any:
        value = self._options[option]
        if value not in (None, ""):
            return value
        if self._stack is None:
            return None
        if option in PARAMETERS:
            return self._stack.parameters.get(PARAMETERS[option])
        return self._stack.resources.get(RESOURCES[option])

    @cached_property
    def _stack(self) -> Stack | None:
        name = self._options["stack"]
        return Stack(self.client("cloudformation"), name) if name else None


def target_options(command: Command) -> Command:
    """Add the options of a target, which can stand before or after the name of a command."""
    for option in reversed(_OPTIONS.values()):
        command = option(command)
    return command


def with_target(command: Command) -> Any:
    """Pass the Target to a command as its first argument."""

    @wraps(command)
    def command_with_target(**options: Any) -> Any:
        after = {name: options.pop(name) for name in _OPTIONS}
        before = click.get_current_context().find_object(dict) or {}
        merged = {name: value if value is not None else before.get(name) for name, value in after.items()}
        return command(Target(merged), **options)

    return target_options(command_with_target)
