"""The table of template.yaml in DynamoDB Local, for the duration of a measurement."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import boto3

from bench.process import CREDENTIALS
from local.template import Template

DECLARED = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


class Table:
    """A context manager. DynamoDB Local keeps tables by credentials, so these are those of the measured processes."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.name = f"bench-{uuid4()}"
        self._client = boto3.client(
            "dynamodb",
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def __enter__(self) -> Self:
        properties: Any = Template().table()
        self._client.create_table(TableName=self.name, **{key: properties[key] for key in DECLARED})
        self._client.get_waiter("table_exists").wait(TableName=self.name, WaiterConfig={"Delay": 1})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.delete_table(TableName=self.name)

    def write_small_transaction(self) -> Any:
        """Write an item of less than 1 KB that is in no index. Returns the consumed capacity."""
        item = {"pk": {"S": "SMALL"}, "sk": {"S": str(uuid4())}}
        answer: Any = self._client.transact_write_items(
            TransactItems=[{"Put": {"TableName": self.name, "Item": item}}], ReturnConsumedCapacity="INDEXES"
        )
        (consumed,) = answer["ConsumedCapacity"]
        return consumed
