"""A known envelope id: the same content is a duplicate, other content a conflict. The table does not change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError

from appointments.errors import StoreUnavailableError
from appointments.outcome import Outcome
from appointments.storage import items
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from tests.builders import body, delivery, received, received_delivery, save

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HUGE = "x" * (items.BODY_BYTES + 1)


@pytest.mark.parametrize("notes", ["short", HUGE], ids=["in the item", "in the bucket"])
def test_the_same_content_in_another_notation_is_a_duplicate(store: Store, stored: Any, notes: str) -> None:
    document = delivery(internalNotes=notes, note="é", number=1)
    save(store, received(body(document)))
    before = stored()
    backwards = dict(reversed(document.items()))
    for content in (json.dumps(document, indent=1), json.dumps(backwards), json.dumps(document) + "\n"):
        assert save(store, received(content.encode())) is Outcome.DUPLICATE
    assert stored() == before


@pytest.mark.parametrize("notes", ["short", HUGE], ids=["in the item", "in the bucket"])
@pytest.mark.parametrize("change", [{"number": 1.0}, {"number": True}, {"updated_at": "2027-01-01T00:00:00Z"}])
def test_other_content_under_a_known_id_is_a_conflict_and_does_not_change_the_table(
    store: Store, stored: Any, notes: str, change: dict[str, Any]
) -> None:
    save(store, received_delivery(internalNotes=notes, number=1))
    save(store, received_delivery(id="e-0", updated_at="2026-01-01T00:00:00Z"))
    before = stored()
    changed = received_delivery(**{"internalNotes": notes, "number": 1, **change})
    assert [save(store, changed) for _ in range(2)] == [Outcome.CONFLICT] * 2
    assert save(store, received_delivery(id="e-0", updated_at="2026-01-01T00:00:00Z", number=2)) is Outcome.CONFLICT
    assert stored() == before


def test_a_body_in_the_bucket_and_a_body_in_the_item_are_compared_by_content(store: Store) -> None:
    save(store, received_delivery())
    padded = body(delivery()).replace(b"{", b"{" + b" " * items.BODY_BYTES, 1)
    assert save(store, received(padded)) is Outcome.DUPLICATE
    assert save(store, received_delivery(internalNotes=HUGE)) is Outcome.CONFLICT


@pytest.mark.parametrize(
    "damage", [{"body": {"B": b"no gzip"}}, {"body": {"S": "text"}}, {"bodyKey": {"S": "bodies/x"}}, {}]
)
def test_an_event_item_with_unreadable_content_is_a_conflict_and_no_error(
    store: Store, dynamodb: DynamoDBClient, table_name: str, damage: Any
) -> None:
    event = {name: value for name, value in items.event_item(received_delivery()).items() if name != "body"}
    dynamodb.put_item(TableName=table_name, Item={**event, **damage})
    assert save(store, received_delivery()) is Outcome.CONFLICT


class LosingAnswers:
    """A DynamoDB client that commits and then times out, as after a lost connection."""

    def __init__(self, client: DynamoDBClient, times: int) -> None:
        self._client = client
        self._times = times

    def transact_write_items(self, **request: Any) -> Any:
        answer = self._client.transact_write_items(**request)
        if self._times and "Put" in request["TransactItems"][0]:  # and not the check of a large body
            self._times -= 1
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return answer


@pytest.mark.parametrize("notes", ["short", HUGE], ids=["in the item", "in the bucket"])
@pytest.mark.parametrize("updated_at", ["2026-03-03T00:00:00Z", "2026-03-01T00:00:00Z"])
def test_a_retry_after_a_lost_answer_is_a_duplicate(
    dynamodb: DynamoDBClient, table_name: str, bodies: Bodies, stored: Any, notes: str, updated_at: str
) -> None:
    save(Store(dynamodb, table_name, lambda: bodies), received_delivery())
    losing: Any = LosingAnswers(dynamodb, times=1)
    store = Store(losing, table_name, lambda: bodies)
    again = received_delivery(id="e-2", updated_at=updated_at, internalNotes=notes)
    with pytest.raises(StoreUnavailableError, match="ReadTimeoutError"):
        save(store, again)
    before = stored()
    assert before["EVENT#e-2"]["stale"]["BOOL"] is (updated_at < "2026-03-02")
    assert save(store, again) is Outcome.DUPLICATE
    assert stored() == before


@pytest.mark.parametrize(
    ("updated_at", "first"), [("2026-03-03T00:00:00Z", Outcome.STORED), ("2026-03-01T00:00:00Z", Outcome.STALE)]
)
def test_a_retry_by_the_sdk_is_no_conflict(
    dynamodb: DynamoDBClient, table_name: str, bodies: Bodies, stored: Any, updated_at: str, first: Outcome
) -> None:
    store = Store(dynamodb, table_name, lambda: bodies)
    save(store, received_delivery())
    sent: list[int] = []

    def retry_once(attempts: int, **_: Any) -> Any:
        sent.append(attempts)
        return 0.0 if attempts == 1 else None

    dynamodb.meta.events.register_first("needs-retry.dynamodb.TransactWriteItems", retry_once)
    assert save(store, received_delivery(id="e-2", updated_at=updated_at)) in (first, Outcome.DUPLICATE)
    assert 2 in sent
    assert sorted(stored()) == ["CURRENT", "EVENT#e-1", "EVENT#e-2"]


def test_a_new_a_repeated_and_a_conflicting_delivery_take_one_call_each(store: Store, dynamodb: DynamoDBClient) -> None:
    calls: list[str] = []
    dynamodb.meta.events.register("before-call.*.*", lambda model, **_: calls.append(model.name))
    save(store, received_delivery())
    save(store, received_delivery())
    save(store, received_delivery(number=1))
    assert calls == ["TransactWriteItems"] * 3
