"""PublisherFunction: the table's stream, event items only, onto the bus.

What cannot be published is reported record by record; the event source mapping retries from the first of them,
bisects, and in the end sends the failed range to the failure queue. The history has every event all the same.
"""

from __future__ import annotations

import base64
import logging
import os
import zlib
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from appointments.bodies import Bodies
from appointments.errors import BodyUnavailableError
from appointments.events import message
from appointments.items import Item
from publisher.bus import Bus, Outgoing
from publisher.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
# The SDK writes whole requests at DEBUG, and with them what we publish: never, whatever the level.
for _name in ("boto3", "botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_settings = Settings.from_environment(os.environ)
_bus = Bus(
    boto3.client(
        "events",
        config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}),
    ),
    _settings.event_bus_name,
    _settings.event_source,
)
_bodies = Bodies(
    boto3.client(
        "s3",
        config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}),
    ),
    _settings.bodies_bucket_name,
)


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False, clear_state=True)
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Publish a batch of stream records and report the sequence numbers of those that failed."""
    unreadable: list[str] = []
    outgoing: list[Outgoing] = []
    blocked: set[str] = set()
    for record in event["Records"]:
        stream = record["dynamodb"]
        partition = stream["Keys"]["pk"]["S"]
        if partition in blocked:  # an earlier event of this appointment failed: keep the order
            unreadable.append(stream["SequenceNumber"])
            continue
        try:
            outgoing.append(_outgoing(stream))
        except BodyUnavailableError as error:
            blocked.add(partition)
            unreadable.append(stream["SequenceNumber"])
            logger.error("a body cannot be read", extra={"error": str(error)})
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError, zlib.error) as error:
            blocked.add(partition)
            unreadable.append(stream["SequenceNumber"])
            logger.error("a record is not an event item of ours", extra={"error": type(error).__name__})
    published = _bus.publish(outgoing)
    for code in sorted(set(published.failed.values())):
        logger.error("EventBridge refused messages", extra={"error": code})
    metrics.add_metric("Published", MetricUnit.Count, published.count)
    failures = [*unreadable, *published.failed]
    metrics.add_metric("PublishFailed", MetricUnit.Count, len(failures))
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failures]}


def _outgoing(stream: dict[str, Any]) -> Outgoing:
    image: Item = dict(stream["NewImage"])
    if "body" in image:
        image["body"] = {"B": base64.b64decode(image["body"]["B"])}
    built = message(image, source=_settings.event_source, event_detail=_settings.event_detail, load=_bodies.get)
    return Outgoing(stream["SequenceNumber"], built)
