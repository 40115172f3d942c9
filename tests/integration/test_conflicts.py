"""An envelope id that comes back: the same content is a duplicate, other content a conflict, and nothing is changed."""

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
from tests.builders import arrived, body, delivery, received, save

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HUGE = "x" * (items.BODY_BYTES + 1)


@pytest.mark.parametrize("notes", ["short", HUGE])
def test_the_same_value_written_otherwise_is_a_duplicate(store: Store, stored: Any, notes: str) -> None:
    document = delivery(internalNotes=notes, note="é", number=1)
    save(store, received(body(document)))
    before = stored()
    backwards = dict(reversed(document.items()))
    for content in (json.dumps(document, indent=1), json.dumps(backwards), json.dumps(document) + "\n"):
        assert save(store, received(content.encode())) is Outcome.DUPLICATE
    assert stored() == before


@pytest.mark.parametrize("notes", ["short", HUGE])
@pytest.mark.parametrize("change", [{"number": 1.0}, {"number": True}, {"updated_at": "2027-01-01T00:00:00Z"}])
def test_other_content_under_a_known_id_is_a_conflict_and_leaves_the_table_untouched(
    store: Store, stored: Any, notes: str, change: dict[str, Any]
) -> None:
    save(store, arrived(internalNotes=notes, number=1))
    save(store, arrived(id="e-0", updated_at="2026-01-01T00:00:00Z"))
    before = stored()
    changed = arrived(**{"internalNotes": notes, "number": 1, **change})
    assert [save(store, changed) for _ in range(2)] == [Outcome.CONFLICT] * 2
    assert save(store, arrived(id="e-0", updated_at="2026-01-01T00:00:00Z", number=2)) is Outcome.CONFLICT
    assert stored() == before


def test_a_claim_check_and_a_body_in_the_item_are_told_apart_by_content_too(store: Store) -> None:
    save(store, arrived())
    spacious = body(delivery()).replace(b"{", b"{" + b" " * items.BODY_BYTES, 1)
    assert save(store, received(spacious)) is Outcome.DUPLICATE
    assert save(store, arrived(internalNotes=HUGE)) is Outcome.CONFLICT


@pytest.mark.parametrize(
    "damage", [{"body": {"B": b"no gzip"}}, {"body": {"S": "text"}}, {"bodyKey": {"S": "bodies/x"}}, {}]
)
def test_an_event_whose_content_cannot_be_told_is_a_conflict_and_never_an_error(
    store: Store, dynamodb: DynamoDBClient, table_name: str, damage: Any
) -> None:
    event = {name: value for name, value in items.event_item(arrived()).items() if name != "body"}
    dynamodb.put_item(TableName=table_name, Item={**event, **damage})
    assert save(store, arrived()) is Outcome.CONFLICT


class LosingAnswers:
    """A DynamoDB client that commits and then does not answer, as a connection that is cut does."""

    def __init__(self, client: DynamoDBClient, times: int) -> None:
        self._client = client
        self._times = times

    def transact_write_items(self, **request: Any) -> Any:
        answer = self._client.transact_write_items(**request)
        if self._times:
            self._times -= 1
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return answer


@pytest.mark.parametrize("notes", ["short", HUGE])
@pytest.mark.parametrize("updated_at", ["2026-03-03T00:00:00Z", "2026-03-01T00:00:00Z"])
def test_a_delivery_whose_answer_was_lost_is_a_duplicate_when_it_comes_again(
    dynamodb: DynamoDBClient, table_name: str, bodies: Bodies, stored: Any, notes: str, updated_at: str
) -> None:
    save(Store(dynamodb, table_name, lambda: bodies), arrived())
    losing: Any = LosingAnswers(dynamodb, times=1)
    store = Store(losing, table_name, lambda: bodies)
    again = arrived(id="e-2", updated_at=updated_at, internalNotes=notes)
    with pytest.raises(StoreUnavailableError, match="ReadTimeoutError"):
        save(store, again)
    before = stored()
    assert before["EVENT#e-2"]["stale"]["BOOL"] is (updated_at < "2026-03-02")
    assert save(store, again) is Outcome.DUPLICATE
    assert stored() == before


@pytest.mark.parametrize(
    ("updated_at", "first"), [("2026-03-03T00:00:00Z", Outcome.STORED), ("2026-03-01T00:00:00Z", Outcome.STALE)]
)
def test_a_request_that_the_sdk_sends_twice_is_no_conflict(
    dynamodb: DynamoDBClient, table_name: str, bodies: Bodies, stored: Any, updated_at: str, first: Outcome
) -> None:
    store = Store(dynamodb, table_name, lambda: bodies)
    save(store, arrived())
    sent: list[int] = []

    def once_more(attempts: int, **_: Any) -> Any:
        sent.append(attempts)
        return 0.0 if attempts == 1 else None

    dynamodb.meta.events.register_first("needs-retry.dynamodb.TransactWriteItems", once_more)
    assert save(store, arrived(id="e-2", updated_at=updated_at)) in (first, Outcome.DUPLICATE)
    assert 2 in sent
    assert sorted(stored()) == ["CURRENT", "EVENT#e-1", "EVENT#e-2"]


def test_a_new_delivery_and_a_known_one_take_one_call(store: Store, dynamodb: DynamoDBClient) -> None:
    calls: list[str] = []
    dynamodb.meta.events.register("before-call.*.*", lambda model, **_: calls.append(model.name))
    save(store, arrived())
    save(store, arrived())
    save(store, arrived(number=1))
    assert calls == ["TransactWriteItems"] * 3
