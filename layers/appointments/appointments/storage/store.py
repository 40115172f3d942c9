"""The conditions under which a delivery becomes history and state: the heart of the promises.

One ``TransactWriteItems`` puts the event item if it is absent and the current item if the delivery is newer.
DynamoDB refuses the two together, and says which condition failed:

=====================  =======================================================================
event item exists      nothing is written, whatever the state says: a duplicate, or a conflict if the envelope id
                       came back with other content (so an answer that was lost is a duplicate, never a conflict)
current item newer     stale: the event item alone, flagged
same updatedAt,        not stale, but the state stays: the event item alone, under the condition that the
greater envelope id    state has not moved on meanwhile, so that what is published as not stale never goes back
transaction conflict   somebody else writes this appointment just now: again, with jitter, inside the deadline
=====================  =======================================================================

A body that does not fit the item is in the bucket before the transaction points to it. A crash in between leaves an
object that nothing points to, and the next delivery of the same body makes use of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from appointments.contract import instants
from appointments.deadline import Deadline
from appointments.errors import BodyUnavailableError, DeadlineExceededError, StoreRefusedError, StoreUnavailableError
from appointments.storage import items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from appointments.storage.bodies import Bodies
    from appointments.storage.items import Delivery, Item

REFUSED = "ConditionalCheckFailed"
REFUSALS = {"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceeded"}
"""Of a request and of a transaction's part: it will be the same the next time."""
ABSENT = "attribute_not_exists(pk)"
NEWER = "attribute_not_exists(pk) OR updatedAt < :updatedAt OR (updatedAt = :updatedAt AND eventId < :eventId)"
UNMOVED = "updatedAt = :updatedAt"
FIRST_PAUSE, LONGEST_PAUSE = 0.010, 0.200  # seconds; a conflict lasts as long as the other transaction


class Outcome(StrEnum):
    """What became of a delivery; every one of them is safe to acknowledge, a conflict once it is in quarantine."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    STALE = "stale"
    CONFLICT = "conflicting-duplicate"


class Store:
    """Writes deliveries to the appointments table.

    ``deadline_seconds`` bounds a delivery that is saved without a deadline of its own. ``now`` gives ``storedAt``, in
    the form of :func:`appointments.contract.instants.utc`.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        bodies: Bodies,
        *,
        deadline_seconds: float = 1.5,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], str] = instants.now,
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._bodies = bodies
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._sleep = sleep
        self._now = now

    def save(self, delivery: Delivery, deadline: Deadline | None = None) -> Outcome:
        """Store the delivery; when it returns, history, obligation to publish and state are durable together.

        A conflict has changed nothing and is kept nowhere yet: that is the caller's to do. Raises
        StoreUnavailableError when DynamoDB, or S3 for a body that does not fit an item, could not be reached,
        refused, or did not settle in time; the delivery may or may not be stored then.
        """
        deadline = deadline or Deadline(self._deadline_seconds, clock=self._clock)
        event = self._event(delivery, deadline)
        current = items.current_item(delivery)
        writes = [self._put_event(event), self._put_current(current)]
        pause = FIRST_PAUSE
        while True:
            refusals = self._transact(writes, deadline)
            if refusals is None:
                return Outcome.STALE if event["stale"]["BOOL"] else Outcome.STORED
            codes = [refusal.get("Code") for refusal in refusals]
            if codes[0] == REFUSED:
                known = items.has_content(refusals[0].get("Item") or {}, delivery.body)
                return Outcome.DUPLICATE if known else Outcome.CONFLICT
            if pause > deadline.remaining:
                raise StoreUnavailableError("the transaction was not settled at the deadline: " + _listed(codes))
            if codes[-1] == REFUSED:
                writes = self._after_losing(event, current, refusals[-1].get("Item"))
            elif "TransactionConflict" in codes:
                self._sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, not a secret
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                kind = StoreRefusedError if REFUSALS & set(codes) else StoreUnavailableError
                raise kind("DynamoDB refused the transaction: " + _listed(codes))

    def _event(self, delivery: Delivery, deadline: Deadline) -> Item:
        if len(delivery.body) <= items.BODY_BYTES:
            event = items.event_item(delivery)
            if len(delivery.body) <= items.FITTING_BYTES or items.size(event) <= items.ITEM_BYTES:
                return event
        try:
            return items.event_item(delivery, body_key=deadline.call(lambda: self._bodies.put(delivery.body)))
        except (BodyUnavailableError, DeadlineExceededError) as error:
            raise StoreUnavailableError(str(error)) from None

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
        return {"Put": self._condition(ABSENT, Item=event)}

    def _put_current(self, current: Item) -> dict[str, Any]:
        values = {":updatedAt": current["updatedAt"], ":eventId": current["eventId"]}
        return {"Put": self._condition(NEWER, Item=current, ExpressionAttributeValues=values)}

    def _check_unmoved(self, current: Item) -> dict[str, Any]:
        key = {name: current[name] for name in (items.PARTITION_KEY, items.SORT_KEY)}
        values = {":updatedAt": current["updatedAt"]}
        return {"ConditionCheck": self._condition(UNMOVED, Key=key, ExpressionAttributeValues=values)}

    def _condition(self, expression: str, **of: Any) -> dict[str, Any]:
        """A refusal comes with the item that is there: the state that won, or the event that is known."""
        return {
            "TableName": self._table_name,
            "ConditionExpression": expression,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **of,
        }

    def _transact(self, writes: list[Any], deadline: Deadline) -> list[dict[str, Any]] | None:
        """None when committed, else DynamoDB's reasons, one for each write. The event is the first of them."""
        writes[0]["Put"]["Item"][items.STORED_AT] = {"S": self._now()}  # of this attempt, not of the first one
        try:
            deadline.call(lambda: self._client.transact_write_items(TransactItems=writes))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "TransactionCanceledException":
                reasons: Any = error.response.get("CancellationReasons")
                return list(reasons)
            # From None: botocore's message may quote the request, and with it what was sent.
            raise (StoreRefusedError if code in REFUSALS else StoreUnavailableError)(
                "DynamoDB answered " + code
            ) from None
        except DeadlineExceededError:
            raise StoreUnavailableError("DynamoDB did not answer in time") from None
        except (BotoCoreError, ResponseParserError) as error:
            raise StoreUnavailableError("DynamoDB did not answer: " + type(error).__name__) from None
        return None


def _listed(codes: list[str | None]) -> str:
    return ", ".join(str(code) for code in codes)
