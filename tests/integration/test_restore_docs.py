"""The script of docs/operations.md copies what a table lacks from a restored one, and replaces nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from tests.builders import received_delivery, save
from tests.project import ROOT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
(SCRIPT,) = re.findall(r"```python\n(import boto3\n.*?)```", PAGE, re.DOTALL)

pytestmark = pytest.mark.parametrize("dynamodb", ["moto"], indirect=True)


def contents(dynamodb: DynamoDBClient, table: str) -> dict[tuple[str, str], Any]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}


def run_script(source: str, target: str) -> None:
    script = SCRIPT.replace('"engage-restored", "engage"', f'"{source}", "{target}"')
    assert script != SCRIPT
    exec(compile(script, "docs/operations.md", "exec"), {})  # noqa: S102 - it is our own page


def test_the_script_copies_what_is_missing_and_replaces_nothing(
    dynamodb: DynamoDBClient, table_name: str, bodies: Bodies
) -> None:
    restored = f"{table_name}-restored"
    store = Store(dynamodb, table_name, lambda: bodies)
    for number in range(3):
        save(store, received_delivery(id=f"e-{number}", appointment_id=f"a-{number}"))
    boto3.client("dynamodb").update_continuous_backups(
        TableName=table_name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table_name, TargetTableName=restored, UseLatestRestorableTime=True
    )
    whole = contents(dynamodb, restored)
    assert len(whole) == 6
    for pk, sk in (("APPOINTMENT#a-0", "EVENT#e-0"), ("APPOINTMENT#a-1", "CURRENT")):
        dynamodb.delete_item(TableName=table_name, Key={"pk": {"S": pk}, "sk": {"S": sk}})
    save(store, received_delivery(id="e-9", appointment_id="a-2", updated_at="2026-03-03T09:00:00Z"))
    newer = contents(dynamodb, table_name)
    for _ in range(2):  # it can be repeated
        run_script(restored, table_name)
        assert contents(dynamodb, table_name) == whole | newer
