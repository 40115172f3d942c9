"""The queries of docs/architecture.md find what the page says, with the keys and indexes of the table."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from tests.builders import received_delivery, save
from tests.project import ROOT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
OFFICE = "501"
APPOINTMENT = "48101"


@pytest.fixture
def store(dynamodb: DynamoDBClient, table_name: str, bodies: Bodies) -> Store:
    return Store(dynamodb, table_name, lambda: bodies)


def test_the_query_of_an_office_finds_a_start_on_the_hour_and_ends_before_the_last_hour(
    dynamodb: DynamoDBClient, table_name: str, store: Store
) -> None:
    starts = ["07:59:59.999Z", "08:00:00Z", "08:00:00.000001Z", "17:59:59.999Z", "18:00:00Z"]
    for number, time in enumerate(starts):
        start = f"2026-03-31T{time}"
        save(
            store, received_delivery(id=f"e-{number}", appointment_id=f"a-{number}", office={"id": OFFICE}, start=start)
        )
    save(store, received_delivery(id="e-9", appointment_id="a-9", office={"id": "502"}, start="2026-03-31T09:00:00Z"))
    found = dynamodb.query(**request("OfficeIndex", table_name))["Items"]
    assert sorted(item["pk"]["S"] for item in found) == [f"APPOINTMENT#a-{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize("start", ["2026-03-31T08:00:00Z", "2026-03-31T08:00:00.999Z", "2026-03-31T10:00:00+02:00"])
def test_a_bound_in_whole_seconds_finds_an_appointment_at_exactly_this_time(
    dynamodb: DynamoDBClient, table_name: str, store: Store, start: str
) -> None:
    save(store, received_delivery(office={"id": OFFICE}, start=start))
    bound = {"S": "2026-03-31T08:00:00Z"}
    query = request("OfficeIndex", table_name)
    query["ExpressionAttributeValues"] |= {":from": bound, ":until": bound}
    assert dynamodb.query(**query)["Count"] == 1


def test_the_query_of_an_appointment_finds_its_state_and_its_history(
    dynamodb: DynamoDBClient, table_name: str, store: Store
) -> None:
    save(store, received_delivery(id="e-1", appointment_id=APPOINTMENT))
    save(store, received_delivery(id="e-1", appointment_id="another"))  # the same envelope id is another event there
    found = dynamodb.query(**request("pk = :appointment", table_name))["Items"]
    assert [item["sk"]["S"] for item in found] == ["CURRENT", "EVENT#e-1"]


def test_an_index_holds_the_primary_employee_and_no_other(
    dynamodb: DynamoDBClient, table_name: str, store: Store
) -> None:
    others = [
        {"type": "EMPLOYEE", "role": role, "employee": {"id": name, "status": "ACTIVE"}}
        for role, name in (("SECONDARY", "second"), ("PRIMARY", "first"))
    ]
    save(store, received_delivery(participants=others))
    by_employee = {
        name: dynamodb.query(
            TableName=table_name,
            IndexName="EmployeeIndex",
            KeyConditionExpression="employeeId = :id",
            ExpressionAttributeValues={":id": {"S": name}},
        )["Count"]
        for name in ("first", "second")
    }
    assert by_employee == {"first": 1, "second": 0}


def request(part: str, table_name: str) -> dict[str, Any]:
    """The arguments of the query command on the page that contains this part."""
    (command,) = [block for block in re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if part in block]
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:3] == ["aws", "dynamodb", "query"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert options.pop("--table-name") == "$TABLE"
    arguments = {"".join(map(str.title, name.strip("-").split("-"))): value for name, value in options.items()}
    decoded = {name: json.loads(value) if value.startswith("{") else value for name, value in arguments.items()}
    return {"TableName": table_name, **decoded}
