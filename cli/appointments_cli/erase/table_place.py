"""The items of the table, from which a customer is taken out in place: the stream publishes no update."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from botocore.exceptions import ClientError

from appointments.storage import content, items
from appointments.storage.items import Item
from appointments_cli.erase.journal import Journal
from appointments_cli.erase.kept import CURRENT, EVENT, REDACT, Found, Kept, redact
from appointments_cli.erase.redaction import is_searchable
from appointments_cli.errors import CommandError
from appointments_cli.export.person import find, paths
from appointments_cli.reading.table import StoredEvent, Table, appointment_id, plain
from appointments_cli.screen import Screen
from appointments_cli.target import Target

ATTEMPTS = 20
"""An item that another writer changes this often between a read and its update is not erased in this run."""
STATES = ("$.data.appointment.", f"$.{items.APPOINTMENT}.")
"""Where a delivery and a repair have the state of the appointment."""
OF_CUSTOMERS = ("externalId", "leadSegmentId")
"""The attributes of a current item that tell of the customers of the appointment without saying of which."""
OF_REPAIRS = (items.APPOINTMENT, items.REPLACED)
"""The attributes of a repair that are JSON texts with ids of participants, besides its body."""
OF_BODIES = ("body", "bodyKey", "contentDigest")


class TablePlace:
    """Current items and event items.

    ``now`` gives the instant of an erasure. A current item is erased before its events: one of them can be the only
    trace of the customer in the appointment.
    """

    names = (CURRENT, EVENT)
    held_by_others = 0

    def __init__(self, target: Target, screen: Screen, now: Callable[[], str]) -> None:
        self._target = target
        self._client = target.dynamodb
        self._table = Table(target, screen)
        self._now = now
        self._states: set[str] = set()
        self.missed: list[str] = []

    def kept(self) -> Iterator[Kept]:
        """Read the whole table, which is said and priced first."""
        self.missed.clear()
        scan = self._table.scan(
            "begins_with(pk, :prefix)", {":prefix": {"S": items.APPOINTMENT_KEY_PREFIX}}, consistent=True
        )
        # A scan yields the items of a partition one after the other.
        for _, partition in groupby(scan, lambda item: item[items.PARTITION_KEY]["S"]):
            self._states.clear()
            for item in sorted(partition, key=_is_current):
                body = self._body(item)
                if body is not None:
                    yield _kept(item, body)

    def naming(self, customer: str, kept: Kept) -> Found | None:
        """A current item comes after the events of its appointment, because it has fewer participants than they."""
        found = find(kept.body, customer)
        if kept.place == EVENT:
            if found is None:
                return None
            if any(path.startswith(STATES) for path in found.paths):
                self._states.add(kept.ids["envelopeId"])
            return Found.of(kept, REDACT)
        item = json.loads(kept.body)
        in_state = item.get("eventId") in self._states and any(name in item for name in OF_CUSTOMERS)
        return Found.of(kept, REDACT) if found is not None or in_state else None

    def erase(self, customer: str, found: Sequence[Found], journal: Journal) -> Iterator[Found]:
        for each in sorted(found, key=lambda one: (one.ids["appointmentId"], one.place != CURRENT)):
            erase: Callable[..., bool] = self._erase_current if each.place == CURRENT else self._erase_event
            for _ in range(ATTEMPTS):
                if erase(customer, each, journal):
                    break
            else:
                raise CommandError(f"{each.identity} changes all the time: run the same command again")
            yield each

    def _body(self, item: Item) -> bytes | None:
        if item[items.SORT_KEY]["S"] == items.CURRENT_SORT_KEY:
            return json.dumps(plain(item)).encode()
        body = self._table.body_or_none(StoredEvent(item), self.missed)
        return None if body is None else _whole(item, body)

    def _get(self, found: Found) -> Item | None:
        is_event = found.place == EVENT
        sort = items.event_sort_key(found.ids["envelopeId"]) if is_event else items.CURRENT_SORT_KEY
        return self._table.get(found.ids["appointmentId"], sort)

    def _erase_event(self, customer: str, found: Found, journal: Journal) -> bool:
        """Return False if another writer was faster."""
        item = self._get(found)
        if item is None:
            return True
        values: set[str] = set()
        new: Item = {}
        if (body := redact(self._table.body(StoredEvent(item)), customer)) is not None:
            values |= body[1]
            new |= self._body_attributes(item, body[0])
        for name in OF_REPAIRS:
            if name in item and (text := redact(item[name]["S"].encode(), customer)) is not None:
                values |= text[1]
                new[name] = {"S": text[0].decode()}
        if not new:
            return True
        journal.note(found.place, found.identity, values)
        gone = [name for name in OF_BODIES if name in item and body is not None and name not in new]
        unchanged = [name for name in (*OF_BODIES, *OF_REPAIRS) if name in item]
        return self._update(item, {**new, items.ERASED_AT: {"S": self._now()}}, gone, unchanged)

    def _body_attributes(self, item: Item, body: bytes) -> Item:
        """The body in the item if it fits, else as a new object."""
        packed = {"B": items.pack(body)}
        if len(body) <= items.BODY_BYTES and items.size({**item, "body": packed}) <= items.ITEM_BYTES:
            return {"body": packed}
        expires_at = item.get(items.TTL_ATTRIBUTE)
        key = self._target.bodies.put(body, None if expires_at is None else int(expires_at["N"]))
        return {"bodyKey": {"S": key}, "contentDigest": {"S": content.digest(body)}}

    def _erase_current(self, customer: str, found: Found, journal: Journal) -> bool:
        item = self._get(found)
        if item is None:
            return True
        values: set[str] = set()
        people = [_redacted(person, customer, values) for person in item["participants"]["L"]]
        gone = [name for name in OF_CUSTOMERS if name in item]
        if item.get("customerId", {}).get("S") == customer:
            gone.append("customerId")
        values.update(item[name]["S"] for name in gone)
        if not gone and people == item["participants"]["L"]:
            return True
        journal.note(found.place, found.identity, filter(is_searchable, values))
        return self._update(item, {"participants": {"L": people}}, gone, [items.ORDER, "participants", *gone])

    def _update(self, item: Item, new: Item, gone: list[str], unchanged: list[str]) -> bool:
        """Set and remove attributes in place if others are as they were read; return False if not."""
        names = {f"#{name}": name for name in (*new, *gone, *unchanged)}
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in new)
        if gone:
            update += " REMOVE " + ", ".join(f"#{name}" for name in gone)
        try:
            self._client.update_item(
                TableName=self._table.name,
                Key={name: item[name] for name in (items.PARTITION_KEY, items.SORT_KEY)},
                UpdateExpression=update,
                ConditionExpression=" AND ".join(f"#{name} = :old{name}" for name in unchanged),
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    **{f":{name}": value for name, value in new.items()},
                    **{f":old{name}": item[name] for name in unchanged},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _whole(item: Item, body: bytes) -> bytes:
    """The body of an event; of a repair, one document with its other JSON texts."""
    texts = {name: item[name]["S"] for name in OF_REPAIRS if name in item}
    if not texts:
        return body
    return b'{"body":%b%b}' % (body, "".join(f',"{name}":{text}' for name, text in texts.items()).encode())


def _is_current(item: Item) -> bool:
    return bool(item[items.SORT_KEY]["S"] == items.CURRENT_SORT_KEY)


def _kept(item: Item, body: bytes) -> Kept:
    appointment, sort = appointment_id(item), item[items.SORT_KEY]["S"]
    if sort == items.CURRENT_SORT_KEY:
        return Kept(CURRENT, f"{appointment} {sort}", {"appointmentId": appointment}, body)
    ids = {"appointmentId": appointment, "envelopeId": items.envelope_id_of(sort)}
    return Kept(EVENT, f"{appointment} {sort}", ids, body)


def _redacted(person: Any, customer: str, values: set[str]) -> Any:
    """A participant of a current item; the values of the customer are added to ``values``.

    The erased one has no id: an id that the item does not tell is no difference for the reconciliation.
    """
    members = person["M"]
    texts = {name: member.get("S", "") for name, member in members.items()}
    if next(paths(texts, customer), None) is None:
        return person
    values.update(text for name, text in texts.items() if name not in ("type", "role"))
    return {"M": {name: member for name, member in members.items() if name in ("type", "role")}}
