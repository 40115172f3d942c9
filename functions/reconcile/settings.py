"""The environment of ReconcileFunction, typed. No other module of the function reads it."""

# Annotations are objects, not strings: each is what converts its variable.

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Self


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
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Convert each variable by the type of its field. Raises KeyError if one is missing, ValueError if invalid."""
        return cls(**{name: convert(environment[name.upper()]) for name, convert in cls.__annotations__.items()})
