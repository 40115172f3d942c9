"""The queries of docs/architecture.md find what the page says, with the keys and indexes of the table."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from appointments.storage import items
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


@pytest.mark.parametrize("unprocessed", [False, True], ids=["all keys processed", "some keys unprocessed"])
def test_the_function_on_the_page_yields_the_whole_item_of_each_appointment_that_the_index_finds(
    dynamodb: DynamoDBClient, table_name: str, unprocessed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {f"a-{number}": f"2026-03-31T09:{number // 60:02}:{number % 60:02}Z" for number in range(103)}
    outside = {"early": "2026-03-31T07:59:59Z", "late": "2026-03-31T18:00:01Z"}
    current = [
        items.current_item(received_delivery(appointment_id=appointment, office={"id": OFFICE}, start=start))
        for appointment, start in (times | outside).items()
    ]
    for position in range(0, len(current), 25):
        puts: list[Any] = [{"PutRequest": {"Item": item}} for item in current[position : position + 25]]
        dynamodb.batch_write_item(RequestItems={table_name: puts})
    client = Reluctant(dynamodb, table_name, most=40) if unprocessed else Reluctant(dynamodb, table_name)
    functions: dict[str, Any] = {}
    exec(block("python", "def items_of_office"), functions)  # noqa: S102 - the code of the page is what is tested
    pauses: list[float] = []
    monkeypatch.setattr(functions["time"], "sleep", pauses.append)
    found = list(
        functions["items_of_office"](client, table_name, OFFICE, "2026-03-31T08:00:00Z", "2026-03-31T18:00:00Z")
    )
    assert sorted(item["pk"]["S"] for item in found) == sorted(f"APPOINTMENT#{name}" for name in times)
    assert all(item["status"] == {"S": "ACCEPTED"} and "participants" in item for item in found)
    assert client.keys_of_calls == ([100, 60, 20, 3] if unprocessed else [100, 3])
    assert pauses == ([0.05, 0.1] if unprocessed else [])


def test_the_function_on_the_page_leaves_out_an_item_that_has_left_the_office(
    dynamodb: DynamoDBClient, table_name: str, store: Store
) -> None:
    save(store, received_delivery(office={"id": OFFICE}, start="2026-03-31T09:00:00Z"))

    class Late(Reluctant):
        """Saves another office after the index was read."""

        def batch_get_item(self, **request: Any) -> Any:
            later = {"start": "2026-03-31T09:00:00Z", "updated_at": "2026-04-01T00:00:00Z"}
            save(store, received_delivery(id="e-2", office={"id": "502"}, **later))
            return super().batch_get_item(**request)

    functions: dict[str, Any] = {}
    exec(block("python", "def items_of_office"), functions)  # noqa: S102 - the code of the page is what is tested
    client = Late(dynamodb, table_name)
    assert list(functions["items_of_office"](client, table_name, OFFICE, "2026-03-31T08", "2026-03-31T18")) == []
    assert client.keys_of_calls == [1]


class Reluctant:
    """A client that processes at most ``most`` keys of a call of BatchGetItem, all by default, and counts the keys."""

    def __init__(self, client: Any, table_name: str, most: int = 100) -> None:
        self._client = client
        self._table_name = table_name
        self._most = most
        self.keys_of_calls: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, **request: Any) -> Any:
        keys = request["RequestItems"][self._table_name]["Keys"]
        self.keys_of_calls.append(len(keys))
        taken, left = keys[: self._most], keys[self._most :]
        answer = self._client.batch_get_item(RequestItems={self._table_name: {"Keys": taken}})
        return answer | {"UnprocessedKeys": {self._table_name: {"Keys": left}} if left else {}}


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


def block(language: str, part: str) -> str:
    """The code block of this language on the page that contains this part."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (code,) = [code for name, code in blocks if name == language and part in code]
    return str(code)


def request(part: str, table_name: str) -> dict[str, Any]:
    """The arguments of the query command on the page that contains this part."""
    words = shlex.split(block("", part).replace("\\\n", " "))
    assert words[:3] == ["aws", "dynamodb", "query"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert options.pop("--table-name") == "$TABLE"
    arguments = {"".join(map(str.title, name.strip("-").split("-"))): value for name, value in options.items()}
    decoded = {name: json.loads(value) if value.startswith("{") else value for name, value in arguments.items()}
    return {"TableName": table_name, **decoded}
