"""Builders of deliveries, of the requests that API Gateway makes from them, and of the tables that tests need."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import boto3

from appointments.contract.mode import ContractMode
from appointments.contract.parsing import parse_body
from appointments.deadline import Deadline
from appointments.outcome import Outcome
from appointments.storage import items
from appointments.storage.items import Delivery
from appointments.storage.store import Store

TOKEN = "local-token"
ENVIRONMENT = {
    "TABLE_NAME": "appointments",
    "WEBHOOK_AUTH": "token",
    "WEBHOOK_SECRET_ARN": "token",
    "WEBHOOK_TOKEN_HEADER": "",
    "WEBHOOK_TOLERANCE_SECONDS": "300",
    "QUARANTINE_BUCKET_NAME": "quarantine",
    "BODIES_BUCKET_NAME": "bodies",
    "CONTRACT_MODE": "tolerant",
    "BACKLOG_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/backlog",
    "HISTORY_RETENTION_DAYS": "0",
}
"""The environment of WebhookFunction, for tests that import its handler."""


def delivery(
    *,
    id: str = "e-1",  # noqa: A002 - the name in the contract
    event_type: str = "CREATE",
    appointment_id: str = "a-1",
    updated_at: str = "2026-03-02T09:00:00Z",
    previous: dict[str, Any] | None = None,
    **appointment: Any,
) -> dict[str, Any]:
    """Return a valid envelope with few optional members. Other keywords replace members of the appointment."""
    return {
        "id": id,
        "correlationId": "c-1",
        "webhookConfigurationId": "w-1",
        "version": "1",
        "entity": "Appointment",
        "data": {
            "eventType": event_type,
            "appointment": {
                "id": appointment_id,
                "subject": {"id": "s-1"},
                "office": {"id": "o-1"},
                "participants": [
                    {"type": "EMPLOYEE", "role": "PRIMARY", "employee": {"id": "p-1", "status": "ACTIVE"}},
                    {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 7}},
                ],
                "meetingType": "OFFICE",
                "createdByType": "CUSTOMER",
                "createdFrom": "PLUGIN",
                "updatedAt": updated_at,
                "updatedByType": "CUSTOMER",
                "updatedFrom": "PLUGIN",
                "status": "ACCEPTED",
                "start": "2026-03-10T10:00:00+01:00",
                "end": "2026-03-10T11:00:00+01:00",
                **appointment,
            },
            "previousAppointment": previous,
        },
    }


def body(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def received(
    content: bytes,
    mode: ContractMode = ContractMode.TOLERANT,
    received_at: str = "2026-03-02T09:00:01.000000000Z",
) -> Delivery:
    """Parse the body and return it as a delivery that the store can save."""
    parsed = parse_body(content, mode)
    return Delivery(content, parsed.document, parsed.essentials, parsed.violations, parsed.violation_count, received_at)


def received_delivery(**overrides: Any) -> Delivery:
    """Build a valid envelope with :func:`delivery`, and return it as a delivery that the store can save."""
    return received(body(delivery(**overrides)))


def save(store: Store, delivery: Delivery) -> Outcome:
    """Save the delivery with a deadline that no test reaches."""
    return store.save(delivery, Deadline(20))


def make_bucket(name: str) -> None:
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


def make_table(client: Any, indexes: Iterable[str] = tuple(items.INDEXES)) -> str:
    """Create a table with the keys and indexes that the code names, and return its name."""
    name = f"appointments-{uuid4()}"
    keys = {items.PARTITION_KEY, items.SORT_KEY, *(key for index in indexes for key in items.INDEXES[index])}
    options = {
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _key_schema(*items.INDEXES[index]),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index in indexes
        ]
    }
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in sorted(keys)],
        KeySchema=_key_schema(items.PARTITION_KEY, items.SORT_KEY),
        **(options if options["GlobalSecondaryIndexes"] else {}),
    )
    return name


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def make_table_and_buckets() -> None:
    """Create the table and the buckets of ENVIRONMENT in the embedded AWS."""
    boto3.client("dynamodb").create_table(
        TableName=ENVIRONMENT["TABLE_NAME"],
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    for name in ("QUARANTINE_BUCKET_NAME", "BODIES_BUCKET_NAME"):
        make_bucket(ENVIRONMENT[name])


def webhook_event(
    content: bytes,
    *,
    token: str | None = TOKEN,
    headers: dict[str, str] | None = None,
    encoded: bool = False,
    path_token: str | None = None,
) -> dict[str, Any]:
    """Return the event of API Gateway, payload format 2.0. ``path_token`` is the last segment of the path."""
    authorization = {} if token is None else {"authorization": f"Bearer {token}"}
    path = "/webhooks/appointments"
    return {
        "version": "2.0",
        "routeKey": f"POST {path}" if path_token is None else f"POST {path}/{{token}}",
        "rawPath": path if path_token is None else f"{path}/{path_token}",
        "headers": {"content-type": "application/json", **authorization, **(headers or {})},
        "requestContext": {"requestId": "r-1", "timeEpoch": 1772442001000, "http": {"method": "POST"}},
        "body": base64.b64encode(content).decode() if encoded else content.decode("utf-8", "surrogateescape"),
        "isBase64Encoded": encoded,
        **({} if path_token is None else {"pathParameters": {"token": path_token}}),
    }


def start_webhook() -> Any:
    """Reload the handler of WebhookFunction as a cold start does, and return its module."""
    import webhook.handler
    import webhook.startup

    importlib.reload(webhook.startup)
    return importlib.reload(webhook.handler)
