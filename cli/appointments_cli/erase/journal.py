"""The record of an erasure in the table: what was taken out, in a form that says nothing about whom.

====================================  =================================================================
``pk=ERASURE  sk=<id>``               the erasure; while it runs, with its key and a keyed digest of the customer
``pk=ERASURE  sk=<id>#<random>``      keyed digests of the values that were taken out; they expire
====================================  =================================================================

The key is random, and at the end only the receipt has it. Without it, a digest is 16 random bytes. The items are no
events, so the stream publishes nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from appointments.contract.instants import utc
from appointments.storage import items
from appointments_cli.errors import UnknownIdError

PARTITION = "ERASURE"
DIGEST_BYTES = 16
MOST_IN_ITEM = 10_000
"""An item holds at most this many digests."""
KEPT_DAYS = 400
"""The digests can be searched for this long. The receipt itself stays."""
CUSTOMER, VALUE, CHECK = "customer", "value", "check"


def digest_of(key: bytes, kind: str, text: str) -> bytes:
    """Return the keyed digest of a text. ``kind`` keeps that of a customer's id apart from that of the same text."""
    content = text.encode("utf-8", "surrogatepass")
    return blake2b(content, key=key, digest_size=DIGEST_BYTES, person=kind.encode()).digest()


class Journal:
    """One erasure. ``values`` are the digests of what was taken out, in this run and in those before it."""

    def __init__(self, client: Any, table: str, record: Any, key: bytes, now: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._now = now
        self._key = key
        self._record = record
        self._entries: dict[str, set[bytes]] = {}
        self.values: set[bytes] = set()
        self.shared: set[bytes] = set()
        for item in _query(client, table, f"{self.id}#"):
            self.values.update(_split(item, "values"))
            self.shared.update(_split(item, "shared"))
            for place, digests in item.get("entries", {"M": {}})["M"].items():
                self._entries.setdefault(place, set()).update(_pieces(digests["B"]))

    @property
    def id(self) -> str:
        return str(self._record[items.SORT_KEY]["S"])

    @property
    def receipt_id(self) -> str:
        """The id of the receipt, which has the key."""
        return f"{self.id}-{self._key.hex()}"

    @property
    def started_at(self) -> str:
        return str(self._record["startedAt"]["S"])

    @property
    def receipt(self) -> dict[str, Any] | None:
        """What the receipt says; None while the erasure is not finished."""
        found: dict[str, Any] | None = json.loads(self._record["receipt"]["S"]) if "receipt" in self._record else None
        return found

    @property
    def counts(self) -> dict[str, int]:
        """How many bodies of each place were taken in hand. A body counts once, however often the command stopped."""
        return {place: len(entries) for place, entries in self._entries.items()}

    def digest(self, kind: str, text: str) -> bytes:
        """Return the digest of a text by the key of this erasure."""
        return digest_of(self._key, kind, text)

    def note_customer(self, customer: str) -> None:
        """Keep the digest of the id, which is searched where a document names a customer."""
        digest = self.digest(CUSTOMER, customer)
        if digest not in self.values:
            self._put({"values": {"B": digest}})
            self.values.add(digest)

    def note(self, place: str, identity: str, values: Iterable[str]) -> None:
        """Keep the digests of a body's values. Call this before the body is changed."""
        known = self._entries.setdefault(place, set())
        entry = digest_of(self._record["salt"]["B"], "entry", f"{place}\0{identity}")
        new = {self.digest(VALUE, value) for value in values} - self.values
        if entry in known and not new:
            return
        for piece in _batches(sorted(new)):
            self._put({"values": {"B": piece}})
        if entry not in known:
            self._put({"entries": {"M": {place: {"B": entry}}}})
        known.add(entry)
        self.values |= new

    def share(self, digests: set[bytes]) -> None:
        """Note that these values are also those of others, so that their presence proves nothing."""
        for piece in _batches(sorted(digests - self.shared)):
            self._put({"shared": {"B": piece}})
        self.shared |= digests

    def finish(self, receipt: dict[str, Any]) -> None:
        """Keep the receipt. A run that is stopped after this one shows it again."""
        self._update("SET receipt = :receipt", {":receipt": {"S": json.dumps(receipt)}})

    def close(self) -> None:
        """Forget the key and the customer. Call this when a person has the receipt."""
        self._update("REMOVE #key, customer, salt", names={"#key": "key"})

    def _put(self, attributes: dict[str, Any]) -> None:
        key = items.key(PARTITION, f"{self.id}#{secrets.token_hex(8)}")
        expires_at = int((self._now() + timedelta(days=KEPT_DAYS)).timestamp())
        item = {**key, **attributes, items.TTL_ATTRIBUTE: {"N": str(expires_at)}}
        self._client.put_item(TableName=self._table, Item=item)

    def _update(self, expression: str, values: Any = None, *, names: dict[str, str] | None = None) -> None:
        options = {"ExpressionAttributeValues": values} if values else {"ExpressionAttributeNames": names}
        key = items.key(PARTITION, self.id)
        self._client.update_item(TableName=self._table, Key=key, UpdateExpression=expression, **options)


def unfinished(client: Any, table: str, customer: str, now: Callable[[], datetime]) -> Journal | None:
    """Return the erasure of the customer that was stopped; None if there is none."""
    for record in _query(client, table, ""):
        if "key" in record:
            key = bytes(record["key"]["B"])
            if record["customer"]["B"] == digest_of(key, CUSTOMER, customer):
                journal = Journal(client, table, record, key, now)
                journal.note_customer(customer)
                return journal
    return None


def begin(client: Any, table: str, customer: str, now: Callable[[], datetime]) -> Journal:
    """Begin an erasure."""
    key, identity = secrets.token_bytes(16), secrets.token_hex(4)
    record = {
        **items.key(PARTITION, identity),
        "startedAt": {"S": utc(now().isoformat())},
        "key": {"B": key},
        "salt": {"B": secrets.token_bytes(16)},
        "customer": {"B": digest_of(key, CUSTOMER, customer)},
        "check": {"B": digest_of(key, CHECK, "")},
    }
    client.put_item(TableName=table, Item=record, ConditionExpression="attribute_not_exists(pk)")
    journal = Journal(client, table, record, key, now)
    journal.note_customer(customer)
    return journal


def of_receipt(client: Any, table: str, receipt_id: str, now: Callable[[], datetime]) -> Journal:
    """Return the erasure of a receipt. Raises UnknownIdError if the table has none with this id and key."""
    identity, _, key_text = receipt_id.partition("-")
    record = client.get_item(TableName=table, Key=items.key(PARTITION, identity), ConsistentRead=True).get("Item")
    key = bytes.fromhex(key_text)
    if record is None or not secrets.compare_digest(record["check"]["B"], digest_of(key, CHECK, "")):
        raise UnknownIdError("there is no erasure with this receipt id: check the id, and the stack")
    return Journal(client, table, record, key, now)


def _query(client: Any, table: str, prefix: str) -> Iterator[Any]:
    """Yield the items of the partition whose sort key begins with the prefix; without one, the erasures alone."""
    condition, values = "pk = :pk", {":pk": {"S": PARTITION}}
    if prefix:
        condition, values = f"{condition} AND begins_with(sk, :prefix)", {**values, ":prefix": {"S": prefix}}
    pages = client.get_paginator("query").paginate(
        TableName=table, KeyConditionExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True
    )
    for page in pages:
        yield from (item for item in page["Items"] if prefix or "check" in item)


def _split(item: Any, name: str) -> list[bytes]:
    return _pieces(item[name]["B"]) if name in item else []


def _pieces(joined: bytes) -> list[bytes]:
    return [bytes(joined[start : start + DIGEST_BYTES]) for start in range(0, len(joined), DIGEST_BYTES)]


def _batches(digests: list[bytes]) -> Iterator[bytes]:
    for start in range(0, len(digests), MOST_IN_ITEM):
        yield b"".join(digests[start : start + MOST_IN_ITEM])
