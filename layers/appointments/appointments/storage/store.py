"""Writes deliveries to the table, under the conditions that keep the promises.

One ``TransactWriteItems`` puts the event item if it is absent and the current item if the delivery is newer.
DynamoDB refuses both together and says which condition failed:

=====================  =======================================================================
event item exists      Nothing is written: a duplicate, or a conflict if the content differs. The event item counts
                       first, so a retry after a lost answer is a duplicate, never a conflict. A known event from
                       which a person was erased makes any content a duplicate.
current item newer     Stale: the event item is put alone, with the stale flag.
same instant,          Not stale, but the current item stays. The event item is put alone, on condition that the
lower order            current item still has this instant; else a message could say "not stale" after a newer one.
transaction conflict   Another request writes this appointment at the moment: retry with jitter within the deadline.
=====================  =======================================================================

A repair of :mod:`appointments.reconciliation` is written by one such transaction too, or not at all: a state that is
as new as the repair makes it needless, and its current item must still be the one whose changes the repair names.

A body that does not fit the item is in the bucket before the transaction refers to it. A crash in between leaves an
unused object, which the next delivery of the same body uses. A check comes first: the body of an erased event must not
be in the bucket again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from appointments import timing
from appointments.contract import instants
from appointments.contract.essentials import instant_of
from appointments.errors import BodyUnavailableError, DeadlineExceededError, StoreRefusedError, StoreUnavailableError
from appointments.outcome import Outcome
from appointments.sdk import SDK_ERRORS, problem_of
from appointments.storage import items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from appointments.deadline import Deadline
    from appointments.storage.bodies import Bodies
    from appointments.storage.items import Delivery, Item

REFUSED = "ConditionalCheckFailed"
CONTENT_ERRORS = {"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceeded"}
"""Codes of a request, or of one write in it, that a retry does not change."""
ABSENT = "attribute_not_exists(pk)"
NEWER = "attribute_not_exists(pk) OR #order < :order"
UNCHANGED = "#order = :order"
NOT_ERASED = f"attribute_not_exists({items.ERASED_AT})"
SAME_INSTANT = "begins_with(#order, :instant)"
ORDER_NAME = {"#order": items.ORDER}  # a reserved word of DynamoDB


class Store:
    """The appointments table.

    ``bodies`` returns the bucket for bodies that do not fit an item. ``now`` gives ``storedAt``, in the form of
    :func:`.instants.utc`.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        bodies: Callable[[], Bodies],
        *,
        now: Callable[[], str] = instants.now,
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._bodies = bodies
        self._now = now

    def open(self) -> None:
        """Open the connection before the first delivery, with a transaction that only checks that no item exists.

        Raises nothing. The empty appointment id is no delivery's, and the random sort key is no other transaction's.
        """
        key = items.key(items.partition_key(""), f"{random.random()}")  # noqa: S311
        check: Any = {"ConditionCheck": self._condition(ABSENT, Key=key)}
        with suppress(Exception):  # the first delivery opens a connection then, and reports its problem
            self._client.transact_write_items(TransactItems=[check])

    def save(self, delivery: Delivery, deadline: Deadline) -> Outcome:
        """Store the delivery. When it returns, history, obligation to publish and state are durable together.

        A conflict changes nothing and keeps nothing: the caller puts the body in quarantine. Raises
        StoreUnavailableError when DynamoDB, or S3 for a body that does not fit an item, did not confirm the write in
        time; the delivery may or may not be stored then. Raises StoreRefusedError when the content is the cause.
        """
        event = self._event(delivery, deadline)
        if event is None:
            return Outcome.DUPLICATE
        current = items.current_item(delivery)
        outcome = self._settle(
            lambda winner: self._writes_of_delivery(event, current, winner),
            lambda item: items.has_content(item, delivery.body),
            deadline,
        )
        return Outcome.STALE if outcome is Outcome.STORED and event["stale"]["BOOL"] else outcome

    def repair(self, repair: Delivery, deadline: Deadline) -> Outcome:
        """Store a state that the vendor's API told, if it is newer than the state of the table.

        Returns STORED, or an outcome for which nothing is written: STALE when the current item is as new or newer,
        DUPLICATE when this repair is in the history, CONFLICT when its key has other content. A repeated call is safe.
        Raises StoreUnavailableError and StoreRefusedError like :meth:`save`.
        """
        event = self._event(repair, deadline)
        if event is None:
            return Outcome.DUPLICATE
        current = items.current_item(repair)
        return self._settle(
            lambda seen: self._writes_of_repair(event, current, seen),
            lambda item: items.is_same_repair(item, repair),
            deadline,
        )

    def _settle(
        self,
        writes_against: Callable[[Item | None], list[dict[str, Any]]],
        is_same: Callable[[Item], bool],
        deadline: Deadline,
    ) -> Outcome:
        """Write in one transaction until it is committed or the existing event decides.

        ``writes_against`` returns the writes against the item that refused the last of them before; None at first, and
        where there was none. Returns STORED, STALE if there is nothing to write, and if the first write was refused,
        DUPLICATE or CONFLICT, as ``is_same`` judges the existing event. Raises StoreUnavailableError and
        StoreRefusedError.
        """
        refusing: Item | None = None
        pause = timing.CONFLICT_FIRST_PAUSE
        while writes := writes_against(refusing):
            refusals = self._transact(writes, deadline)
            if refusals is None:
                return Outcome.STORED
            codes = [refusal.get("Code") for refusal in refusals]
            if codes[0] == REFUSED:
                return Outcome.DUPLICATE if is_same(refusals[0].get("Item") or {}) else Outcome.CONFLICT
            if pause > deadline.remaining:
                raise StoreUnavailableError("the transaction was not settled at the deadline: " + _listed(codes))
            if codes[-1] == REFUSED:
                refusing = refusals[-1].get("Item")
            else:
                pause = _pause_after(codes, pause, deadline)
        return Outcome.STALE

    def _event(self, delivery: Delivery, deadline: Deadline) -> Item | None:
        """Return the event item, with its body in the bucket if it is large; None for a large body that was erased."""
        if len(delivery.body) <= items.BODY_BYTES:
            event = items.event_item(delivery)
            if len(delivery.body) <= items.FITTING_BYTES or items.size(event) <= items.ITEM_BYTES:
                return event
        if self._is_erased(delivery, deadline):
            return None
        try:
            return items.event_item(
                delivery, body_key=deadline.call(lambda: self._bodies().put(delivery.body, delivery.expires_at))
            )
        except (BodyUnavailableError, DeadlineExceededError) as error:
            raise StoreUnavailableError(str(error)) from None

    def _is_erased(self, delivery: Delivery, deadline: Deadline) -> bool:
        essentials = delivery.essentials
        key = items.key(items.partition_key(essentials.appointment_id), items.event_sort_key(essentials.envelope_id))
        check = {"ConditionCheck": self._condition(NOT_ERASED, Key=key)}
        return self._settle(lambda _: [check], lambda _: True, deadline) is Outcome.DUPLICATE

    def _writes_of_delivery(self, event: Item, current: Item, winner: Item | None) -> list[dict[str, Any]]:
        """Return the writes of a delivery that lost against the current item ``winner``, None for one that did not."""
        order = current[items.ORDER]["S"]
        if winner is None or winner[items.ORDER]["S"] < order:
            # At first; or after a tie, because the current item was replaced or deleted meanwhile.
            return [self._put_event(event), self._put_current(current)]
        if instant_of(winner[items.ORDER]["S"]) == instant_of(order):
            return [self._put_event(event), self._check_same_instant(current)]
        event["stale"] = {"BOOL": True}  # final: the current item never returns to an older state
        return [self._put_event(event)]

    def _put_event(self, event: Item) -> dict[str, Any]:
        return {"Put": self._condition(ABSENT, Item=event)}

    def _put_current(self, current: Item) -> dict[str, Any]:
        values = {":order": current[items.ORDER]}
        return {"Put": self._condition(NEWER, Item=current, **_order_names(values))}

    def _writes_of_repair(self, event: Item, current: Item, seen: Item | None) -> list[dict[str, Any]]:
        """Return the writes of a repair if the table still has ``seen``, or no item; none if ``seen`` is as new."""
        if seen is None:
            return [self._put_event(event), {"Put": self._condition(ABSENT, Item=current)}]
        if seen[items.ORDER]["S"] >= current[items.ORDER]["S"]:
            return []
        replace = self._condition(UNCHANGED, Item=current, **_order_names({":order": seen[items.ORDER]}))
        return [self._put_event(with_replaced(event, seen)), {"Put": replace}]

    def _check_same_instant(self, current: Item) -> dict[str, Any]:
        key = {name: current[name] for name in (items.PARTITION_KEY, items.SORT_KEY)}
        values = {":instant": {"S": instant_of(current[items.ORDER]["S"])}}
        return {"ConditionCheck": self._condition(SAME_INSTANT, Key=key, **_order_names(values))}

    def _condition(self, expression: str, **write: Any) -> dict[str, Any]:
        """A write that returns the existing item when its condition fails."""
        return {
            "TableName": self._table_name,
            "ConditionExpression": expression,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **write,
        }

    def _transact(self, writes: list[Any], deadline: Deadline) -> list[dict[str, Any]] | None:
        """Return None when committed, else DynamoDB's reasons, one for each write. The event item is the first."""
        if "Put" in writes[0]:
            writes[0]["Put"]["Item"][items.STORED_AT] = {"S": self._now()}  # the time of this attempt
        try:
            deadline.call(lambda: self._client.transact_write_items(TransactItems=writes))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "TransactionCanceledException":
                reasons: Any = error.response.get("CancellationReasons")
                return list(reasons)
            # From None: botocore's message can quote the request and so the delivery.
            kind = StoreRefusedError if code in CONTENT_ERRORS else StoreUnavailableError
            raise kind(problem_of("DynamoDB", error)) from None
        except DeadlineExceededError:
            raise StoreUnavailableError("DynamoDB did not answer in time") from None
        except SDK_ERRORS as error:
            raise StoreUnavailableError(problem_of("DynamoDB", error)) from None
        return None


def _pause_after(codes: list[str | None], pause: float, deadline: Deadline) -> float:
    """Wait after a transaction conflict, and return the next pause. Raises for any other reason of a refusal."""
    if "TransactionConflict" not in codes:
        kind = StoreRefusedError if CONTENT_ERRORS & set(codes) else StoreUnavailableError
        raise kind("DynamoDB refused the transaction: " + _listed(codes))
    deadline.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, not a secret
    return min(2 * pause, timing.CONFLICT_LONGEST_PAUSE)


def with_replaced(event: Item, replaced: Item) -> Item:
    """Return the event item of a repair with the state of the current item that it replaces."""
    return event | {items.REPLACED: {"S": json.dumps(items.replaced_state(replaced), ensure_ascii=False)}}


def _order_names(values: dict[str, Any]) -> dict[str, Any]:
    return {"ExpressionAttributeNames": ORDER_NAME, "ExpressionAttributeValues": values}


def _listed(codes: list[str | None]) -> str:
    return ", ".join(str(code) for code in codes)
