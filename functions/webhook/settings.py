"""The environment of WebhookFunction, typed. No other module of the function reads it."""

# Annotations are objects, not strings: each is what converts its variable.

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Self

from appointments.contract.mode import ContractMode


class WebhookAuth(StrEnum):
    """How a request is authenticated."""

    TOKEN = "token"  # noqa: S105 - the name of a mode, no secret
    SIGNATURE = "signature"
    NONE = "none"


class Settings(NamedTuple):
    """Each field is the environment variable of the same name in upper case; template.yaml sets all of them."""

    table_name: str
    webhook_auth: WebhookAuth
    webhook_secret_arn: str
    webhook_token_header: str
    """The name of one more header that can hold the token; empty for none."""
    webhook_tolerance_seconds: int
    """The largest accepted difference between now and the timestamp of a signature, before and after."""
    quarantine_bucket_name: str
    bodies_bucket_name: str
    backlog_queue_url: str
    contract_mode: ContractMode
    history_retention_days: int
    """The days that an event stays in the history; 0 keeps it for ever."""
    aws_lambda_initialization_type: str
    """Set by Lambda alone; snap-start means that a snapshot of this process is restored many times."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Convert each variable by the type of its field. Raises KeyError if one is missing, ValueError if invalid."""
        environment = {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", **environment}
        return cls(**{name: convert(environment[name.upper()]) for name, convert in cls.__annotations__.items()})
