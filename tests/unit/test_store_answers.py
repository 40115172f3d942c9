"""What the store makes of each answer of DynamoDB to its transaction.

The conditions themselves are tested on tables (tests/integration/test_store.py). These answers depend on other
requests and on the state of DynamoDB, so no table gives them on demand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from appointments import timing
from appointments.deadline import Deadline
from appointments.errors import StoreRefusedError, StoreUnavailableError
from appointments.outcome import Outcome
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from tests.builders import received_delivery

NONE = {"Code": "None"}
CONFLICT = {"Code": "TransactionConflict"}
REFUSED = "ConditionalCheckFailed"


def lost_against(order: str | None) -> Any:
    """Return the reason of a refused current item, with the order of the item in the table."""
    return {"Code": REFUSED, **({} if order is None else {"Item": {"order": {"S": order}}})}


NEWER = lost_against("2026-03-03T00:00:00.000000000Z#2#e-2")
SAME_INSTANT = lost_against("2026-03-02T09:00:00.000000000Z#3#e-2")


class DynamoDB:
    """A DynamoDB that gives the answers in their order, a store that calls it, and a clock that only pauses advance."""

    def __init__(self, stubber: Stubber) -> None:
        self.requests: list[list[str]] = []
        self.pauses: list[float] = []
        self._stubber = stubber
        client: Any = stubber.client
        client.meta.events.register("before-parameter-build.dynamodb.*", self._note)
        self._store = Store(client, "table", self._no_bodies)

    def save(self, *answers: Any, seconds: float = 20) -> Outcome:
        """Save a delivery. Each answer is the reasons of a cancelled transaction, the code of an error, or None."""
        for answer in answers:
            if answer is None:
                self._stubber.add_response("transact_write_items", {})
            elif isinstance(answer, str):
                self._stubber.add_client_error("transact_write_items", answer)
            else:
                self._stubber.add_client_error(
                    "transact_write_items",
                    "TransactionCanceledException",
                    modeled_fields={"CancellationReasons": list(answer)},
                )
        deadline = Deadline(
            seconds, clock=lambda: sum(self.pauses), sleep=self.pauses.append, run=lambda _, function: function()
        )
        return self._store.save(received_delivery(), deadline)

    def _note(self, params: Any, **_: Any) -> None:
        self.requests.append([name for write in params["TransactItems"] for name in write])

    @staticmethod
    def _no_bodies() -> Bodies:
        raise AssertionError("the body fits the item")


@pytest.fixture
def dynamodb() -> Iterator[DynamoDB]:
    with Stubber(boto3.client("dynamodb")) as stubber:
        yield DynamoDB(stubber)


def test_a_transaction_in_conflict_is_tried_again_until_it_is_settled(dynamodb: DynamoDB) -> None:
    assert dynamodb.save((NONE, CONFLICT), (CONFLICT, NONE), None) is Outcome.STORED
    assert dynamodb.requests == [["Put", "Put"]] * 3


def test_a_stale_delivery_in_conflict_is_tried_again_without_the_current_item(dynamodb: DynamoDB) -> None:
    assert dynamodb.save((NONE, NEWER), (CONFLICT,), None) is Outcome.STALE
    assert dynamodb.requests == [["Put", "Put"], ["Put"], ["Put"]]


def test_the_pause_after_a_conflict_doubles_up_to_its_limit(dynamodb: DynamoDB) -> None:
    dynamodb.save(*[(NONE, CONFLICT)] * 7, None)
    bounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.2, 0.2]
    assert bounds[0] == timing.CONFLICT_FIRST_PAUSE
    assert bounds[-1] == timing.CONFLICT_LONGEST_PAUSE
    assert [bound / 2 <= pause <= bound for bound, pause in zip(bounds, dynamodb.pauses, strict=True)] == [True] * 7


def test_a_conflict_without_end_is_an_error_before_the_deadline(dynamodb: DynamoDB) -> None:
    with pytest.raises(StoreUnavailableError, match="not settled at the deadline: None, TransactionConflict"):
        dynamodb.save(*[(NONE, CONFLICT)] * 20, seconds=1)
    assert 0.7 < sum(dynamodb.pauses) <= 1


def test_no_answer_in_time_is_an_error_that_says_so(dynamodb: DynamoDB) -> None:
    with pytest.raises(StoreUnavailableError, match="DynamoDB did not answer in time"):
        dynamodb.save(seconds=-1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (({"Code": "ValidationError"}, NONE), StoreRefusedError),
        ((NONE, {"Code": "ItemCollectionSizeLimitExceeded"}), StoreRefusedError),
        ((NONE, {"Code": "ThrottlingError"}), StoreUnavailableError),
        (({"Code": "ProvisionedThroughputExceeded"}, NONE), StoreUnavailableError),
        ("ValidationException", StoreRefusedError),
        ("ProvisionedThroughputExceededException", StoreUnavailableError),
        ("InternalServerError", StoreUnavailableError),
    ],
)
def test_only_an_error_that_a_retry_does_not_change_is_a_refusal_and_each_names_its_codes(
    dynamodb: DynamoDB, answer: Any, error: type[Exception]
) -> None:
    codes = answer if isinstance(answer, str) else ", ".join(reason["Code"] for reason in answer)
    with pytest.raises(error, match=f"^DynamoDB .*{codes}$") as raised:
        dynamodb.save(answer)
    assert raised.type is error


def test_after_a_tie_only_the_instant_of_the_current_item_is_checked(dynamodb: DynamoDB) -> None:
    assert dynamodb.save((NONE, SAME_INSTANT), None) is Outcome.STORED
    assert dynamodb.requests == [["Put", "Put"], ["Put", "ConditionCheck"]]


@pytest.mark.parametrize("order", [None, "2026-03-01T00:00:00.000000000Z#2#e-2"], ids=["deleted", "older"])
def test_after_a_tie_a_current_item_that_is_gone_or_older_is_written_after_all(
    dynamodb: DynamoDB, order: str | None
) -> None:
    assert dynamodb.save((NONE, SAME_INSTANT), (NONE, lost_against(order)), None) is Outcome.STORED
    assert dynamodb.requests == [["Put", "Put"], ["Put", "ConditionCheck"], ["Put", "Put"]]


def test_a_delivery_that_is_current_is_stored_again_after_its_event_has_expired(dynamodb: DynamoDB) -> None:
    own = lost_against(received_delivery().order)
    assert dynamodb.save((NONE, own), None) is Outcome.STORED
    assert dynamodb.requests == [["Put", "Put"], ["Put", "ConditionCheck"]]


def test_after_a_tie_a_current_item_that_became_newer_makes_the_delivery_stale(dynamodb: DynamoDB) -> None:
    assert dynamodb.save((NONE, SAME_INSTANT), (NONE, NEWER), None) is Outcome.STALE
    assert dynamodb.requests == [["Put", "Put"], ["Put", "ConditionCheck"], ["Put"]]


def test_a_known_event_item_counts_before_a_newer_current_item(dynamodb: DynamoDB) -> None:
    assert dynamodb.save((lost_against(None), NEWER)) is Outcome.CONFLICT
    assert dynamodb.requests == [["Put", "Put"]]
