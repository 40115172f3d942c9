"""The environment of ReconcileFunction, typed. No other module of the function reads it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Mode(StrEnum):
    """Whether a run repairs: ``report`` writes nothing to the table, ``repair`` stores what is missing or behind."""

    REPORT = "report"
    REPAIR = "repair"


class Settings(NamedTuple):
    """Each field is the environment variable of the same name in upper case; template.yaml sets all of them."""

    table_name: str
    bodies_bucket_name: str
    backlog_queue_url: str
    backlog_failure_queue_url: str
    history_retention_days: int
    """The days that an event stays in the history; 0 keeps it for ever."""
    engage_api_secret_arn: str
    engage_enterprise: str
    engage_api_url: str
    engage_auth_url: str
    reconcile_mode: Mode
    reconcile_days_back: int
    reconcile_days_ahead: int
    reconcile_page_size: int
    reconcile_calls_per_second: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the environment. Raises KeyError for a missing variable, ValueError for an invalid one."""
        return cls(
            table_name=environment["TABLE_NAME"],
            bodies_bucket_name=environment["BODIES_BUCKET_NAME"],
            backlog_queue_url=environment["BACKLOG_QUEUE_URL"],
            backlog_failure_queue_url=environment["BACKLOG_FAILURE_QUEUE_URL"],
            history_retention_days=int(environment["HISTORY_RETENTION_DAYS"]),
            engage_api_secret_arn=environment["ENGAGE_API_SECRET_ARN"],
            engage_enterprise=environment["ENGAGE_ENTERPRISE"],
            engage_api_url=environment["ENGAGE_API_URL"],
            engage_auth_url=environment["ENGAGE_AUTH_URL"],
            reconcile_mode=Mode(environment["RECONCILE_MODE"]),
            reconcile_days_back=int(environment["RECONCILE_DAYS_BACK"]),
            reconcile_days_ahead=int(environment["RECONCILE_DAYS_AHEAD"]),
            reconcile_page_size=int(environment["RECONCILE_PAGE_SIZE"]),
            reconcile_calls_per_second=float(environment["RECONCILE_CALLS_PER_SECOND"]),
        )
