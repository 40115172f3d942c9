"""An erased event stays known. Each further delivery of it is a duplicate and restores no data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appointments.outcome import Outcome
from appointments.storage import items
from appointments.storage.store import Store
from tests.builders import received_delivery, save

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HUGE = "x" * (items.BODY_BYTES + 1)


@pytest.fixture
def erase(dynamodb: DynamoDBClient, table_name: str) -> Any:
    """A function that marks an event as erased and gives it another body."""

    def mark(envelope_id: str = "e-1") -> None:
        dynamodb.update_item(
            TableName=table_name,
            Key=items.key(items.partition_key("a-1"), items.event_sort_key(envelope_id)),
            UpdateExpression="SET body = :body, erasedAt = :at REMOVE bodyKey, contentDigest",
            ExpressionAttributeValues={
                ":body": {"B": items.pack(b'{"erased": true}')},
                ":at": {"S": "2026-03-03T00:00:00.000000000Z"},
            },
        )

    return mark


def objects() -> list[str]:
    found = boto3.client("s3").list_object_versions(Bucket="bodies")
    return [each["Key"] for each in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]]


@pytest.mark.parametrize("notes", ["short", HUGE], ids=["in the item", "in the bucket"])
def test_an_erased_event_makes_any_delivery_of_it_a_duplicate_that_writes_nothing(
    store: Store, stored: Any, erase: Any, notes: str
) -> None:
    first = received_delivery(internalNotes=notes)
    save(store, first)
    erase()
    boto3.resource("s3").Bucket("bodies").object_versions.delete()
    before = stored()
    assert save(store, first) is Outcome.DUPLICATE
    assert save(store, received_delivery(internalNotes=notes + "other")) is Outcome.DUPLICATE
    assert save(store, received_delivery(internalNotes=notes, updated_at="2027-01-01T00:00:00Z")) is Outcome.DUPLICATE
    assert stored() == before
    assert objects() == [], "not even for a moment"


def test_other_events_of_the_appointment_are_stored_as_before(store: Store, stored: Any, erase: Any) -> None:
    save(store, received_delivery())
    erase()
    assert save(store, received_delivery(id="e-2", updated_at="2026-03-03T09:00:00Z")) is Outcome.STORED
    assert save(store, received_delivery(id="e-3", updated_at="2026-03-01T09:00:00Z")) is Outcome.STALE
    assert save(store, received_delivery(id="e-4", updated_at="2026-03-04T09:00:00Z", notes=HUGE)) is Outcome.STORED
    assert stored()["CURRENT"]["eventId"] == {"S": "e-4"}
    assert len(objects()) == 1


def test_a_delivery_from_which_a_person_was_taken_while_it_waited_is_stored_as_erased(
    store: Store, stored: Any
) -> None:
    waited = received_delivery()._replace(erased_at="2026-03-03T00:00:00.000000000Z")
    assert save(store, waited) is Outcome.STORED
    assert stored()["EVENT#e-1"]["erasedAt"] == {"S": "2026-03-03T00:00:00.000000000Z"}
    assert "erasedAt" not in stored()["CURRENT"]
    assert save(store, received_delivery(internalNotes="as it was sent")) is Outcome.DUPLICATE


def test_a_large_body_takes_one_call_more_than_a_small_one(store: Store, dynamodb: DynamoDBClient) -> None:
    calls: list[list[str]] = []

    def note(params: Any, **_: Any) -> None:
        calls.append([kind for write in params["TransactItems"] for kind in write])

    dynamodb.meta.events.register("before-parameter-build.dynamodb.TransactWriteItems", note)
    save(store, received_delivery())
    assert calls == [["Put", "Put"]]
    calls.clear()
    save(store, received_delivery(id="e-2", updated_at="2026-03-03T09:00:00Z", internalNotes=HUGE))
    assert calls == [["ConditionCheck"], ["Put", "Put"]]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(body=st.binary() | json_values.map(repr).map(str.encode), damage=st.sampled_from(["", "body", "bodyKey"]))
def test_the_comparison_of_an_erased_item_is_true_for_every_body_and_reads_none(body: bytes, damage: str) -> None:
    item: Any = {items.ERASED_AT: {"S": "2026-03-03T00:00:00.000000000Z"}, "body": {"B": b"no gzip"}}
    assert items.has_content({**item, **({damage: {"S": "x"}} if damage else {})}, body)
    assert not items.has_content({"body": {"B": b"no gzip"}}, body)
