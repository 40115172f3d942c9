"""PublisherFunction's environment, typed. Nothing else of it reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from appointments.publishing.messages import EventDetail


class Settings(NamedTuple):
    """Each field is the environment variable of the same name in capitals; template.yaml sets them all."""

    event_bus_name: str
    event_source: str
    event_detail: EventDetail
    failure_queue_url: str
    bodies_bucket_name: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises KeyError for a variable that is missing, ValueError for one that makes no sense."""
        return cls(
            event_bus_name=environment["EVENT_BUS_NAME"],
            event_source=environment["EVENT_SOURCE"],
            event_detail=EventDetail(environment["EVENT_DETAIL"]),
            failure_queue_url=environment["FAILURE_QUEUE_URL"],
            bodies_bucket_name=environment["BODIES_BUCKET_NAME"],
        )
