"""The environment of BacklogFunction, typed. No other module of the function reads it."""

# Annotations are objects, not strings: each is what converts its variable.

from collections.abc import Mapping
from typing import NamedTuple, Self

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
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Convert each variable by the type of its field. Raises KeyError if one is missing, ValueError if invalid."""
        return cls(**{name: convert(environment[name.upper()]) for name, convert in cls.__annotations__.items()})
