"""Searches the places that keep deliveries for one customer: the table, quarantine and the backlog's failure queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from appointments.errors import AppointmentsError
from appointments.storage import items
from appointments.storage.backlog import Deferred, decode
from appointments.storage.items import Item
from appointments_cli.export.person import UnreadableError, decompress, find
from appointments_cli.order import newest_first
from appointments_cli.progress import tracked
from appointments_cli.quarantine.objects import Filters, Finder, QuarantineObject
from appointments_cli.queue_reader import HeldMessage, look
from appointments_cli.queues import counts
from appointments_cli.reading.table import StoredEvent, Table, appointment_id, plain
from appointments_cli.screen import Record, Screen
from appointments_cli.target import Target

MOST_MESSAGES = 10_000


class Places:
    """Yields the records of a customer, place by place.

    ``missed`` has a sentence for each part that could not be searched: with one, the records are not complete.
    """

    def __init__(self, target: Target, screen: Screen, customer: str) -> None:
        self._target = target
        self._customer = customer
        self._table = Table(target, screen)
        self.missed: list[str] = []

    def table(self) -> list[Record]:
        """Read the whole table. Return the current items, then the events with their documents, the newest first."""
        current: list[Item] = []
        events: list[tuple[Item, Record]] = []
        prefix = {":prefix": {"S": items.APPOINTMENT_KEY_PREFIX}}
        for item in self._table.scan("begins_with(pk, :prefix)", prefix):
            if item[items.SORT_KEY]["S"] == items.CURRENT_SORT_KEY:
                current.append(item)
            elif (found := self._found_in(item)) is not None:
                events.append((item, found))
        matched = {(item["pk"]["S"], item["sk"]["S"]) for item, found in events if _is_in_state(found)}
        kept = [item for item in current if self._is_in(item, matched)]
        kept.sort(key=_place, reverse=True)
        events.sort(key=lambda event: _place(event[0]), reverse=True)
        return [
            *({"source": "current", "appointmentId": appointment_id(item), "item": plain(item)} for item in kept),
            *(_event(item, found) for item, found in events),
        ]

    def quarantine(self) -> list[Record]:
        """Read all bodies in quarantine. Return those with the customer, the newest first."""
        bucket = self._target.quarantine_bucket
        found = Finder(self._target.s3, bucket).find(Filters())
        entries = tracked(found, None, "bodies of quarantine")
        records = [record for entry in entries if (record := self._quarantined(entry, bucket)) is not None]
        return newest_first(records, "receivedAt", "key")

    def backlog(self) -> list[Record]:
        """Read the messages of BacklogFailureQueue, which stay there. Return those with the customer."""
        if count := sum(counts(self._target.sqs, self._target.required_resource("BacklogQueue"))):
            self.missed.append(f"about {count} deliveries in BacklogQueue, which wait for the table")
        held, _ = given_up(self._target, self.missed)
        records = [record for each in held if (record := self._deferred(each)) is not None]
        return newest_first(records, "receivedAt", "messageId")

    def _found_in(self, item: Item) -> Record | None:
        body = self._table.body_or_none(StoredEvent(item), self.missed)
        found = None if body is None else find(body, self._customer)
        return None if found is None else found.as_dict()

    def _is_in(self, current: Item, matched: set[tuple[str, str]]) -> bool:
        """Whether a current item, or the event of its state, has the customer. The item is bounded."""
        item = plain(current)
        people = item.get("participants", ())
        return (
            item.get("customerId") == self._customer
            or any(each.get("type") == "CUSTOMER" and each.get("id") == self._customer for each in people)
            or (item["pk"], items.event_sort_key(item.get("eventId", ""))) in matched
        )

    def _quarantined(self, entry: QuarantineObject, bucket: str) -> Record | None:
        try:
            answer = self._target.s3.get_object(Bucket=bucket, Key=entry.key)
            body = decompress(answer["Body"].read(), entry.metadata.content_encoding)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None  # it expired while the others were read
        except UnreadableError as error:
            self.missed.append(f"the object {entry.key} in quarantine: {error}")
            return None
        found = find(body, self._customer)
        return None if found is None else {"source": "quarantine", **entry.as_dict(), **found.as_dict()}

    def _deferred(self, held: HeldMessage) -> Record | None:
        body, received_at, _ = opened(self._target, held, self.missed)
        found = find(body, self._customer)
        ids = {"source": "backlog", "messageId": held.message_id, "receivedAt": received_at or None}
        return None if found is None else {**ids, **found.as_dict()}


def given_up(target: Target, missed: list[str]) -> tuple[list[HeldMessage], int]:
    """Return the messages of BacklogFailureQueue, which stay there, and about how many others hold.

    ``missed`` gets a sentence for each part that was not read.
    """
    held, _, held_by_others = look(target.sqs, target.required_resource("BacklogFailureQueue"), MOST_MESSAGES)
    if held_by_others:
        holder = "which another reader holds, or a run that was killed"
        missed.append(f"about {held_by_others} messages of BacklogFailureQueue, {holder}")
    if len(held) == MOST_MESSAGES:
        missed.append(f"the messages of BacklogFailureQueue after the first {MOST_MESSAGES:,}")
    return held, held_by_others


def opened(target: Target, held: HeldMessage, missed: list[str]) -> Deferred:
    """Return the delivery of a message; for another message its text as the body, and a sentence in ``missed``."""
    try:
        return decode(held.body, target.bodies.get)
    except AppointmentsError as error:
        missed.append(f"the message {held.message_id} of BacklogFailureQueue: {type(error).__name__}")
        return Deferred(held.body.encode("utf-8", "surrogatepass"), "")


_STATES = ("$.data.appointment.", "$.appointmentParticipants")
"""Where a delivery and an answer of the vendor's API have the appointment."""


def everything(places: Places) -> Iterator[Record]:
    yield from places.table()
    yield from places.quarantine()
    yield from places.backlog()


def _event(item: Item, found: dict[str, Any]) -> Record:
    event = StoredEvent(item)
    ids = {"source": "event", "appointmentId": event.appointment_id, "envelopeId": event.envelope_id}
    return {**ids, "item": plain(item), **found}


def _is_in_state(found: Record) -> bool:
    """Whether the customer is in the appointment itself, and not only in what it was before."""
    return any(path.startswith(_STATES) for path in found.get("paths", ()))


def _place(item: Item) -> tuple[str, ...]:
    """The place in the order: by time, and of one time by key."""
    return tuple(item.get(name, {}).get("S", "") for name in ("updatedAt", items.PARTITION_KEY, items.SORT_KEY))
