"""The environment of WebhookFunction, typed. No other module of the function reads it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

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
    """The name, in lower case, of one more header that can hold the token; empty for none."""
    webhook_tolerance_seconds: int
    """The largest accepted difference between now and the timestamp of a signature, before and after."""
    quarantine_bucket_name: str
    bodies_bucket_name: str
    backlog_queue_url: str
    contract_mode: ContractMode
    history_retention_days: int
    """The days that an event stays in the history; 0 keeps it for ever."""
    aws_lambda_initialization_type: str
    """Set by Lambda; snap-start means that a snapshot of this process is restored many times."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the environment. Raises KeyError for a missing variable, ValueError for an invalid one."""
        return cls(
            table_name=environment["TABLE_NAME"],
            webhook_auth=WebhookAuth(environment["WEBHOOK_AUTH"]),
            webhook_secret_arn=environment["WEBHOOK_SECRET_ARN"],
            webhook_token_header=environment["WEBHOOK_TOKEN_HEADER"].lower(),
            webhook_tolerance_seconds=int(environment["WEBHOOK_TOLERANCE_SECONDS"]),
            quarantine_bucket_name=environment["QUARANTINE_BUCKET_NAME"],
            bodies_bucket_name=environment["BODIES_BUCKET_NAME"],
            backlog_queue_url=environment["BACKLOG_QUEUE_URL"],
            contract_mode=ContractMode(environment["CONTRACT_MODE"]),
            history_retention_days=int(environment["HISTORY_RETENTION_DAYS"]),
            aws_lambda_initialization_type=environment.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        )
