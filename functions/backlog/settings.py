"""BacklogFunction's environment, typed. Nothing else of it reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from appointments.contract.mode import ContractMode


class Settings(NamedTuple):
    """Each field is the environment variable of the same name in capitals; template.yaml sets them all."""

    table_name: str
    bodies_bucket_name: str
    quarantine_bucket_name: str
    contract_mode: ContractMode
    history_retention_days: int
    """How long an event stays in the history; 0 keeps it for ever."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises KeyError for a variable that is missing, ValueError for one that makes no sense."""
        return cls(
            table_name=environment["TABLE_NAME"],
            bodies_bucket_name=environment["BODIES_BUCKET_NAME"],
            quarantine_bucket_name=environment["QUARANTINE_BUCKET_NAME"],
            contract_mode=ContractMode(environment["CONTRACT_MODE"]),
            history_retention_days=int(environment["HISTORY_RETENTION_DAYS"]),
        )
