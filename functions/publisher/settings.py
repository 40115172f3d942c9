"""The environment of PublisherFunction, typed. No other module of the function reads it."""

# Annotations are objects, not strings: each is what converts its variable.

from collections.abc import Mapping
from typing import NamedTuple, Self

from appointments.publishing.messages import EventDetail


class Settings(NamedTuple):
    """Each field is the environment variable of the same name in upper case; template.yaml sets all of them."""

    event_bus_name: str
    event_source: str
    event_detail: EventDetail
    failure_queue_url: str
    bodies_bucket_name: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Convert each variable by the type of its field. Raises KeyError if one is missing, ValueError if invalid."""
        return cls(**{name: convert(environment[name.upper()]) for name, convert in cls.__annotations__.items()})


def trace_header(environment: Mapping[str, str]) -> str | None:
    """Return the X-Ray trace of the current invocation; None for one that is not recorded.

    Lambda sets the variable for each invocation, also with tracing off. The header of a trace that is not recorded
    would switch off the traces of the targets.
    """
    header = environment.get("_X_AMZN_TRACE_ID", "")
    return header if "Sampled=1" in header.split(";") else None
