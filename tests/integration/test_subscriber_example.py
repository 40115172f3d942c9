"""examples/subscriber on an embedded AWS, fed by the real functions: its table ends like the appointments table.

Deliveries arrive in any order, messages come twice and in any order, and the function dies before or after any of its
calls.
"""

from __future__ import annotations

import base64
import importlib
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from appointments.outcome import Outcome
from appointments.publishing.messages import EventDetail
from appointments.storage import items
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from samples.bus import REPLAY, SOURCE
from tests import profiles
from tests.builders import ENVIRONMENT, TOKEN, body, delivery, make_table_and_buckets, start_webhook, webhook_event
from tests.messages import of_item
from tests.project import ROOT
from tests.repairs import repair, save_repair

NODE = ROOT / "examples" / "subscriber" / "node" / "subscriber.mjs"
CREATED = {"status": "ACCEPTED", "start": "2026-03-10T10:00:00+01:00", "externalId": "x-1"}
MOVED = CREATED | {"start": "2026-03-11T10:00:00+01:00"}
CANCELLED = MOVED | {"status": "CANCELLED"}
NOISE = random.Random(1).randbytes(600_000).hex()
"""Text of 1.2 MB that does not compress to what an item can hold."""
STORY: dict[str, dict[str, Any]] = {
    "created": {"id": "e-9", "event_type": "CREATE", "updated_at": "2026-03-02T08:00:00Z", **CREATED},
    "moved": {
        "id": "e-8",
        "event_type": "RESCHEDULE",
        "updated_at": "2026-03-02T08:10:00Z",
        "previous": CREATED,
        **MOVED,
    },
    "updated in a tie": {
        "id": "e-2",
        "event_type": "GENERIC_UPDATE",
        "updated_at": "2026-03-02T08:30:00Z",
        "previous": MOVED,
        **MOVED,
    },
    "cancelled in a tie": {
        "id": "e-1",
        "event_type": "CANCEL",
        "updated_at": "2026-03-02T08:30:00Z",
        "previous": MOVED,
        **CANCELLED,
    },
    "overtaking": {
        "id": "e-0",
        "event_type": "GENERIC_UPDATE",
        "updated_at": "2026-03-02T08:30:02Z",
        "previous": CANCELLED,
        **CANCELLED,
    },
    "beyond limits": {
        "id": "e-3",
        "event_type": "REOPEN",
        "updated_at": "2026-03-02T08:40:00Z",
        **MOVED,
        "externalId": "x" * 300,
    },
    "of other types": {
        "id": "e-4",
        "event_type": "PAUSE",
        "updated_at": "2026-03-02T08:20:00Z",
        "status": "PAUSED",
        "start": 5,
        "office": "o-1",
        "participants": ["nobody", {"type": "ROBOT"}],
        "externalId": {"x": 1},
    },
    "oversized": {
        "id": "e-5",
        "event_type": "ACCEPT",
        "updated_at": "2026-03-02T08:50:00Z",
        **CREATED,
        "externalId": "x-5",
        "internalNotes": NOISE,
    },
}
CALLS = ("get_item", "get_object", "put_item")


class KilledError(BaseException):
    """The execution environment dies. No code of the function may handle this."""


class Mortal:
    """A client whose process dies before or after the call with this number; ``kills`` is shared by all clients."""

    def __init__(self, client: Any, kills: dict[int, str], calls: Iterator[int]) -> None:
        self._client, self._kills, self._calls = client, kills, calls

    def __getattr__(self, name: str) -> Any:
        if name not in CALLS:
            return getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            moment = self._kills.get(next(self._calls))
            if moment == "before":
                raise KilledError
            answer = getattr(self._client, name)(**arguments)
            if moment == "after":
                raise KilledError
            return answer

        return call


class World:
    """The stack and the subscriber on one embedded AWS."""

    def __init__(self) -> None:
        import publisher.handler
        import subscriber.handler

        self.webhook = start_webhook()
        self.publisher = importlib.reload(publisher.handler)
        self.subscriber: Any = importlib.reload(subscriber.handler)
        self.dynamodb: Any = boto3.client("dynamodb")
        self.sqs: Any = boto3.client("sqs")
        self.queue_url = self.sqs.get_queue_url(QueueName="subscriber")["QueueUrl"]
        self.numbers = count()

    def deliver(self, appointment_id: str, names: list[str]) -> None:
        for name in names:
            content = body(delivery(appointment_id=appointment_id, **STORY[name]))
            answer = self.webhook.lambda_handler(webhook_event(content), CONTEXT)
            assert answer["statusCode"] == 202, answer

    def repair(self, appointment_id: str) -> None:
        """Repair an appointment whose newest events never arrived."""
        store = Store(self.dynamodb, ENVIRONMENT["TABLE_NAME"], lambda: Bodies(boto3.client("s3"), "bodies"))
        members = {"id": appointment_id, "updated_at": "2026-03-02T08:59:00.5Z", "externalId": "x-9"}
        assert save_repair(store, repair(**members, status="CANCELLED")) is Outcome.STORED

    def events(self, appointment_id: str) -> list[Any]:
        """The event items of the appointment."""
        found = self.dynamodb.query(
            TableName=ENVIRONMENT["TABLE_NAME"],
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": items.partition_key(appointment_id)}, ":sk": {"S": "EVENT#"}},
        )
        return list(found["Items"])

    def published(self, appointment_id: str) -> list[str]:
        """Publish the events by the real function, and return what the rule puts into the queue."""
        records = [stream_record(item, number) for number, item in enumerate(self.events(appointment_id))]
        assert self.publisher.lambda_handler({"Records": records}, CONTEXT) == {"batchItemFailures": []}
        bodies = []
        while got := self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages", []):
            for message in got:
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(message["Body"])
        return bodies

    def redriven(self, appointment_id: str, form: EventDetail) -> list[str]:
        """The messages as an operator publishes them again."""
        load = Bodies(boto3.client("s3"), "bodies").get
        found = self.events(appointment_id)
        return [json.dumps(of_item(item, form, replay=REPLAY, load=load)) for item in found]

    def consume(self, bodies: list[str], kills: dict[int, str]) -> None:
        """Invoke the subscriber with batches. A batch comes again after the function has died in it."""
        calls = count()
        self.subscriber.dynamodb = Mortal(boto3.client("dynamodb"), kills, calls)
        self.subscriber.s3 = Mortal(boto3.client("s3"), kills, calls)
        waiting = [bodies[start : start + 3] for start in range(0, len(bodies), 3)]
        while waiting:
            records = [{"messageId": str(number), "body": text} for number, text in enumerate(waiting[0])]
            try:
                answer = self.subscriber.lambda_handler({"Records": records}, None)
            except KilledError:
                continue
            assert answer == {"batchItemFailures": []}
            waiting.pop(0)

    def current(self, appointment_id: str) -> dict[str, Any]:
        key = {"pk": {"S": items.partition_key(appointment_id)}, "sk": {"S": "CURRENT"}}
        return dict(self.dynamodb.get_item(TableName=ENVIRONMENT["TABLE_NAME"], Key=key, ConsistentRead=True)["Item"])

    def record(self, appointment_id: str) -> dict[str, Any]:
        key = {"appointmentId": {"S": appointment_id}}
        return dict(self.dynamodb.get_item(TableName="records", Key=key, ConsistentRead=True)["Item"])


CONTEXT = SimpleNamespace(
    function_name="function",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda",
    aws_request_id="r-1",
    get_remaining_time_in_millis=lambda: 60_000,
)


def stream_record(item: Any, number: int) -> dict[str, Any]:
    image = item | ({"body": {"B": base64.b64encode(item["body"]["B"]).decode()}} if "body" in item else {})
    stored = {"Keys": {name: image[name] for name in ("pk", "sk")}, "NewImage": image}
    return {
        "eventName": "INSERT",
        "dynamodb": stored | {"SequenceNumber": str(number), "ApproximateCreationDateTime": 1},
    }


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        boto3.client("secretsmanager").create_secret(Name="token", SecretString=TOKEN)
        make_table_and_buckets()
        boto3.client("dynamodb").create_table(
            TableName="records",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "appointmentId", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "appointmentId", "KeyType": "HASH"}],
        )
        variables = {
            **ENVIRONMENT,
            "RECORDS_TABLE_NAME": "records",
            "APPOINTMENTS_TABLE_NAME": ENVIRONMENT["TABLE_NAME"],
            "EVENT_BUS_NAME": "appointments",
            "EVENT_SOURCE": SOURCE,
            "EVENT_DETAIL": "full",
            "FAILURE_QUEUE_URL": boto3.client("sqs").create_queue(QueueName="failures")["QueueUrl"],
        }
        for name, value in variables.items():
            patch.setenv(name, value)
        sqs, events = boto3.client("sqs"), boto3.client("events")
        queue_url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.create_event_bus(Name="appointments")
        events.put_rule(Name="all", EventBusName="appointments", EventPattern=json.dumps({"source": [SOURCE]}))
        events.put_targets(Rule="all", EventBusName="appointments", Targets=[{"Id": "queue", "Arn": arn}])
        yield World()


SAME = ("order", "eventId", "status", "meetingType", "officeId", "employeeId", "customerId")


def assert_same(record: dict[str, Any], current: dict[str, Any]) -> None:
    """Compare a record of the subscriber with the current item of the appointments table."""
    assert {name: record.get(name) for name in SAME} == {name: current.get(name) for name in SAME}
    assert record["participants"] == current["participantCount"]
    assert text(record, "externalId", 255) == text(current, "externalId", 255)
    for name in ("start", "end"):
        assert moment(record.get(name)) == moment(current.get(name))


def text(item: dict[str, Any], name: str, characters: int) -> str | None:
    return item[name]["S"][:characters] if name in item else None


def moment(value: Any) -> datetime | None:
    return value and datetime.fromisoformat(value["S"])


@st.composite
def arrivals(draw: st.DrawFn) -> Any:
    """Generate deliveries, whether a repair follows, the order of the messages, and the calls with a death."""
    told = draw(st.lists(st.sampled_from(list(STORY)), min_size=1, unique=True))
    return (
        told,
        draw(st.booleans()),
        draw(st.randoms(use_true_random=False)),
        draw(st.sampled_from(EventDetail)),
        draw(st.dictionaries(st.integers(0, 30), st.sampled_from(["before", "after"]), max_size=8)),
    )


@given(arrivals())
@settings(max_examples=profiles.examples(15), deadline=None)
def test_the_record_equals_the_appointments_table_whatever_happens_on_the_way(world: World, drawn: Any) -> None:
    told, is_repaired, chance, form, kills = drawn
    appointment_id = f"a-{next(world.numbers)}"
    world.deliver(appointment_id, told)
    if is_repaired:
        world.repair(appointment_id)
    messages = world.published(appointment_id)
    assert len(messages) == len(told) + is_repaired
    messages += world.redriven(appointment_id, form)
    chance.shuffle(messages)
    world.consume(messages, kills)
    assert_same(world.record(appointment_id), world.current(appointment_id))


@pytest.mark.parametrize("moment_of_death", ["before", "after"])
def test_a_death_around_each_call_loses_nothing(world: World, moment_of_death: str) -> None:
    """The oversized event is read back from the bucket, so all eight calls have their turn."""
    for call in range(8):
        appointment_id = f"a-{next(world.numbers)}"
        world.deliver(appointment_id, ["oversized", "created"])
        messages = world.published(appointment_id)
        assert sorted(json.loads(message)["detail"]["metadata"]["detail"] for message in messages) == [
            "full",
            "reference",
        ]
        world.consume(messages * 2, {call: moment_of_death})
        assert_same(world.record(appointment_id), world.current(appointment_id))
        assert world.record(appointment_id)["externalId"] == {"S": "x-5"}


NODE_SCRIPT = """
import { readFileSync } from "node:fs";
const { handleBatch } = await import(process.argv[1]);
const { batch, items, objects } = JSON.parse(readFileSync(0, "utf8"));
const records = {};
const answer = await handleBatch(batch, {
  async put(item) {
    const known = records[item.appointmentId.S];
    if (!known || known.order.S < item.order.S) records[item.appointmentId.S] = item;
  },
  async getItem({ pk, sk }) {
    const item = items[pk.S + sk.S];
    return item?.body ? { ...item, body: { B: Buffer.from(item.body.B, "base64") } } : item;
  },
  async getObject(key) { return Buffer.from(objects[key], "base64"); },
});
console.log(JSON.stringify({ answer, records }));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_subscriber_in_nodejs_ends_in_the_same_state(world: World) -> None:
    """Without its SDK: the calls are answered from what the tables and the bucket have."""
    chance = random.Random(3)
    messages, stored, objects, ids = [], {}, {}, []
    for form in (EventDetail.FULL, EventDetail.REFERENCE, EventDetail.FULL):
        ids.append(f"a-{next(world.numbers)}")
        world.deliver(ids[-1], chance.sample(list(STORY), len(STORY) - len(ids)))
        if form is EventDetail.REFERENCE:
            world.repair(ids[-1])
        messages += world.published(ids[-1]) + world.redriven(ids[-1], form)
        for number, item in enumerate(world.events(ids[-1])):
            stored[item["pk"]["S"] + item["sk"]["S"]] = stream_record(item, number)["dynamodb"]["NewImage"]
            if "bodyKey" in item:
                content = boto3.client("s3").get_object(Bucket="bodies", Key=item["bodyKey"]["S"])["Body"].read()
                objects[item["bodyKey"]["S"]] = base64.b64encode(content).decode()
    chance.shuffle(messages)
    records = [{"messageId": str(number), "body": text} for number, text in enumerate([*messages, "{"])]
    given_to_node = json.dumps({"batch": {"Records": records}, "items": stored, "objects": objects})
    command = ["node", "--input-type=module", "-e", NODE_SCRIPT, NODE.as_uri()]
    answer = subprocess.run(command, input=given_to_node, capture_output=True, text=True, check=True)  # noqa: S603
    ended = json.loads(answer.stdout)
    assert ended["answer"] == {"batchItemFailures": [{"itemIdentifier": str(len(messages))}]}
    assert objects
    for appointment_id in ids:
        assert_same(ended["records"][appointment_id], world.current(appointment_id))
