"""PublisherFunction: the table's stream, event items only, onto the bus.

What can never be published is parked in the failure queue; what could not be published in time is reported record by
record, and the event source mapping comes back from the first of them. The history has every event all the same.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from appointments.publishing.budget import CONNECT_SECONDS, MARGIN_SECONDS, READ_SECONDS, Budget
from appointments.publishing.bus import Bus
from appointments.publishing.failure_queue import FailureQueue
from appointments.publishing.messages import message
from appointments.publishing.publication import Published, publish
from appointments.publishing.records import outgoing
from appointments.sdk import lean_config, lean_session
from appointments.storage.bodies import Bodies
from publisher.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SERVICES = {"events", "s3", "sqs"}
"""All that the function calls."""

logger = Logger()
metrics = Metrics()

_settings = Settings.from_environment(os.environ)
_session: Any = lean_session(SERVICES)
# One attempt a call: the publication itself tries again, entry by entry and within its time.
_config = lean_config(
    _session, connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1}
)
_bus = Bus(_session.create_client("events", config=_config), _settings.event_bus_name, _settings.event_source)
_bodies = Bodies(_session.create_client("s3", config=_config), _settings.bodies_bucket_name)
_failures = FailureQueue(_session.create_client("sqs", config=_config), _settings.failure_queue_url)


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False, clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish a batch of stream records and report the sequence numbers of those that have to come again."""
    budget = Budget(context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
    build = partial(message, source=_settings.event_source, event_detail=_settings.event_detail, load=_bodies.get)
    batch = [outgoing(record, build) for record in event["Records"]]
    published = publish(batch, bus=_bus, park=_failures.park, budget=budget)
    _tell(published)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in published.failed]}


def _tell(published: Published) -> None:
    """Counts and codes only."""
    for reason, count in Counter(published.parked.values()).items():
        extra = {"cause": reason.cause.value, "error": reason.code, "count": count}
        logger.error("events parked in the failure queue", extra=extra)
    for code, count in Counter(published.failed.values()).items():
        logger.error("events not published in time, reported", extra={"error": code, "count": count})
    metrics.add_metric("Published", MetricUnit.Count, published.count)
    metrics.add_metric("PublishParked", MetricUnit.Count, len(published.parked))
    metrics.add_metric("PublishFailed", MetricUnit.Count, len(published.failed))
