"""The conditions under which a delivery becomes history and state: the heart of the promises.

One ``TransactWriteItems`` puts the event item if it is absent and the current item if the delivery is newer.
DynamoDB refuses the two together, and says which condition failed:

=====================  =======================================================================
event item exists      a duplicate: nothing is written, whatever the state says
current item newer     stale: the event item alone, flagged
same updatedAt,        not stale, but the state stays: the event item alone, under the condition that the
greater envelope id    state has not moved on meanwhile, so that what is published as not stale never goes back
transaction conflict   somebody else writes this appointment just now: again, with jitter, inside the deadline
=====================  =======================================================================
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from appointments import items
from appointments.errors import BodyTooLargeError, StoreUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from appointments.items import Delivery, Item

REFUSED = "ConditionalCheckFailed"
ABSENT = "attribute_not_exists(pk)"
NEWER = "attribute_not_exists(pk) OR updatedAt < :updatedAt OR (updatedAt = :updatedAt AND eventId < :eventId)"
UNMOVED = "updatedAt = :updatedAt"
FIRST_PAUSE, LONGEST_PAUSE = 0.010, 0.200  # seconds; a conflict lasts as long as the other transaction


class Outcome(StrEnum):
    """What became of a delivery; every one of them is safe to acknowledge."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    STALE = "stale"


class Store:
    """Writes deliveries to the appointments table.

    ``deadline_seconds`` bounds the retries after transaction conflicts; the client's own timeouts and attempts
    bound each call, so they are the caller's to choose.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        *,
        deadline_seconds: float = 1.5,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._sleep = sleep

    def save(self, delivery: Delivery) -> Outcome:
        """Store the delivery; when it returns, history, obligation to publish and state are durable together.

        Raises StoreUnavailableError when DynamoDB could not be reached, refused, or did not settle in time (the
        delivery may or may not be stored then: delivering it again is safe), and BodyTooLargeError when the
        event does not fit an item.
        """
        event = items.event_item(delivery)
        if items.size(event) > items.ITEM_BYTES:
            raise BodyTooLargeError("the delivery does not fit the table, even compressed")
        current = items.current_item(delivery)
        writes = [self._put_event(event), self._put_current(current)]
        give_up = self._clock() + self._deadline_seconds
        pause = FIRST_PAUSE
        while True:
            refusals = self._transact(writes)
            if refusals is None:
                return Outcome.STALE if event["stale"]["BOOL"] else Outcome.STORED
            codes = [refusal.get("Code") for refusal in refusals]
            if codes[0] == REFUSED:
                return Outcome.DUPLICATE
            if self._clock() + pause > give_up:
                raise StoreUnavailableError("the transaction was not settled at the deadline: " + _listed(codes))
            if codes[-1] == REFUSED:
                writes = self._after_losing(event, current, refusals[-1].get("Item"))
            elif "TransactionConflict" in codes:
                self._sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, not a secret
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                raise StoreUnavailableError("DynamoDB refused the transaction: " + _listed(codes))

    def _after_losing(self, event: Item, current: Item, winner: Item | None) -> list[dict[str, Any]]:
        """What to write when the state did not take the delivery: ``winner`` is the state that refused it."""
        if winner is None or winner["updatedAt"]["S"] < current["updatedAt"]["S"]:
            # Only after a tie whose state has moved or vanished meanwhile: ask the state again.
            return [self._put_event(event), self._put_current(current)]
        if winner["updatedAt"] == current["updatedAt"]:
            return [self._put_event(event), self._check_unmoved(current)]
        event["stale"] = {"BOOL": True}  # for good: a state never goes back
        return [self._put_event(event)]

    def _put_event(self, event: Item) -> dict[str, Any]:
        return {"Put": {"TableName": self._table_name, "Item": event, "ConditionExpression": ABSENT}}

    def _put_current(self, current: Item) -> dict[str, Any]:
        values = {":updatedAt": current["updatedAt"], ":eventId": current["eventId"]}
        return {"Put": {"Item": current, "ConditionExpression": NEWER, **self._telling_why(values)}}

    def _check_unmoved(self, current: Item) -> dict[str, Any]:
        key = {name: current[name] for name in (items.PARTITION_KEY, items.SORT_KEY)}
        values = {":updatedAt": current["updatedAt"]}
        return {"ConditionCheck": {"Key": key, "ConditionExpression": UNMOVED, **self._telling_why(values)}}

    def _telling_why(self, values: Item) -> dict[str, Any]:
        return {
            "TableName": self._table_name,
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _transact(self, writes: list[Any]) -> list[dict[str, Any]] | None:
        """None when committed, else DynamoDB's reasons, one for each write."""
        try:
            self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if error.response["Error"]["Code"] == "TransactionCanceledException":
                reasons: Any = error.response.get("CancellationReasons")
                return list(reasons)
            # From None: botocore's message may quote the request, and with it what was sent.
            raise StoreUnavailableError("DynamoDB answered " + error.response["Error"]["Code"]) from None
        except BotoCoreError as error:
            raise StoreUnavailableError("DynamoDB did not answer: " + type(error).__name__) from None
        return None


def _listed(codes: list[str | None]) -> str:
    return ", ".join(str(code) for code in codes)
