"""The work of the typical handlers: authenticate, store and publish, with the calls that the SDK's guides show.

A delivery takes four calls: get the event to find a duplicate, put the event, put the state, put the event on the bus.
The token comes from Secrets Manager and is cached for five minutes.
"""

from __future__ import annotations

import hmac
import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
from aws_lambda_powertools.utilities import parameters
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from .model import Appointment, Delivery

SECRET_SECONDS = 300

_table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
_events = boto3.client("events")


def is_authentic(authorization: str | None) -> bool:
    token = parameters.get_secret(os.environ["WEBHOOK_SECRET_ARN"], max_age=SECRET_SECONDS)
    return hmac.compare_digest(str(authorization or ""), f"Bearer {token}")


def receive(delivery: Delivery) -> str:
    """Store and publish a delivery. Returns the outcome: stored, stale or duplicate."""
    key = {"pk": f"APPOINTMENT#{delivery.data.appointment.id}", "sk": f"EVENT#{delivery.id}"}
    if "Item" in _table.get_item(Key=key):
        return "duplicate"
    payload = delivery.model_dump(mode="json", by_alias=True, exclude_unset=True)
    stale = not _store(delivery, key, payload)
    _publish(delivery, payload, stale)
    return "stale" if stale else "stored"


def _store(delivery: Delivery, key: dict[str, str], payload: dict[str, Any]) -> bool:
    """Put the event and the state. Returns false if the stored state is newer."""
    appointment = delivery.data.appointment
    updated_at = appointment.updated_at.astimezone(UTC).isoformat(timespec="milliseconds")
    native = json.loads(json.dumps(payload), parse_float=Decimal)  # DynamoDB's resource takes no floats
    common = {
        "eventType": delivery.data.event_type.value,
        "updatedAt": updated_at,
        "receivedAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "payload": native,
    }
    _table.put_item(Item={**key, **common}, ConditionExpression=Attr("pk").not_exists())
    newer = Attr("pk").not_exists() | Attr("updatedAt").lt(updated_at)
    current = {"pk": key["pk"], "sk": "CURRENT", **common, **_queried(appointment)}
    try:
        _table.put_item(Item=current, ConditionExpression=newer)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _queried(appointment: Appointment) -> dict[str, str]:
    """Return the attributes that the indexes use as keys or project."""
    people: dict[str, str] = {}
    for participant in appointment.participants:
        if person := participant.employee or participant.customer:
            people.setdefault(participant.type, str(person.id))
    texts = {
        "status": appointment.status.value,
        "meetingType": appointment.meeting_type.value,
        "officeId": str(appointment.office.id),
        "employeeId": people.get("EMPLOYEE"),
        "customerId": people.get("CUSTOMER"),
        "start": appointment.start and appointment.start.astimezone(UTC).isoformat(timespec="milliseconds"),
        "end": appointment.end and appointment.end.astimezone(UTC).isoformat(timespec="milliseconds"),
    }
    return {name: text for name, text in texts.items() if text}


def _publish(delivery: Delivery, payload: dict[str, Any], stale: bool) -> None:
    detail = {"metadata": {"id": delivery.id, "stale": stale}, "data": payload["data"]}
    answer = _events.put_events(
        Entries=[
            {
                "EventBusName": os.environ["EVENT_BUS_NAME"],
                "Source": "pexip.engage",
                "DetailType": delivery.data.event_type.value,
                "Detail": json.dumps(detail),
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise RuntimeError("the bus refused the event")
