"""The environment of BacklogFunction, typed. No other module of the function reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from appointments.contract.mode import ContractMode


class Settings(NamedTuple):
    """Each field is the environment variable of the same name in upper case; template.yaml sets all of them."""

    table_name: str
    bodies_bucket_name: str
    quarantine_bucket_name: str
    contract_mode: ContractMode
    history_retention_days: int
    """The days that an event stays in the history; 0 keeps it for ever."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the environment. Raises KeyError for a missing variable, ValueError for an invalid one."""
        return cls(
            table_name=environment["TABLE_NAME"],
            bodies_bucket_name=environment["BODIES_BUCKET_NAME"],
            quarantine_bucket_name=environment["QUARANTINE_BUCKET_NAME"],
            contract_mode=ContractMode(environment["CONTRACT_MODE"]),
            history_retention_days=int(environment["HISTORY_RETENTION_DAYS"]),
        )
