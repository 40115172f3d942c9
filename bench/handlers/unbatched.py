"""A simple publisher: Powertools' batch processor and one call of PutEvents for each record."""

from __future__ import annotations

import base64
import gzip
import json
import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

logger = Logger()
metrics = Metrics()
processor = BatchProcessor(event_type=EventType.DynamoDBStreams)
_events = boto3.client("events")


def publish(record: Any) -> None:
    image = record.raw_event["dynamodb"]["NewImage"]
    envelope = json.loads(gzip.decompress(base64.b64decode(image["body"]["B"])))
    detail = {"metadata": {"id": envelope["id"], "stale": image["stale"]["BOOL"]}, "data": envelope["data"]}
    answer = _events.put_events(
        Entries=[
            {
                "EventBusName": os.environ["EVENT_BUS_NAME"],
                "Source": os.environ["EVENT_SOURCE"],
                "DetailType": envelope["data"]["eventType"],
                "Detail": json.dumps(detail, ensure_ascii=False),
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise RuntimeError("the bus refused the event")
    metrics.add_metric("Published", MetricUnit.Count, 1)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event, publish, processor, context)
