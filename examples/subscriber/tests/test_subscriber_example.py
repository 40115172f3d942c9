"""The subscriber on an embedded AWS. Copy these tests with it: they need boto3, moto and pytest."""

from __future__ import annotations

import gzip
import importlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

TABLES = {"RECORDS_TABLE_NAME": "records", "APPOINTMENTS_TABLE_NAME": "appointments"}
ROUTING = ("status", "start", "end", "officeId", "employeeId", "customerId", "meetingType")


def message(order: int, *, status: str = "ACCEPTED", detail: str = "full", **appointment: Any) -> dict[str, Any]:
    """A message of the queue: the event of EventBridge is its body."""
    metadata = {"id": f"e-{order}", "appointmentId": "a-1", "order": f"2026-03-0{order}#2#e", "detail": detail}
    routing = dict.fromkeys(ROUTING) | {"status": status}
    event = {"detail": {"metadata": metadata, "routing": routing, "data": {"appointment": appointment}}}
    return {"messageId": f"m-{order}", "body": json.dumps(event)}


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        **TABLES,
        "BODIES_BUCKET_NAME": "bodies",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        make_table("records", "appointmentId")
        make_table("appointments", "pk", "sk")
        boto3.client("s3").create_bucket(Bucket="bodies", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        import subscriber.handler

        yield importlib.reload(subscriber.handler)


def make_table(name: str, *keys: str) -> None:
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)],  # type: ignore[typeddict-item]
    )


def invoke(handler: Any, *messages: Any) -> list[str]:
    """Invoke the function and return the ids of the messages that must come again."""
    answer = handler.lambda_handler({"Records": list(messages)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def stored() -> dict[str, Any]:
    """The record of the appointment."""
    key = {"appointmentId": {"S": "a-1"}}
    return dict(boto3.client("dynamodb").get_item(TableName="records", Key=key, ConsistentRead=True)["Item"])


def test_the_greatest_order_stays_however_the_messages_arrive(handler: Any) -> None:
    messages = [message(2, status="CANCELLED"), message(1), message(2, status="CANCELLED"), message(1)]
    assert invoke(handler, *messages) == []
    assert stored()["status"] == {"S": "CANCELLED"}
    assert stored()["eventId"] == {"S": "e-2"}


def test_a_bad_message_comes_again_alone(handler: Any) -> None:
    bad = {"messageId": "m-9", "body": "{}"}
    assert invoke(handler, bad, message(1, externalId="x-1")) == ["m-9"]
    assert stored()["externalId"] == {"S": "x-1"}


def test_a_failed_put_comes_again(handler: Any) -> None:
    boto3.client("dynamodb").delete_table(TableName="records")
    assert invoke(handler, message(1)) == ["m-1"]


@pytest.mark.parametrize("is_large", [False, True])
def test_a_reference_is_read_back(handler: Any, is_large: bool) -> None:
    body = json.dumps({"data": {"appointment": {"externalId": "x-2", "participants": [{}, {}]}}}).encode()
    item: dict[str, Any] = {"pk": {"S": "APPOINTMENT#a-1"}, "sk": {"S": "EVENT#e-1"}}
    if is_large:
        boto3.client("s3").put_object(Bucket="bodies", Key="bodies/1", Body=b"\xef\xbb\xbf" + body)
        item["bodyKey"] = {"S": "bodies/1"}
    else:
        item["body"] = {"B": gzip.compress(body)}
    boto3.client("dynamodb").put_item(TableName="appointments", Item=item)
    assert invoke(handler, message(1, detail="reference")) == []
    assert stored()["externalId"] == {"S": "x-2"}
    assert stored()["participants"] == {"N": "2"}


def test_the_appointment_of_a_reconciliation_is_read_beside_its_body(handler: Any) -> None:
    item: dict[str, Any] = {
        "pk": {"S": "APPOINTMENT#a-1"},
        "sk": {"S": "EVENT#e-1"},
        "body": {"B": gzip.compress(b"{}")},
    }
    item["appointment"] = {"S": json.dumps({"externalId": "x-3", "participants": [{}]})}
    boto3.client("dynamodb").put_item(TableName="appointments", Item=item)
    assert invoke(handler, message(1, detail="reference")) == []
    assert (stored()["externalId"], stored()["participants"]) == ({"S": "x-3"}, {"N": "1"})


def test_a_reference_whose_event_has_expired_is_recorded_by_its_routing(handler: Any) -> None:
    assert invoke(handler, message(1, detail="reference", status="NO_SHOW")) == []
    assert stored()["status"] == {"S": "NO_SHOW"}
    assert "externalId" not in stored()


def test_a_member_of_another_type_is_left_out(handler: Any) -> None:
    assert invoke(handler, message(1, externalId={"x": 1}, participants="nobody")) == []
    assert stored().keys() == {"appointmentId", "order", "eventId", "status"}


def test_no_log_has_a_value_of_the_message(handler: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(handler, {"messageId": "m-1", "body": '{"private"'}) == ["m-1"]
    assert "private" not in capsys.readouterr().out
