"""A delivery that only tolerant mode accepts, in the table and on the bus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from appointments.contract.mode import ContractMode
from appointments.outcome import Outcome
from appointments.publishing import messages
from appointments.publishing.messages import EventDetail
from appointments.storage.store import Store
from tests.builders import body, delivery, received, save

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from appointments.storage.bodies import Bodies


def delivery_of_a_new_release() -> dict[str, Any]:
    """Return a delivery of a possible new release: unknown values, missing members and a broken limit."""
    document = delivery(
        status="WAITING_LIST",
        participants=[
            {"type": "RESOURCE", "role": "REQUIRED", "resource": {"id": "r-1"}},
            {"type": "EMPLOYEE", "role": "LEAD", "employee": {"id": "p-1", "status": "ON_LEAVE"}},
            {"type": "CUSTOMER", "role": "PRIMARY"},
        ],
        externalId="x" * 256,
        previous={"status": "ACCEPTED", "office": {"id": "o-1"}},
    )
    del document["data"]["appointment"]["office"], document["correlationId"]
    return document


TOLERATED = [
    ("$.correlationId", "required"),
    ("$.data.appointment.office", "required"),
    ("$.data.appointment.participants[0].role", "enum"),
    ("$.data.appointment.participants[0].type", "enum"),
    ("$.data.appointment.participants[1].employee.status", "enum"),
    ("$.data.appointment.participants[1].role", "enum"),
    ("$.data.appointment.participants[2].customer", "required"),
    ("$.data.appointment.status", "enum"),
]
LIMIT = ("$.data.appointment.externalId", "maxLength")


def test_a_tolerated_delivery_is_stored_and_published(
    dynamodb: DynamoDBClient, table_name: str, bodies: Bodies
) -> None:
    tolerated = received(body(delivery_of_a_new_release()), ContractMode.TOLERANT)
    assert save(Store(dynamodb, table_name, lambda: bodies), tolerated) is Outcome.STORED
    stored = {item["sk"]["S"]: item for item in dynamodb.scan(TableName=table_name, ConsistentRead=True)["Items"]}
    current = stored["CURRENT"]
    assert current["status"] == {"S": "WAITING_LIST"}
    assert current["employeeId"] == {"S": "p-1"}
    assert current.keys().isdisjoint({"officeId", "customerId"})
    assert current["participants"]["L"] == [
        {"M": {"type": {"S": "RESOURCE"}, "role": {"S": "REQUIRED"}}},
        {"M": {"type": {"S": "EMPLOYEE"}, "role": {"S": "LEAD"}, "id": {"S": "p-1"}}},
        {"M": {"type": {"S": "CUSTOMER"}, "role": {"S": "PRIMARY"}}},
    ]
    item: Any = stored["EVENT#e-1"]
    assert "correlationId" not in item
    message = json.loads(messages.message(item, source="pexip.engage", event_detail=EventDetail.REFERENCE).detail)
    assert message["metadata"]["correlationId"] is None
    assert [(v["path"], v["rule"]) for v in message["metadata"]["violations"]] == [*TOLERATED, LIMIT]
    assert message["data"]["appointment"]["participants"][0] == {"type": "RESOURCE", "role": "REQUIRED"}
    assert message["data"]["changes"][0] == "status"
