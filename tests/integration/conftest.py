"""Fixtures for the tests of the store, on each DynamoDB implementation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from appointments.storage.store import Store

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from appointments.storage.bodies import Bodies


@pytest.fixture
def store(dynamodb: DynamoDBClient, table_name: str, bodies: Bodies) -> Store:
    return Store(dynamodb, table_name, lambda: bodies)


@pytest.fixture
def stored(dynamodb: DynamoDBClient, table_name: str) -> Any:
    """A function that reads all items of the table, by sort key."""
    return lambda: {item["sk"]["S"]: item for item in dynamodb.scan(TableName=table_name, ConsistentRead=True)["Items"]}
