"""Subscribers that follow docs/events.md, after deliveries in every order: they end in the state of the table."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

from appointments.publishing.messages import EventDetail, Replay, message
from appointments.storage import items
from appointments.storage.store import Store
from generate.rules import named
from local.eventbridge.pattern import matches
from samples.bus import REPLAY, SOURCE
from tests.builders import received_delivery, save

CREATED = {"status": "ACCEPTED", "start": "2026-03-10T10:00:00+01:00"}
MOVED = CREATED | {"start": "2026-03-11T10:00:00+01:00"}
CANCELLED = MOVED | {"status": "CANCELLED"}
STORY: list[dict[str, Any]] = [
    {"id": "e-9", "event_type": "CREATE", "updated_at": "2026-03-02T08:00:00Z", **CREATED},
    {
        "id": "e-8",
        "event_type": "RESCHEDULE",
        "updated_at": "2026-03-02T09:00:00.5+01:00",  # half a second after the creation
        "previous": CREATED,
        **MOVED,
    },
    {"id": "e-2", "event_type": "GENERIC_UPDATE", "updated_at": "2026-03-02T08:30:00Z", "previous": MOVED, **MOVED},
    {"id": "e-1", "event_type": "CANCEL", "updated_at": "2026-03-02T08:30:00Z", "previous": MOVED, **CANCELLED},
    {
        "id": "e-0",
        "event_type": "GENERIC_UPDATE",
        "updated_at": "2026-03-02T08:30:02Z",
        "previous": CANCELLED,
        **CANCELLED,
    },
]
"""A tie of an update and a cancellation, and an update that can overtake both."""


def published(item: Any, *, form: EventDetail = EventDetail.FULL, replay: Replay | None = None) -> Any:
    built = message(item, source=SOURCE, event_detail=form, replay=replay)
    return {"source": SOURCE, "detail-type": built.detail_type, "detail": json.loads(built.detail)}


def event_items(store: Store, stored: Any, story: Any, appointment_id: str) -> tuple[list[Any], Any]:
    """Save the events in this order; return their items and the current item."""
    for event in story:
        save(store, received_delivery(appointment_id=appointment_id, **event))
    kept = [stored(appointment_id, f"EVENT#{event['id']}") for event in story]
    return kept, stored(appointment_id, "CURRENT")


def reader(dynamodb: Any, table_name: str) -> Any:
    def read(appointment_id: str, sort_key: str) -> Any:
        key = {"pk": {"S": items.partition_key(appointment_id)}, "sk": {"S": sort_key}}
        return dynamodb.get_item(TableName=table_name, Key=key, ConsistentRead=True)["Item"]

    return read


def test_a_subscriber_that_compares_orders_ends_in_the_state_of_the_table(
    store: Store, dynamodb: Any, table_name: str
) -> None:
    stored = reader(dynamodb, table_name)
    chance = random.Random(7)
    for number in range(8):
        told = STORY if number % 2 else STORY[:4]  # without the update, the tie decides
        arrival = chance.sample(told, len(told))
        kept, current = event_items(store, stored, arrival, f"a-{number}")
        delivered = [
            published(item, form=chance.choice(list(EventDetail)), replay=replay)
            for replay in (None, REPLAY)
            for item in kept
        ]
        chance.shuffle(delivered)
        record: dict[str, str] = {"order": ""}
        for event in delivered:
            metadata, routing = event["detail"]["metadata"], event["detail"]["routing"]
            if metadata["order"] > record["order"]:
                record = {"order": metadata["order"], "status": routing["status"], "start": routing["start"]}
        assert record["order"] == current["order"]["S"]
        assert record["status"] == current["status"]["S"] == "CANCELLED"
        assert record["start"][:19] == current["start"]["S"][:19]


def test_the_later_of_two_events_of_one_instant_is_the_cancellation_also_if_it_arrives_first(
    store: Store, dynamodb: Any, table_name: str
) -> None:
    _, _, update, cancellation, _ = STORY
    for number, story in enumerate(([update, cancellation], [cancellation, update])):
        kept, current = event_items(store, reader(dynamodb, table_name), story, f"a-{number}")
        newest = max((published(item) for item in kept), key=lambda event: event["detail"]["metadata"]["order"])
        assert newest["detail"]["metadata"]["id"] == current["eventId"]["S"] == "e-1"


def test_each_change_is_matched_by_its_rule_in_whatever_order_the_events_arrive(
    store: Store, dynamodb: Any, table_name: str
) -> None:
    changes = {"booked-from-the-plugin": "e-9", "moved": "e-8", "cancellations": "e-1"}
    overtaken = set()
    for number, arrival in enumerate(itertools.permutations(STORY)):
        if number % 15:
            continue
        kept, _ = event_items(store, reader(dynamodb, table_name), arrival, f"a-{number}")
        events = [published(item) for item in kept]
        for name, envelope_id in changes.items():
            found = [event["detail"]["metadata"] for event in events if matches(named(name).pattern, event)]
            assert [metadata["id"] for metadata in found] == [envelope_id], name
            overtaken |= {name for metadata in found if metadata["stale"]}
    assert overtaken == set(changes)
