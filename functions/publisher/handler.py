"""PublisherFunction: publishes the events of the table's stream on the bus.

An event that can never be published is parked in the failure queue. Events that were not published in time are
reported, and the event source mapping retries from the first of them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from appointments import timing
from appointments.deadline import Deadline
from appointments.publishing.bus import Bus
from appointments.publishing.failures import FailureQueue
from appointments.publishing.messages import message
from appointments.publishing.publication import Published, publish
from appointments.publishing.records import pending_event
from appointments.sdk import new_client
from appointments.storage.bodies import Bodies
from publisher import report
from publisher.settings import Settings, trace_header

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from appointments.publishing.pending import PendingEvent

logger = Logger()
metrics = Metrics()

_settings = Settings.from_environment(os.environ)
_events: EventBridgeClient = new_client("events", timing.PUBLISHER_CALL)
_s3: S3Client = new_client("s3", timing.PUBLISHER_CALL)
_sqs: SQSClient = new_client("sqs", timing.PUBLISHER_CALL)
_bodies = Bodies(_s3, _settings.bodies_bucket_name)
_failure_queue = FailureQueue(_sqs, _settings.failure_queue_url)


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False, clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish a batch of stream records and report the sequence numbers of those that must come again."""
    seconds = context.get_remaining_time_in_millis() / 1000 - timing.PUBLISHER_MARGIN
    deadline = Deadline(seconds, least=timing.PUBLISHER_LEAST_CALL, most=timing.PUBLISHER_WHOLE_CALL)
    build = partial(message, source=_settings.event_source, event_detail=_settings.event_detail, load=_bodies.get)
    batch = [pending_event(record, build) for record in event["Records"]]
    trace = trace_header(os.environ)
    bus = Bus(_events, _settings.event_bus_name, _settings.event_source, trace_header=trace)
    published = publish(batch, bus=bus, park=_failure_queue.park, deadline=deadline)
    _log(batch, published, context.aws_request_id)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in published.failed]}


def _log(batch: Sequence[PendingEvent], published: Published, function_request_id: str) -> None:
    """Write ids, codes, paths and counts only. One line has them all, and it is also the metrics (decision 0019)."""
    for reason, count in Counter(published.parked.values()).items():
        extra = {"cause": reason.cause.value, "error": reason.code, "count": count}
        logger.error("events parked in the failure queue", extra=extra)
    for code, count in Counter(published.failed.values()).items():
        logger.error("events not published in time, reported", extra={"error": code, "count": count})
    for name, value in report.metric_values(published).items():
        metrics.add_metric(name, MetricUnit.Count, value)
    metrics.add_metadata("function_request_id", function_request_id)
    for name, value in report.line(batch, published).items():
        metrics.add_metadata(name, value)
