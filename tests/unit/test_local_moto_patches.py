"""Each patch of moto is needed: without it, its test fails."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import moto.backends as backends
import pytest
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodbstreams.models import dynamodbstreams_backends

from local import moto_patches
from tests.unit.moto_server import ACCOUNT, REGION, Client, clients, handled


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    yield from clients()


@pytest.fixture
def table(client: Client) -> Iterator[str]:
    """A table with a stream and one item, ``old``."""
    dynamodb, name = client("dynamodb"), "patched"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    dynamodb.put_item(TableName=name, Item=item("old"))
    yield name
    dynamodb.delete_table(TableName=name)


def item(sk: str, pk: str = "a") -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def put(table: str, sk: str, *, succeeds: bool = True) -> dict[str, Any]:
    """Put an item. The condition holds unless ``succeeds`` is false."""
    condition = "attribute_not_exists(sk)" if succeeds else "attribute_exists(absent)"
    return {"Put": {"TableName": table, "Item": item(sk), "ConditionExpression": condition}}


def sort_keys(client: Client, table: str) -> list[str]:
    return sorted(found["sk"]["S"] for found in client("dynamodb").scan(TableName=table)["Items"])


def moto_table(name: str) -> Table:
    return dynamodb_backends[ACCOUNT][REGION].tables[name]


def test_a_transaction_copies_no_table(client: Client, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """keep_tables_in_transactions"""
    copied: list[str] = []
    indexes = moto_table(table).global_indexes

    class Copied(list[Any]):
        def __deepcopy__(self, _memo: Any) -> Any:
            copied.append(table)
            return self

    monkeypatch.setattr(moto_table(table), "global_indexes", Copied(indexes))
    client("dynamodb").transact_write_items(TransactItems=[put(table, "new")])
    assert sort_keys(client, table) == ["new", "old"]
    assert copied == []


def test_a_cancelled_transaction_leaves_no_item_and_no_stream_record(client: Client, table: str) -> None:
    """undo_cancelled_transactions"""
    dynamodb = client("dynamodb")
    records = len(moto_table(table).stream_shard.items)  # type: ignore[union-attr]
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[put(table, "new"), put(table, "newer", succeeds=False)])
    assert sort_keys(client, table) == ["old"]
    assert len(moto_table(table).stream_shard.items) == records  # type: ignore[union-attr]


def test_the_service_of_a_host_is_looked_up_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """remember_services"""
    lookups: list[int] = []
    modules = backends.list_of_moto_modules

    def counted() -> Any:
        lookups.append(1)
        return modules()

    client("sqs").list_queues()
    monkeypatch.setattr(backends, "list_of_moto_modules", counted)
    client("sqs").list_queues()
    assert lookups == []


def test_dynamodb_handles_one_request_at_a_time(client: Client, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """serialize_dynamodb"""
    running, most = 0, 0
    scan = DynamoDBBackend.scan

    def slow(*arguments: Any, **options: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.1)
        running -= 1
        return scan(*arguments, **options)

    monkeypatch.setattr(DynamoDBBackend, "scan", slow)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client("dynamodb").scan(TableName=table), range(4)))
    assert most == 1


def test_old_stream_iterators_are_forgotten(client: Client, table: str) -> None:
    """forget_old_iterators"""
    streams = client("dynamodbstreams")
    arn = client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    for _ in range(moto_patches.ITERATORS + 20):
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
    assert len(dynamodbstreams_backends[ACCOUNT][REGION].shard_iterators) <= moto_patches.ITERATORS + 1
    assert streams.get_records(ShardIterator=iterator)["Records"]


def test_each_write_is_notified_after_it_was_handled(client: Client, table: str) -> None:
    """notify_after"""
    dynamodb, sqs = client("dynamodb"), client("sqs")
    url = sqs.create_queue(QueueName="notified")["QueueUrl"]
    key, update = {"pk": {"S": "a"}, "sk": {"S": "b"}}, "SET marked = :true"
    writes: list[Callable[[], Any]] = [
        lambda: dynamodb.put_item(TableName=table, Item=key),
        lambda: dynamodb.update_item(
            TableName=table, Key=key, UpdateExpression=update, ExpressionAttributeValues={":true": {"BOOL": True}}
        ),
        lambda: dynamodb.delete_item(TableName=table, Key=key),
        lambda: dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": key}}]}),
        lambda: dynamodb.transact_write_items(TransactItems=[put(table, "c")]),
        lambda: sqs.send_message(QueueUrl=url, MessageBody="a"),
        lambda: sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "a"}]),
    ]
    targets = []
    for write in writes:
        handled.clear()
        write()
        targets += handled
    assert len(targets) == len(writes)
    assert set(targets) == moto_patches.TABLE_WRITES | moto_patches.QUEUE_WRITES
    sqs.delete_queue(QueueUrl=url)


def test_a_client_of_another_region_finds_the_same_resources(client: Client, table: str) -> None:
    """in_one_region"""
    assert client("dynamodb", "ap-southeast-2").list_tables()["TableNames"].count(table) == 1


def test_the_import_of_cloudformation_leaves_out_what_only_other_services_need() -> None:
    """moto_imports"""
    code = (
        "import sys; from local import moto_imports; moto_imports.cloudformation_parsing();"
        "print(*sorted(sys.modules)); import moto.ecr.models; print(moto.ecr.models.ECRBackend.__module__)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    modules, ecr = answer.stdout.splitlines()
    assert {"moto.cloudformation.models", "moto.dynamodb.models", "moto.sqs.models"} <= set(modules.split())
    assert not {"openapi_spec_validator", "moto.ec2", "moto.apigateway", "moto.ssm"} & set(modules.split())
    assert ecr == "moto.ecr.models"  # what another program imports later is no placeholder
