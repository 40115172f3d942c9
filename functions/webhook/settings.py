"""WebhookFunction's environment, typed. Nothing else of it reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from appointments.contract.mode import ContractMode


class WebhookAuth(StrEnum):
    """How a delivery shows that it may come in."""

    TOKEN = "token"  # noqa: S105 - the name of a way in, no secret
    SIGNATURE = "signature"
    NONE = "none"


class Settings(NamedTuple):
    """Each field is the environment variable of the same name in capitals; template.yaml sets them all."""

    table_name: str
    webhook_auth: WebhookAuth
    webhook_secret_arn: str
    webhook_token_header: str
    """Name of a header whose whole value is the token, in lower case; empty for none."""
    webhook_tolerance_seconds: int
    """How far the timestamp of a signature may be from now, before and after."""
    quarantine_bucket_name: str
    bodies_bucket_name: str
    backlog_queue_url: str
    contract_mode: ContractMode
    history_retention_days: int
    """How long an event stays in the history; 0 keeps it for ever."""
    aws_lambda_initialization_type: str
    """Set by Lambda itself: snap-start where what starts here is woken later, again and again."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises KeyError for a variable that is missing, ValueError for one that makes no sense."""
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
