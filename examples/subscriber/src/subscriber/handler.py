"""Keeps a record of every appointment: a Lambda function behind a queue that a rule fills.

It follows docs/events.md: act if ``metadata.order`` is greater than the last order of this appointment. The condition
of the put decides that, so duplicates, late messages and a crash at any moment do no harm.
"""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
from botocore.exceptions import ClientError

from subscriber.appointments import Appointments
from subscriber.record import record

RECORDS_TABLE = os.environ["RECORDS_TABLE_NAME"]
APPOINTMENTS_TABLE = os.environ["APPOINTMENTS_TABLE_NAME"]
BODIES_BUCKET = os.environ["BODIES_BUCKET_NAME"]

dynamodb: Any = boto3.client("dynamodb")
s3: Any = boto3.client("s3")


def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Handle a batch of SQS. Returns the messages that must come again."""
    failed = []
    for message in event["Records"]:
        try:
            handle(json.loads(message["body"])["detail"])
        except Exception as error:  # noqa: BLE001 - one bad message must not hold up the others
            print(json.dumps({"message_id": message["messageId"], "error": type(error).__name__}))  # no personal data
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


def handle(detail: dict[str, Any]) -> None:
    """Store the record of a message unless the table has a newer one. ``detail`` is that of the event."""
    appointment = detail["data"]["appointment"]
    if detail["metadata"]["detail"] == "reference":
        appointment = Appointments(dynamodb, s3, APPOINTMENTS_TABLE, BODIES_BUCKET).read(detail["metadata"])
    put_if_newer(record(detail, appointment))


def put_if_newer(item: dict[str, Any]) -> None:
    try:
        dynamodb.put_item(
            TableName=RECORDS_TABLE,
            Item=item,
            ConditionExpression="attribute_not_exists(#order) OR #order < :order",
            ExpressionAttributeNames={"#order": "order"},
            ExpressionAttributeValues={":order": item["order"]},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise  # otherwise the table has this message or a newer one
