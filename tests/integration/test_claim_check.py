"""Bodies that are too large for an item: S3 stores them, the event item has their key, and the publisher reads them."""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from typing import TYPE_CHECKING, Any, get_args

import boto3
import pytest

from appointments.contract.checks import APPOINTMENT_ID_BYTES, ENVELOPE_ID_BYTES
from appointments.contract.values import EventType
from appointments.contract.violations import Violation
from appointments.errors import BodyLostError, BodyUnavailableError, StoreUnavailableError
from appointments.outcome import Outcome
from appointments.publishing import messages
from appointments.storage import items
from appointments.storage.bodies import Bodies, key_of
from appointments.storage.items import Item
from appointments.storage.store import Store
from tests.builders import body, delivery, received, received_delivery, save
from tests.project import ROOT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SMALL_BYTES = 100_000
"""An event item without its body is smaller than this, for every delivery."""


def noise(characters: int, seed: int = 1) -> str:
    """Text that does not compress to less than half."""
    return random.Random(seed).randbytes(characters // 2).hex()


def test_an_item_that_is_not_measured_always_fits() -> None:
    longest = Violation("$" + ".participants[99999]" * 20, "enum", ", ".join(get_args(EventType)) * 2)
    ids = {"id": "é" * (ENVELOPE_ID_BYTES // 2), "appointment_id": "é" * (APPOINTMENT_ID_BYTES // 2)}
    longest_delivery = received_delivery(**ids)._replace(
        body=random.Random(1).randbytes(items.FITTING_BYTES), violations=(longest,) * items.VIOLATIONS, expires_at=2**40
    )
    texts = dict.fromkeys(("correlationId", "webhookConfigurationId", "version"), "x" * items.TEXT_BYTES)
    item = items.event_item(longest_delivery._replace(document=longest_delivery.document | texts))
    assert len(item["correlationId"]["S"]) == items.TEXT_BYTES
    assert items.FITTING_BYTES < items.size(item) <= items.ITEM_BYTES / 2


@pytest.fixture
def event(dynamodb: DynamoDBClient, table_name: str) -> Any:
    """The event item of an envelope id."""

    def get(envelope_id: str = "e-1") -> Any:
        key: Any = {"pk": {"S": "APPOINTMENT#a-1"}, "sk": {"S": f"EVENT#{envelope_id}"}}
        return dynamodb.get_item(TableName=table_name, Key=key, ConsistentRead=True)["Item"]

    return get


def objects() -> list[str]:
    return [summary["Key"] for summary in boto3.client("s3").list_objects_v2(Bucket="bodies").get("Contents", [])]


def test_an_incompressible_body_of_5_mb_is_stored_whole_and_published_as_a_reference(
    store: Store, event: Any, bodies: Bodies
) -> None:
    incoming = received_delivery(internalNotes=noise(5_000_000))
    assert save(store, incoming) is Outcome.STORED
    item = event()
    assert items.size(item) < SMALL_BYTES
    assert items.read_body(item, bodies.get) == incoming.body
    message = messages.message(item, source="pexip.engage", load=bodies.get)
    assert message.size(source="pexip.engage") < messages.ENTRY_BYTES
    assert json.loads(message.detail)["metadata"]["detail"] == "reference"
    assert json.loads(message.detail)["data"]["appointment"]["id"] == "a-1"
    assert save(store, incoming) is Outcome.DUPLICATE
    assert objects() == [item["bodyKey"]["S"]] == [key_of(incoming.body)]


@pytest.mark.parametrize("fill", ["x", "noise"], ids=["in the item", "in the bucket"])
def test_a_message_one_byte_too_large_is_a_reference_from_which_the_appointment_is_read_back(
    store: Store, event: Any, bodies: Bodies, dynamodb: DynamoDBClient, table_name: str, fill: str
) -> None:
    """docs/events.md has the code that reads it back."""
    source = "pexip.engage"
    text = noise(800_000) if fill == "noise" else "x"

    def built(length: int) -> messages.Message:
        item = items.event_item(received(body(delivery(internalNotes=text + "x" * length))))
        return messages.message(item, source=source)

    room = messages.ENTRY_BYTES - built(0).size(source=source)
    assert built(room).size(source=source) == messages.ENTRY_BYTES
    assert json.loads(built(room).detail)["data"]["appointment"]["internalNotes"] == text + "x" * room
    document = delivery(internalNotes=text + "x" * (room + 1))
    assert save(store, received(body(document))) is Outcome.STORED
    assert ("bodyKey" in event()) is (fill == "noise")
    detail = json.loads(messages.message(event(), source=source, load=bodies.get).detail)
    assert detail["metadata"]["detail"] == "reference"
    code: dict[str, Any] = {}
    (page,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "events.md").read_text(encoding="utf-8"), re.DOTALL)
    exec(page, code)  # noqa: S102 - the page's own code
    read = code["appointment"](dynamodb, boto3.client("s3"), table_name, "bodies", detail["metadata"])
    assert read == document["data"]["appointment"]


def test_a_body_that_fits_is_stored_in_the_item_and_not_in_the_bucket(store: Store, event: Any) -> None:
    save(store, received_delivery(internalNotes=noise(300_000)))
    assert items.read_body(event()) == received_delivery(internalNotes=noise(300_000)).body
    assert objects() == []


def test_dynamodb_accepts_the_largest_body_that_is_stored_in_an_item(store: Store, event: Any) -> None:
    def item_with(characters: int) -> Item:
        return items.event_item(received_delivery(id=f"e-{characters}", internalNotes=noise(characters)))

    low, high = 400_000, 900_000
    while high - low > 2:
        middle = (low + high) // 4 * 2
        low, high = (middle, high) if items.size(item_with(middle)) <= items.ITEM_BYTES else (low, middle)
    save(store, received_delivery(id=f"e-{low}", internalNotes=noise(low)))
    assert items.ITEM_BYTES - items.size(event(f"e-{low}")) < 10
    assert "body" in event(f"e-{low}")
    save(store, received_delivery(id=f"e-{high}", internalNotes=noise(high)))
    assert "bodyKey" in event(f"e-{high}")


@pytest.mark.parametrize("name", ["correlationId", "webhookConfigurationId", "version"])
def test_a_long_member_of_the_envelope_is_left_out_of_the_item(store: Store, event: Any, name: str) -> None:
    text = noise(400_000)
    assert save(store, received(body(delivery() | {name: text}))) is Outcome.STORED
    assert name not in event()
    assert json.loads(messages.message(event(), source="s").detail)["metadata"][name] == text


def test_a_reference_with_huge_ids_and_times_is_small(store: Store, event: Any, bodies: Bodies) -> None:
    huge, nul = noise(2_000_000), "\0" * 400_000
    person = {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": nul}, "employee": {"id": huge}}
    document = delivery(
        participants=[person] * 3,
        office={"id": huge},
        subject={"id": huge},
        updated_at="2026-03-02T09:00:00." + "1" * 1_000_000 + "Z",
        start="2026-03-10T10:00:00." + "1" * 1_000_000 + "Z",
        previous={"status": "ACCEPTED", "office": {"id": huge}},
    )
    document |= {"correlationId": huge, "version": huge, "webhookConfigurationId": huge}
    assert save(store, received(body(document))) is Outcome.STORED
    assert items.size(event()) < SMALL_BYTES
    message = messages.message(event(), source="pexip.engage", load=bodies.get)
    assert message.size(source="pexip.engage") < SMALL_BYTES
    detail = json.loads(message.detail)
    assert detail["metadata"]["correlationId"] is None
    assert detail["metadata"]["updatedAt"] == "2026-03-02T09:00:00.111111111Z"
    assert detail["data"]["appointment"]["office"] == {"id": None}


def test_an_item_with_many_limit_violations_is_small(store: Store, event: Any) -> None:
    person = {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 1, "language": "long"}}
    incoming = received_delivery(participants=[person] * 4_000)
    assert incoming.violation_count == 4_000
    assert save(store, incoming) is Outcome.STORED
    assert event()["violationCount"] == {"N": "4000"}
    assert items.size(event()) < SMALL_BYTES


def test_nothing_is_written_to_the_table_if_the_bucket_does_not_store_the_body(
    store: Store, dynamodb: DynamoDBClient, table_name: str
) -> None:
    incoming = received_delivery(internalNotes=noise(2_000_000))
    boto3.client("s3").delete_bucket(Bucket="bodies")
    with pytest.raises(StoreUnavailableError, match="NoSuchBucket"):
        save(store, incoming)
    assert dynamodb.scan(TableName=table_name)["Items"] == []


class CrashingBeforeItsPut:
    """A DynamoDB client whose process ends before it writes an item."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def transact_write_items(self, **request: Any) -> Any:
        if "Put" in request["TransactItems"][0]:
            raise KeyboardInterrupt
        return self._client.transact_write_items(**request)


def test_a_retry_uses_the_object_that_was_stored_before_a_crash(
    store: Store, dynamodb: DynamoDBClient, table_name: str, bodies: Bodies, event: Any
) -> None:
    incoming = received_delivery(internalNotes=noise(2_000_000))
    crashing: Any = CrashingBeforeItsPut(dynamodb)
    with pytest.raises(KeyboardInterrupt):
        save(Store(crashing, table_name, lambda: bodies), incoming)
    assert objects() == [key_of(incoming.body)]
    assert save(store, incoming) is Outcome.STORED
    assert objects() == [key_of(incoming.body)] == [event()["bodyKey"]["S"]]


def test_a_missing_object_or_one_with_other_content_than_its_key_says_is_a_lost_body(bodies: Bodies) -> None:
    key = bodies.put(b"what was sent")
    boto3.client("s3").put_object(Bucket="bodies", Key=key, Body=b"something else")
    with pytest.raises(BodyLostError, match="not the body"):
        bodies.get(key)
    with pytest.raises(BodyLostError, match="NoSuchKey"):
        bodies.get(key_of(b"never put"))


def test_a_body_is_unavailable_if_s3_cannot_be_reached() -> None:
    unreachable = Bodies(boto3.client("s3", endpoint_url="http://127.0.0.1:1"), "bodies")
    with pytest.raises(BodyUnavailableError, match="EndpointConnectionError"):
        unreachable.put(b"")
    with pytest.raises(BodyUnavailableError, match="EndpointConnectionError"):
        unreachable.get("bodies/x")


DAY = 86_400


@pytest.mark.parametrize(
    ("days", "prefix"), [(None, ""), (-5, "30d/"), (0, "30d/"), (1, "60d/"), (30, "60d/"), (31, "120d/"), (9999, "")]
)
def test_a_body_outlives_its_event_by_thirty_days_and_lives_at_most_twice_as_long(
    days: int | None, prefix: str
) -> None:
    key = key_of(b"body", None if days is None else 1000.0 + days * DAY, 1000.0)
    assert key == f"bodies/{prefix}{hashlib.sha256(b'body').hexdigest()}"


def test_a_large_body_of_an_event_that_expires_is_in_the_bucket_under_its_lifetime(store: Store, event: Any) -> None:
    arriving = received_delivery(internalNotes=noise(2_000_000))._replace(expires_at=int(time.time()) + 90 * DAY)
    assert save(store, arriving) is Outcome.STORED
    assert event()["bodyKey"]["S"].startswith("bodies/120d/")
    assert save(store, arriving) is Outcome.DUPLICATE
