"""A state machine compares any interleaving of deliveries and repairs with a model, on moto and on DynamoDB Local.

The model knows what was sent. The stream has the order in which concurrent deliveries were committed, so the test
replays it to check the stale flags.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from appointments.errors import StoreUnavailableError
from appointments.outcome import Outcome
from appointments.storage.bodies import Bodies
from appointments.storage.items import Delivery
from appointments.storage.store import Store
from local.aws import BUCKETS, EmbeddedAws
from local.template import Template
from tests import profiles
from tests.builders import body, delivery, received, save
from tests.faults import kinds
from tests.faults.proxy import Proxy
from tests.repairs import repair, save_repair

WRITTEN = (Outcome.STORED, Outcome.STALE)
# A few instants, each in several notations, so that ties and reversals are common.
INSTANTS = [
    "2026-03-02T09:00:00Z",
    "2026-03-02T10:00:00.000+01:00",
    "2026-03-02T09:00:00.5Z",
    "2026-03-02T04:00:00.500000-05:00",
    "2026-03-02T08:59:59.999999Z",
    "2026-03-02T23:00:00+14:00",
    "2026-03-02T09:00:01Z",
    "9999-12-31T23:59:59Z",  # in the future, so ordered by the receipt
]
EVENT_TYPES = ["REOPEN", "CANCEL", "A_NEW_ONE", "ACCEPT", "RESCHEDULE_REQUEST", "CREATE", "COMPLETE", "GENERIC_UPDATE"]
RANKS = {"CREATE": 0, "RESCHEDULE_REQUEST": 1, "COMPLETE": 3, "CANCEL": 3, "REOPEN": 4}
IDS = [f"e-{n}" for n in range(len(EVENT_TYPES))]
TYPES = dict(zip(IDS, EVENT_TYPES, strict=True))
"""Ids and ranks disagree, so that neither alone decides a tie."""
FAILURES = {
    "before the request": kinds.reset,
    "after the commit": kinds.drop_answer,
    "by throttling": kinds.throttle,
    "in the middle of the answer": kinds.close_mid_answer,
}


Rank = tuple[datetime, int, str]


class Table:
    """The table and its stream, and a store that reaches it through a proxy."""

    def __init__(self, aws: EmbeddedAws, table_name: str, proxy: Proxy, *, concurrent: bool) -> None:
        self.proxy, self.concurrent = proxy, concurrent
        self._name = table_name
        self._client = aws.client("dynamodb")
        self._streams = aws.client("dynamodbstreams")
        self._arn = self._client.describe_table(TableName=table_name)["Table"]["LatestStreamArn"]
        self._positions: dict[str, str] = {}
        # The other retry modes keep a state between calls, on which an example must not depend.
        config = Config(retries={"mode": "legacy", "total_max_attempts": 2}, max_pool_connections=20)
        through = boto3.client("dynamodb", endpoint_url=proxy.url, config=config)
        bodies = Bodies(aws.client("s3"), BUCKETS["BodiesBucket"])
        self.store = Store(through, table_name, lambda: bodies)

    def items(self, appointment_id: str) -> dict[str, Any]:
        """Return the items of an appointment by sort key."""
        answer = self._client.query(
            TableName=self._name,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"APPOINTMENT#{appointment_id}"}},
        )
        return {item["sk"]["S"]: item for item in answer["Items"]}

    def new_images(self) -> Iterator[dict[str, Any]]:
        """Yield the new images since the last call, in the order of their commits."""
        for shard in self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]:
            name = shard["ShardId"]
            while records := self._page(name):
                yield from (record["dynamodb"]["NewImage"] for record in records if record["eventName"] != "REMOVE")
                self._positions[name] = records[-1]["dynamodb"]["SequenceNumber"]

    def _page(self, shard: str) -> list[dict[str, Any]]:
        position = self._positions.get(shard)
        where = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": position}
            if position
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        iterator = self._streams.get_shard_iterator(StreamArn=self._arn, ShardId=shard, **where)["ShardIterator"]
        records: list[dict[str, Any]] = self._streams.get_records(ShardIterator=iterator)["Records"]
        return records


class Deliveries(RuleBasedStateMachine):
    """Deliveries and repairs of one appointment. DynamoDB may have each of ``sent`` and must have each of ``safe``."""

    table: Table
    numbers = count()

    @initialize()
    def begin(self) -> None:
        self.appointment = f"a-{next(self.numbers)}-{uuid4().hex[:6]}"
        self.sent: dict[str, bytes] = {}
        self.safe: set[str] = set()

    def new_delivery(self, envelope_id: str, updated_at: str, status: str = "ACCEPTED") -> Delivery:
        document = delivery(id=envelope_id, appointment_id=self.appointment, updated_at=updated_at, status=status)
        document["data"]["eventType"] = TYPES[envelope_id]
        content = body(document)
        return received(content)

    def save(self, event: Delivery) -> Outcome | None:
        """Save the event. Return None if the store cannot tell the outcome."""
        self.sent.setdefault(event.essentials.envelope_id, event.body)
        try:
            outcome = save(self.table.store, event)
        except StoreUnavailableError:
            return None
        self.safe.add(event.essentials.envelope_id)
        return outcome

    def sent_delivery(self, envelope_id: str) -> Delivery:
        content = self.sent[envelope_id]
        return received(content, received_at="2026-03-02T10:00:00.000000000Z")

    @rule(envelope_id=st.sampled_from(IDS), updated_at=st.sampled_from(INSTANTS))
    def deliver_new(self, envelope_id: str, updated_at: str) -> None:
        """Deliver a new event: first, newer, stale or of the same instant."""
        if envelope_id in self.sent:
            return
        before = self.newest(self.table.items(self.appointment))
        new = self.new_delivery(envelope_id, updated_at)
        outcome = self.save(new)
        stale = before is not None and self.rank(envelope_id, new.received_at)[0] < before[0]
        assert outcome is (Outcome.STALE if stale else Outcome.STORED)

    def delivered(self) -> list[str]:
        return sorted(self.sent.keys() & TYPES.keys())

    @precondition(lambda self: self.delivered())
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        """Repeat a delivery. If its answer was lost, it may be in the table before, and must be afterwards."""
        again = self.sent_delivery(data.draw(st.sampled_from(self.delivered())))
        before = self.table.items(self.appointment)
        was_safe = again.essentials.envelope_id in self.safe
        outcome = self.save(again)
        assert outcome is Outcome.DUPLICATE if was_safe else outcome is not None
        assert not was_safe or self.table.items(self.appointment) == before

    @precondition(lambda self: self.delivered())
    @rule(data=st.data(), updated_at=st.sampled_from(INSTANTS), status=st.sampled_from(["COMPLETED", "NO_SHOW"]))
    def deliver_other_content(self, data: st.DataObject, updated_at: str, status: str) -> None:
        envelope_id = data.draw(st.sampled_from(self.delivered()))
        if envelope_id not in self.safe:
            assert self.save(self.sent_delivery(envelope_id)) is not None
        before = self.table.items(self.appointment)
        assert self.save(self.new_delivery(envelope_id, updated_at, status)) not in WRITTEN
        assert self.table.items(self.appointment) == before

    @rule(
        envelope_id=st.sampled_from(IDS),
        updated_at=st.sampled_from(INSTANTS),
        failure=st.sampled_from(sorted(FAILURES)),
        times=st.integers(1, 2),
    )
    def deliver_while_dynamodb_fails(self, envelope_id: str, updated_at: str, failure: str, times: int) -> None:
        """The SDK retries after one failure. After two failures the sender must retry."""
        event = (
            self.sent_delivery(envelope_id) if envelope_id in self.sent else self.new_delivery(envelope_id, updated_at)
        )
        was_safe = envelope_id in self.safe
        self.table.proxy.inject(FAILURES[failure], times=times)
        outcome = self.save(event)
        self.table.proxy.heal()
        assert not was_safe or outcome in (Outcome.DUPLICATE, None)

    @rule(
        updated_at=st.sampled_from(INSTANTS[:-1]),
        status=st.sampled_from(["ACCEPTED", "CANCELLED"]),
        failure=st.sampled_from([None, *sorted(FAILURES)]),
    )
    def repair(self, updated_at: str, status: str, failure: str | None) -> None:
        """Repair the appointment. The repair is written only if no event of its second or later is there."""
        new = self.new_repair(updated_at, status)
        key = new.essentials.envelope_id
        before = self.table.items(self.appointment)
        newest = self.newest(before)
        if failure:
            self.table.proxy.inject(FAILURES[failure], times=2)
        outcome = self.save_repair(new)
        self.table.proxy.heal()
        if outcome is None:
            return
        if f"EVENT#{key}" in before:
            same = json.loads(self.sent[key])["status"] == status
            assert outcome is (Outcome.DUPLICATE if same else Outcome.CONFLICT)
        elif newest is not None and newest > self.rank(key, new.received_at):
            assert outcome is Outcome.STALE
        else:
            assert outcome in (Outcome.STORED, Outcome.DUPLICATE)  # a repeated call of the SDK finds its own write
        assert outcome is Outcome.STORED or f"EVENT#{key}" not in before or self.table.items(self.appointment) == before

    def new_repair(self, updated_at: str, status: str = "ACCEPTED") -> Delivery:
        return repair(id=self.appointment, updated_at=updated_at, status=status)

    def save_repair(self, new: Delivery) -> Outcome | None:
        """Save the repair, and note what the table has of it. Return None if the store cannot tell the outcome."""
        try:
            outcome = save_repair(self.table.store, new)
        except StoreUnavailableError:
            outcome = None
        key = new.essentials.envelope_id
        item = self.table.items(self.appointment).get(f"EVENT#{key}")
        if item is not None:
            self.sent.setdefault(key, gzip.decompress(item["body"]["B"]))
            self.safe.add(key)
        return outcome

    @precondition(lambda self: self.table.concurrent)
    @rule(
        events=st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(INSTANTS)), min_size=2, max_size=6),
        repairs=st.lists(st.sampled_from(INSTANTS[:-1]), max_size=2),
        twice=st.booleans(),
    )
    def deliver_concurrently(self, events: list[tuple[str, str]], repairs: list[str], twice: bool) -> None:
        fresh = {name: self.new_delivery(name, at) for name, at in events if name not in self.sent}
        for event in fresh.values():
            self.sent[event.essentials.envelope_id] = event.body
        deliveries = [self.sent_delivery(name) for name, _ in events] * (2 if twice else 1)
        with ThreadPoolExecutor(len(deliveries) + len(repairs)) as pool:
            repaired = pool.map(self.save_repair, [self.new_repair(updated_at) for updated_at in repairs])
            outcomes = list(pool.map(self.save, deliveries))
            assert None not in list(repaired)
        written = [
            event.essentials.envelope_id
            for event, outcome in zip(deliveries, outcomes, strict=True)
            if outcome in WRITTEN
        ]
        assert len(written) == len(set(written))  # each event at most once
        assert None not in outcomes

    def newest(self, items: dict[str, Any]) -> Rank | None:
        events = {key.removeprefix("EVENT#"): item for key, item in items.items() if key != "CURRENT"}
        return max((self.rank(name, item["receivedAt"]["S"]) for name, item in events.items()), default=None)

    def rank(self, envelope_id: str, received_at: str) -> Rank:
        """Return the order of an event, computed independently of the code."""
        received = datetime.fromisoformat(received_at)
        if envelope_id not in TYPES:  # a repair: its id has the second
            return datetime.fromisoformat(envelope_id[len("reconciled-") :][:20]), -1, envelope_id
        updated_at = datetime.fromisoformat(json.loads(self.sent[envelope_id])["data"]["appointment"]["updatedAt"])
        instant = received if updated_at > received + timedelta(minutes=5) else updated_at
        return instant, RANKS.get(TYPES[envelope_id], 2), envelope_id

    @invariant()
    def every_safe_event_is_stored_and_the_newest_is_current(self) -> None:
        items = self.table.items(self.appointment)
        history = {key.removeprefix("EVENT#"): item for key, item in items.items() if key != "CURRENT"}
        assert self.safe <= history.keys() <= self.sent.keys()
        assert {name: gzip.decompress(item["body"]["B"]) for name, item in history.items()} == {
            name: self.sent[name] for name in history
        }
        newest = self.newest(items)
        assert (items["CURRENT"]["eventId"]["S"] if "CURRENT" in items else None) == (newest[2] if newest else None)

    def teardown(self) -> None:
        """Check the stream: each event once, with the stale flag that is correct at its commit."""
        state: Rank | None = None
        seen = []
        for image in self.table.new_images():
            if image["pk"]["S"] != f"APPOINTMENT#{getattr(self, 'appointment', None)}" or image["sk"]["S"] == "CURRENT":
                continue
            name = image["sk"]["S"].removeprefix("EVENT#")
            seen.append(name)
            rank = self.rank(name, image["receivedAt"]["S"])
            assert image["stale"]["BOOL"] is (state is not None and rank[0] < state[0])
            state = max(state or rank, rank)
        assert len(seen) == len(set(seen))
        assert set(seen) >= getattr(self, "safe", set())


@pytest.mark.parametrize(("backend", "examples"), [("moto", 8), ("dynamodb-local", 10)])
def test_any_interleaving_ends_in_the_state_of_the_model(backend: str, examples: int) -> None:
    url = None if backend == "moto" else os.environ.get("DYNAMODB_LOCAL_ENDPOINT")
    if backend != "moto" and not url:
        pytest.skip("DynamoDB Local is not running: DYNAMODB_LOCAL_ENDPOINT is not set")
    name = f"machine-{uuid4()}"
    aws = EmbeddedAws(Template(), token="unused", dynamodb_url=url, table_name=name)
    try:
        search(aws, name, url, examples)
    finally:
        aws.client("dynamodb").delete_table(TableName=name)
        aws.stop()


def search(aws: EmbeddedAws, name: str, url: str | None, examples: int) -> None:
    with Proxy("dynamodb", url or aws.url) as proxy:
        Deliveries.table = Table(aws, name, proxy, concurrent=url is not None)
        run_state_machine_as_test(
            Deliveries,
            settings=settings(
                max_examples=profiles.examples(examples, nightly=15 * examples),
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=(Phase.reuse, Phase.generate),  # shrinking a failure takes minutes
            ),
        )
