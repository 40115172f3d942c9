"""Any interleaving of deliveries, on moto and on DynamoDB Local, against a model of a few lines.

The model knows what was sent. The order in which concurrent deliveries were committed is the stream's to tell: the
flags are checked by replaying it.
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

WRITTEN = (Outcome.STORED, Outcome.STALE)
# Few instants, each in several spellings, so that ties and reversals are common.
INSTANTS = [
    "2026-03-02T09:00:00Z",
    "2026-03-02T10:00:00.000+01:00",
    "2026-03-02T09:00:00.5Z",
    "2026-03-02T04:00:00.500000-05:00",
    "2026-03-02T08:59:59.999999Z",
    "2026-03-02T23:00:00+14:00",
    "2026-03-02T09:00:01Z",
    "9999-12-31T23:59:59Z",  # from the future: ordered by the receipt
]
EVENT_TYPES = ["REOPEN", "CANCEL", "A_NEW_ONE", "ACCEPT", "RESCHEDULE_REQUEST", "CREATE", "COMPLETE", "GENERIC_UPDATE"]
RANKS = {"CREATE": 0, "RESCHEDULE_REQUEST": 1, "COMPLETE": 3, "CANCEL": 3, "REOPEN": 4}
IDS = [f"e-{n}" for n in range(len(EVENT_TYPES))]
TYPES = dict(zip(IDS, EVENT_TYPES, strict=True))
"""Ids and ranks disagree, so that neither alone decides a tie."""
FAILURES = {
    "before it is asked": kinds.reset,
    "after it is done": kinds.drop_answer,
    "by refusing": kinds.throttle,
    "by breaking off": kinds.close_mid_answer,
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
        # Legacy, because the other modes remember how often they tried before: an example must not depend on that.
        config = Config(retries={"mode": "legacy", "total_max_attempts": 2}, max_pool_connections=20)
        through = boto3.client("dynamodb", endpoint_url=proxy.url, config=config)
        bodies = Bodies(aws.client("s3"), BUCKETS["BodiesBucket"])
        self.store = Store(through, table_name, lambda: bodies)

    def items(self, appointment_id: str) -> dict[str, Any]:
        """What there is of an appointment, by sort key."""
        answer = self._client.query(
            TableName=self._name,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"APPOINTMENT#{appointment_id}"}},
        )
        return {item["sk"]["S"]: item for item in answer["Items"]}

    def streamed(self) -> Iterator[dict[str, Any]]:
        """The records since the last time, in the order of their commits."""
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
    """One appointment. ``sent`` is what DynamoDB may have, ``safe`` what it must have, by envelope id."""

    table: Table
    numbers = count()

    @initialize()
    def begin(self) -> None:
        self.appointment = f"a-{next(self.numbers)}-{uuid4().hex[:6]}"
        self.sent: dict[str, bytes] = {}
        self.safe: set[str] = set()

    def made(self, envelope_id: str, updated_at: str, status: str = "ACCEPTED") -> Delivery:
        document = delivery(id=envelope_id, appointment_id=self.appointment, updated_at=updated_at, status=status)
        document["data"]["eventType"] = TYPES[envelope_id]
        content = body(document)
        return received(content)

    def save(self, one: Delivery) -> Outcome | None:
        """What became of it; None when the store does not know."""
        self.sent.setdefault(one.essentials.envelope_id, one.body)
        try:
            outcome = save(self.table.store, one)
        except StoreUnavailableError:
            return None
        self.safe.add(one.essentials.envelope_id)
        return outcome

    def known(self, envelope_id: str) -> Delivery:
        content = self.sent[envelope_id]
        return received(content, received_at="2026-03-02T10:00:00.000000000Z")

    @rule(envelope_id=st.sampled_from(IDS), updated_at=st.sampled_from(INSTANTS))
    def arrives(self, envelope_id: str, updated_at: str) -> None:
        """New, newer, stale or of the same instant: the table decides."""
        if envelope_id in self.sent:
            return
        before = self.newest(self.table.items(self.appointment))
        made = self.made(envelope_id, updated_at)
        outcome = self.save(made)
        stale = before is not None and self.rank(envelope_id, made.received_at)[0] < before[0]
        assert outcome is (Outcome.STALE if stale else Outcome.STORED)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def arrives_again(self, data: st.DataObject) -> None:
        """Also what nobody knows of since an answer was lost: it may have been written, and must be afterwards."""
        again = self.known(data.draw(st.sampled_from(sorted(self.sent))))
        before = self.table.items(self.appointment)
        was_safe = again.essentials.envelope_id in self.safe
        outcome = self.save(again)
        assert outcome is Outcome.DUPLICATE if was_safe else outcome is not None
        assert not was_safe or self.table.items(self.appointment) == before

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), updated_at=st.sampled_from(INSTANTS), status=st.sampled_from(["COMPLETED", "NO_SHOW"]))
    def comes_back_with_other_content(self, data: st.DataObject, updated_at: str, status: str) -> None:
        envelope_id = data.draw(st.sampled_from(sorted(self.sent)))
        if envelope_id not in self.safe:
            assert self.save(self.known(envelope_id)) is not None
        before = self.table.items(self.appointment)
        assert self.save(self.made(envelope_id, updated_at, status)) not in WRITTEN
        assert self.table.items(self.appointment) == before

    @rule(
        envelope_id=st.sampled_from(IDS),
        updated_at=st.sampled_from(INSTANTS),
        failure=st.sampled_from(sorted(FAILURES)),
        times=st.integers(1, 2),
    )
    def arrives_while_dynamodb_fails(self, envelope_id: str, updated_at: str, failure: str, times: int) -> None:
        """Once is for the SDK to try again, twice is for the sender."""
        one = self.known(envelope_id) if envelope_id in self.sent else self.made(envelope_id, updated_at)
        was_safe = envelope_id in self.safe
        self.table.proxy.inject(FAILURES[failure], times=times)
        outcome = self.save(one)
        self.table.proxy.heal()
        assert not was_safe or outcome in (Outcome.DUPLICATE, None)

    @precondition(lambda self: self.table.concurrent)
    @rule(
        those=st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(INSTANTS)), min_size=2, max_size=6),
        twice=st.booleans(),
    )
    def arrive_at_once(self, those: list[tuple[str, str]], twice: bool) -> None:
        fresh = {name: self.made(name, at) for name, at in those if name not in self.sent}
        for one in fresh.values():
            self.sent[one.essentials.envelope_id] = one.body
        deliveries = [self.known(name) for name, _ in those] * (2 if twice else 1)
        with ThreadPoolExecutor(len(deliveries)) as pool:
            outcomes = list(pool.map(self.save, deliveries))
        written = [
            one.essentials.envelope_id for one, outcome in zip(deliveries, outcomes, strict=True) if outcome in WRITTEN
        ]
        assert len(written) == len(set(written))  # one of several at once, and none that was there
        assert None not in outcomes

    def newest(self, items: dict[str, Any]) -> Rank | None:
        events = {key.removeprefix("EVENT#"): item for key, item in items.items() if key != "CURRENT"}
        return max((self.rank(name, item["receivedAt"]["S"]) for name, item in events.items()), default=None)

    def rank(self, envelope_id: str, received_at: str) -> Rank:
        """What decides which event is the newest, by other means than the code's."""
        received = datetime.fromisoformat(received_at)
        updated_at = datetime.fromisoformat(json.loads(self.sent[envelope_id])["data"]["appointment"]["updatedAt"])
        instant = received if updated_at > received + timedelta(minutes=5) else updated_at
        return instant, RANKS.get(TYPES[envelope_id], 2), envelope_id

    @invariant()
    def nothing_is_lost_and_the_state_is_the_newest(self) -> None:
        items = self.table.items(self.appointment)
        history = {key.removeprefix("EVENT#"): item for key, item in items.items() if key != "CURRENT"}
        assert self.safe <= history.keys() <= self.sent.keys()
        assert {name: gzip.decompress(item["body"]["B"]) for name, item in history.items()} == {
            name: self.sent[name] for name in history
        }
        newest = self.newest(items)
        assert (items["CURRENT"]["eventId"]["S"] if "CURRENT" in items else None) == (newest[2] if newest else None)

    def teardown(self) -> None:
        """Every event once in the stream, flagged as the state was at its moment; the state never went back."""
        state: Rank | None = None
        seen = []
        for image in self.table.streamed():
            if image["pk"]["S"] != f"APPOINTMENT#{getattr(self, 'appointment', None)}" or image["sk"]["S"] == "CURRENT":
                continue
            name = image["sk"]["S"].removeprefix("EVENT#")
            seen.append(name)
            rank = self.rank(name, image["receivedAt"]["S"])
            assert image["stale"]["BOOL"] is (state is not None and rank[0] < state[0])
            state = max(state or rank, rank)
        assert len(seen) == len(set(seen))
        assert set(seen) >= getattr(self, "safe", set())


@pytest.mark.parametrize(("backend", "examples"), [("moto", 15), ("dynamodb-local", 20)])
def test_any_interleaving_ends_as_the_model_says(backend: str, examples: int) -> None:
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
                max_examples=profiles.examples(examples),
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=(Phase.reuse, Phase.generate),  # a failure is found in seconds and would be shrunk for minutes
            ),
        )
