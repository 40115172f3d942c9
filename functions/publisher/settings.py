"""The environment of PublisherFunction, typed. No other module of the function reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from appointments.publishing.messages import EventDetail


class Settings(NamedTuple):
    """Each field is the environment variable of the same name in upper case; template.yaml sets all of them."""

    event_bus_name: str
    event_source: str
    event_detail: EventDetail
    failure_queue_url: str
    bodies_bucket_name: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the environment. Raises KeyError for a missing variable, ValueError for an invalid one."""
        return cls(
            event_bus_name=environment["EVENT_BUS_NAME"],
            event_source=environment["EVENT_SOURCE"],
            event_detail=EventDetail(environment["EVENT_DETAIL"]),
            failure_queue_url=environment["FAILURE_QUEUE_URL"],
            bodies_bucket_name=environment["BODIES_BUCKET_NAME"],
        )


def trace_header(environment: Mapping[str, str]) -> str | None:
    """Return the X-Ray trace of the current invocation; None for one that is not recorded.

    Lambda sets the variable for each invocation, also with tracing off. The header of a trace that is not recorded
    would switch off the traces of the targets.
    """
    header = environment.get("_X_AMZN_TRACE_ID", "")
    return header if "Sampled=1" in header.split(";") else None
