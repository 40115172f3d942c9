"""The deployment that a command works on: a stack by name, the one on this machine, or resources one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import click

from appointments_cli import errors, serving
from appointments_cli.reach import Reach

if TYPE_CHECKING:
    from botocore.config import Config

    from appointments.contract.essentials import Essentials
    from appointments.contract.mode import ContractMode
    from appointments.intake import Intake
    from appointments.publishing.messages import EventDetail
    from appointments.storage.bodies import Bodies
    from appointments.storage.items import Item
    from appointments.storage.store import Store
    from appointments_cli.stack import Stack

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
    "engage_secret": "EngageApiSecretArn",
    "engage_enterprise": "EngageEnterprise",
    "engage_api_url": "EngageApiUrl",
    "engage_auth_url": "EngageAuthUrl",
}
"""By option, the logical id or the parameter in template.yaml."""
REDRIVE_BODIES = ("quarantine_bucket", "table", "bodies_bucket", "history_retention_days", "contract_mode")
REDRIVE_EVENTS = ("table", "bodies_bucket", "event_bus", "event_source", "event_detail")
"""The options that a redrive of the quarantine or of the failure queue needs."""
FAILURES_OPTIONS = ("failure_queue", *REDRIVE_EVENTS)
ENGAGE_OPTIONS = ("engage_secret", "engage_enterprise", "engage_api_url", "engage_auth_url")
MOST_RETENTION_DAYS = 3650
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 4, 7, 6
"""With PATIENCE_SECONDS of :mod:`.reach` they end most waits for an AWS that is silent. :mod:`.silence` ends all."""


def _endpoint_url(_context: click.Context, _option: click.Parameter, url: str | None) -> str | None:
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        # An unset port is None; reading an impossible one raises ValueError.
        valid = parts.scheme in ("http", "https") and parts.port != 0 and bool(parts.hostname) and " " not in url
    except ValueError:
        valid = False
    if not valid:
        raise click.BadParameter(f"{url!r} is not a URL with http:// or https://, such as http://localhost:4566")
    return url


_COMMON = {
    "stack": click.option(
        "--stack", metavar="NAME", help="CloudFormation stack to work on. Default: APPOINTMENTS_STACK."
    ),
    "local": click.option("--local", is_flag=True, default=None, help="Work on the stack of 'make serve'."),
    "endpoint_url": click.option(
        "--endpoint-url", metavar="URL", callback=_endpoint_url, help="Endpoint to call instead of AWS, with http://."
    ),
    "region": click.option("--region", metavar="NAME", help="AWS region. Default: that of the environment or profile."),
    "profile": click.option("--profile", metavar="NAME", help="AWS profile for credentials and region."),
}


def _of_stack(flag: str, metavar: str, what: str) -> Callable[[Command], Command]:
    return click.option(flag, metavar=metavar, help=f"{what}. Default: that of the stack.")


_NAMED = {
    "quarantine_bucket": _of_stack("--quarantine-bucket", "NAME", "Bucket of refused bodies"),
    "table": _of_stack("--table", "NAME", "Table of appointments"),
    "bodies_bucket": _of_stack("--bodies-bucket", "NAME", "Bucket of large bodies"),
    "history_retention_days": click.option(
        "--history-retention-days",
        type=click.IntRange(0, MOST_RETENTION_DAYS),
        metavar="DAYS",
        help="Days that a redriven event stays in the table; 0 means for ever. Default: those of the stack.",
    ),
    "contract_mode": click.option(
        "--contract-mode",
        type=click.Choice(["tolerant", "strict"]),
        help="How strictly a redriven body is checked. Default: as in the stack.",
    ),
    "event_bus": _of_stack("--event-bus", "NAME", "Event bus"),
    "event_source": _of_stack("--event-source", "TEXT", "Source of the messages"),
    "event_detail": click.option(
        "--event-detail",
        type=click.Choice(["full", "reference"]),
        help="Content of the messages. Default: as in the stack.",
    ),
    "failure_queue": _of_stack("--failure-queue", "URL", "Failure queue of the publisher"),
    "engage_secret": _of_stack("--engage-secret", "ARN", "Secret with the credentials of the Engage API"),
    "engage_enterprise": _of_stack("--engage-enterprise", "NAME", "Your enterprise in Engage's URLs"),
    "engage_api_url": _of_stack("--engage-api-url", "URL", "Address of the Engage API"),
    "engage_auth_url": _of_stack("--engage-auth-url", "URL", "Address of Engage's authentication"),
}


class Engage(NamedTuple):
    """Where the Engage API is, and the ARN of the secret with its credentials; empty where nothing gives it."""

    secret: str
    enterprise: str
    api_url: str
    auth_url: str


class Target:
    """The deployment that the options name. The stack is read only for values that no option gives."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self.reach = Reach()
        self.served = serving.read() if options.get("local") else None

    @property
    def profile(self) -> str:
        """What an error calls the credentials."""
        if self.served:
            return "the local stack"
        return f"profile {self._options['profile']}" if self._options["profile"] else "the default credentials"

    @cached_property
    def _session(self) -> Any:
        import boto3

        if self.served:
            session = boto3.Session(*self.served.credentials, region_name=self.served.region)
        else:
            session = boto3.Session(profile_name=self._options["profile"], region_name=self._options["region"])
        self.reach.register(session.events)
        return session

    def client(self, service: str, config: Config | None = None) -> Any:
        from botocore.exceptions import BotoCoreError

        try:
            return self._session.client(service, endpoint_url=self._endpoint(service), config=config or _config())
        except BotoCoreError:
            raise
        except ValueError as error:  # an endpoint in the environment or in the profile, or a credential process
            raise errors.CommandError(f"{error}: check AWS_ENDPOINT_URL and the AWS profile") from None

    def publisher_client(self, service: str, timing: tuple[float, float, int]) -> Any:
        """Return a client with the timeouts of PublisherFunction: the publication itself retries."""
        from botocore.config import Config

        connect, read, attempts = timing
        return self.client(
            service, Config(connect_timeout=connect, read_timeout=read, retries={"total_max_attempts": attempts})
        )

    def _endpoint(self, service: str) -> str | None:
        url: str | None = self._options["endpoint_url"]
        return url or (self.served.endpoint(service) if self.served else None)

    def require(self, *options: str) -> None:
        """Raise an error that names all of these options that neither the command line nor the stack gives."""
        missing = [option for option in options if self._value(option) is None]
        if not missing:
            return
        flags = " and ".join(f"--{option.replace('_', '-')}" for option in missing)
        if self._stack is None:
            raise click.UsageError(f"name the deployment with --stack, APPOINTMENTS_STACK or --local, or give {flags}")
        names = " and no ".join({**PARAMETERS, **RESOURCES}[option] for option in missing)
        raise errors.WrongTargetError(f"the stack {self._stack.name} has no {names}: give another stack, or {flags}")

    @property
    def has_stack(self) -> bool:
        """Whether the command line or the environment names a stack."""
        return self._stack is not None

    @property
    def name(self) -> str:
        """What an error calls the deployment."""
        return "the command line" if self._stack is None else f"the stack {self._stack.name}"

    @property
    def engage(self) -> Engage:
        """The Engage API of the options, of the stack, or of the stack on this machine."""
        from appointments.reconciliation.engage_api import API_URL, AUTH_URL

        self.require("table")
        secret, enterprise, api_url, auth_url = (self._value(option) or "" for option in ENGAGE_OPTIONS)
        return Engage(secret, enterprise, api_url or API_URL, auth_url or AUTH_URL)

    @property
    def stack(self) -> Stack:
        """The stack, for a command that needs more of it than the options can name."""
        if self._stack is None:
            raise click.UsageError("name the deployment with --stack, APPOINTMENTS_STACK or --local")
        return self._stack

    def resource(self, logical_id: str) -> str | None:
        """Return the physical id of a resource of the stack, None where the stack does not have it."""
        return self.stack.resources.get(logical_id)

    def required_resource(self, logical_id: str) -> str:
        """Return the physical id of a resource. Raises WrongTargetError if the stack does not have it."""
        found = self.resource(logical_id)
        if found is None:
            raise errors.WrongTargetError(f"the stack {self.stack.name} has no {logical_id}")
        return found

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @cached_property
    def sqs(self) -> Any:
        return self.client("sqs")

    @cached_property
    def logs(self) -> Any:
        return self.client("logs")

    @property
    def quarantine_bucket(self) -> str:
        return self._read("quarantine_bucket", str)

    @property
    def table_name(self) -> str:
        return self._read("table", str)

    @property
    def bodies(self) -> Bodies:
        from appointments.storage.bodies import Bodies

        return Bodies(self.s3, self._read("bodies_bucket", str))

    @cached_property
    def dynamodb(self) -> Any:
        return self.client("dynamodb")

    @property
    def store(self) -> Store:
        from appointments.storage.store import Store

        return Store(self.dynamodb, self.table_name, lambda: self.bodies)

    def find_event(self, essentials: Essentials) -> Item | None:
        """Return the event item of a delivery, None when the table has none."""
        from appointments.storage import items

        key = items.key(items.partition_key(essentials.appointment_id), items.event_sort_key(essentials.envelope_id))
        found: Item | None = self.dynamodb.get_item(TableName=self.table_name, Key=key, ConsistentRead=True).get("Item")
        return found

    @property
    def intake(self) -> Intake:
        """The intake of the webhook, without quarantine and backlog: a redriven body is in quarantine."""
        from appointments.intake import Intake

        return Intake(self.store, mode=self.contract_mode, history_retention_days=self.history_retention_days)

    @property
    def bus_name(self) -> str:
        return self._read("event_bus", str)

    @property
    def event_source(self) -> str:
        return self._read("event_source", str)

    @property
    def event_detail(self) -> EventDetail:
        from appointments.publishing.messages import EventDetail

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
        from appointments.contract.mode import ContractMode

        return self._read("contract_mode", ContractMode)

    def _read(self, option: str, convert: Callable[[Any], Value]) -> Value:
        """Return the value of an option, or of the stack."""
        self.require(option)
        value = self._value(option)
        try:
            return convert(value)
        except ValueError:
            flag = option.replace("_", "-")
            raise errors.CommandError(f"the stack has an unknown value, {value!r}: give --{flag}") from None

    def _value(self, option: str) -> Any:
        value = self._options.get(option)
        if value not in (None, ""):
            return value
        if self._stack is None:
            return None
        if option in PARAMETERS:
            return self._stack.parameters.get(PARAMETERS[option])
        return self._stack.resources.get(RESOURCES[option])

    @cached_property
    def _stack(self) -> Stack | None:
        from appointments_cli.stack import Stack

        name = self.served.stack if self.served else self._options["stack"]
        return Stack(self.client("cloudformation"), name, self._account) if name else None

    def _account(self) -> str:
        """Return the account of the credentials, for an error that is under way already."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return str(self.client("sts").get_caller_identity()["Account"])
        except (BotoCoreError, ClientError, errors.CommandError):
            return "unknown"


def _config() -> Config:
    from botocore.config import Config

    # A person waits, not the sender: a long wait is better than a second command.
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=20,
    )


def target_options(*named: str) -> Callable[[Command], Command]:
    """Add the options of a target: the common ones, and those that name these resources one by one."""

    def decorate(command: Command) -> Command:
        for option in reversed([*_COMMON.values(), *(_NAMED[name] for name in named)]):
            command = option(command)
        return command

    return decorate


def with_target(*named: str) -> Callable[[Command], Any]:
    """Pass the Target to a command as its first argument, and convert what AWS answers to errors of a command."""
    names = [*_COMMON, *named]

    def decorate(command: Command) -> Any:
        @wraps(command)
        def command_with_target(**options: Any) -> Any:
            after = {name: options.pop(name) for name in names}
            before = click.get_current_context().find_object(dict) or {}
            merged = {name: value if value is not None else before.get(name) for name, value in after.items()}
            target = Target(_with_environment(merged))
            return _converting(target, lambda: command(target, **options))

        return target_options(*named)(command_with_target)

    return decorate


def _with_environment(options: dict[str, Any]) -> dict[str, Any]:
    """The environment names a stack only if the command line names none."""
    import os

    if options["local"] and options["stack"]:
        raise click.UsageError("give either --stack or --local")
    if not options["stack"] and not options["local"]:
        options["stack"] = os.environ.get("APPOINTMENTS_STACK")
    return options


def _converting(target: Target, call: Callable[[], Value]) -> Value:
    from appointments.sdk import SDK_ERRORS

    try:
        with target.reach.silence.watched():
            return call()
    except SDK_ERRORS as error:
        raise errors.converted(error, target.profile) from None
