"""A deployment with one customer in every place, for the tests of an erasure, on each DynamoDB implementation."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import boto3
import pytest
from moto import mock_aws

from appointments.deadline import Deadline
from appointments.outcome import Outcome
from appointments.publishing.failures import Cause, Parked
from appointments.storage.backlog import Backlog, Deferred
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from appointments_cli import queue_reader
from appointments_cli.target import Target
from tests.builders import body, delivery
from tests.deployment import Deployment, ago
from tests.template import DOCUMENT

ID = "904180417263"
"""Long, so that no digest and no instant has it by accident."""
CANARY = "c4n4ry"
STORES = ("moto", "dynamodb-local")
OTHERS = delivery()["data"]["appointment"]["participants"]
NOISE = "x" * 1_200_000
"""More than a body in an item may have."""


def noise() -> str:
    """Text without a digit that does not compress to what a message may have."""
    return "".join(Random(1).choices("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ", k=500_000))


def customer(role: str = "SECONDARY", identity: Any = ID, canary: str = CANARY) -> dict[str, Any]:
    """A participant with a canary in each member that is personal or a capability."""
    texts = ("externalId", "customerNumber", "firstName", "lastName", "company", "notes", "phoneNumber")
    urls = ("cancelUrl", "editUrl", "inviteUrl", "office365CalendarUrl", "googleCalendarUrl", "icalUrl", "videoUrl")
    return {
        "type": "CUSTOMER",
        "role": role,
        "token": f"{canary}-token-1",
        **{name: f"https://book.example.com/{name}/{canary}-token-1" for name in urls},
        "customer": {
            "id": identity,
            "email": f"{canary}@example.com",
            "timeZone": "Europe/Brussels",
            **{name: f"{canary} {name}" for name in texts},
            "location": {"postalCode": canary, "translations": {"street1": [{"value": f"{canary} street 1"}]}},
        },
    }


def deliveries() -> dict[str, bytes]:
    """Return the deliveries that the store has, by what they show."""
    invite = delivery(
        id="invite", appointment_id="invite", status="OUTGOING_INVITE", participants=[customer("PRIMARY")]
    )
    for name in ("start", "end"):
        del invite["data"]["appointment"][name]
    answers = [{"id": "1", "answerType": "QUALIFICATION", "value": f"{CANARY} answer"}]
    secondary = delivery(
        participants=[*OTHERS, customer()],
        answers=answers,
        internalNotes=CANARY,
        externalId=f"{CANARY}-deal-7",
        metadata={CANARY: CANARY},
        joinUrl=f"https://x.example.com/?token={CANARY}-token-1",
    )
    secondary["data"]["message"] = f"{CANARY} message"
    former = {"status": "ACCEPTED", "participants": [*OTHERS, customer()], "externalId": f"{CANARY}-deal-7"}
    crowd = [{"type": "CUSTOMER", "role": "SECONDARY", "customer": {"id": number}} for number in range(30)]
    return {
        "secondary": body(secondary),
        "former": body(delivery(id="e-2", updated_at="2026-03-03T09:00:00Z", event_type="REASSIGN", previous=former)),
        "stale": body(delivery(id="e-0", updated_at="2026-03-01T09:00:00Z", participants=[customer()])),
        "invite": body(invite),
        "large": body(delivery(id="large", appointment_id="large", participants=[customer()], subject={"id": NOISE})),
        "creator": body(delivery(id="creator", appointment_id="creator", createdById=ID, externalId=f"{CANARY}-deal")),
        "crowd": body(
            delivery(id="crowd", appointment_id="crowd", participants=[*crowd, customer()], externalId=f"{CANARY}-deal")
        ),
        "integer": body(delivery(id="integer", appointment_id="integer", participants=[customer("PRIMARY", int(ID))])),
    }


def refused() -> dict[str, bytes]:
    """Return the bodies in quarantine."""
    return {
        "contract": body(delivery(id="q-1", appointment_id="q", participants=[*OTHERS, customer()], status=None)),
        "no json": body(delivery(id="q-2", participants=[customer()]))[:-3],
        "gzip": gzip.compress(body(delivery(id="q-3", participants=[customer()])), mtime=0),
        "orphan": body(delivery(id="q-4", appointment_id="q", participants=[customer()], subject={"id": NOISE})),
    }


def given_up() -> dict[str, bytes]:
    """Return the deliveries in BacklogFailureQueue."""
    return {
        "message": body(delivery(id="b-1", appointment_id="b", participants=[*OTHERS, customer()])),
        "claim check": body(delivery(id="b-2", appointment_id="b", participants=[customer()], subject={"id": noise()})),
    }


@contextmanager
def deployment(store: str) -> Iterator[Deployment]:
    """Yield a deployment whose table is in a DynamoDB implementation; everything else is in moto."""
    endpoint = os.environ.get("DYNAMODB_LOCAL_ENDPOINT")
    if store != "moto" and not endpoint:
        pytest.skip("DynamoDB Local is not running: DYNAMODB_LOCAL_ENDPOINT is not set")
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue_reader, "WAIT_SECONDS", 0)
        patch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # moto does not know a stream's own address
        deployed = Deployment()
        versions: Any = {"Status": "Enabled"}  # moto's CloudFormation leaves it out
        deployed.s3.put_bucket_versioning(Bucket=deployed.resources["BodiesBucket"], VersioningConfiguration=versions)
        if store == "moto":
            yield deployed
            return
        deployed.dynamodb = boto3.client("dynamodb", endpoint_url=endpoint)
        patch.setattr(Target, "dynamodb", deployed.dynamodb)
        properties = DOCUMENT["Resources"]["AppointmentsTable"]["Properties"]
        deployed.dynamodb.create_table(
            TableName=deployed.table_name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=properties["KeySchema"],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        bodies = Bodies(deployed.s3, deployed.resources["BodiesBucket"])
        deployed.store = Store(deployed.dynamodb, deployed.table_name, lambda: bodies)
        deployed.intake._store = deployed.store
        try:
            yield deployed
        finally:
            deployed.dynamodb.delete_table(TableName=deployed.table_name)


def fill(deployed: Deployment) -> None:
    """Put the customer into every place, beside other people."""
    for name, content in deliveries().items():
        assert deployed.receive(content).outcome in (Outcome.STORED, Outcome.STALE), name
    deployed.receive(body(delivery(id="other", appointment_id="other")))
    for name, content in refused().items():
        encoding = {"content_encoding": "gzip"} if name == "gzip" else {}
        if name != "orphan":
            deployed.keep(
                content, ago(hours=1), reason=Outcome.MALFORMED if name == "no json" else Outcome.CONTRACT, **encoding
            )
    deployed.keep(body(delivery(id="other-2", appointment_id="other", status=None)), ago(hours=2))
    bodies = Bodies(deployed.s3, deployed.resources["BodiesBucket"])
    bodies.put(refused()["orphan"])
    bodies.put(refused()["orphan"])  # a second version
    give_up(deployed, *given_up().values(), body(delivery(id="other-3", appointment_id="other")))


def give_up(deployed: Deployment, *bodies: bytes) -> None:
    bucket = Bodies(deployed.s3, deployed.resources["BodiesBucket"])
    backlog = Backlog(deployed.sqs, deployed.resources["BacklogFailureQueue"], lambda: bucket)
    for content in bodies:
        backlog.defer(Deferred(content, ago(hours=1)), Deadline(20))


def everything(deployed: Deployment) -> dict[str, str]:
    """Return all that is kept, decompressed, by where it is."""
    found: dict[str, str] = {}
    for page in deployed.dynamodb.get_paginator("scan").paginate(TableName=deployed.table_name, ConsistentRead=True):
        for item in page["Items"]:
            inner = unpacked(item["body"]["B"]) if "body" in item else ""
            found[f"table {item['pk']['S']} {item['sk']['S']}"] = f"{item}{inner}"
    for bucket in ("BodiesBucket", "QuarantineBucket"):
        name = deployed.resources[bucket]
        for each in deployed.s3.list_object_versions(Bucket=name).get("Versions", ()):
            version: Any = {} if each["VersionId"] == "null" else {"VersionId": each["VersionId"]}
            answer = deployed.s3.get_object(Bucket=name, Key=each["Key"], **version)
            text = unpacked(answer["Body"].read())
            found[f"{bucket} {each['Key']} {each['VersionId']}"] = f"{text}{answer['Metadata']}"
    for message in messages(deployed):
        found[f"queue {message['MessageId']}"] = opened(message["Body"])
    return found


def messages(deployed: Deployment) -> list[Any]:
    url = deployed.resources["BacklogFailureQueue"]
    found = []
    while page := deployed.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60).get(
        "Messages"
    ):
        found += page
    for each in found:
        deployed.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0)
    return found


def traces(deployed: Deployment, *values: str) -> list[str]:
    """Return where one of the values still is."""
    return [where for where, text in everything(deployed).items() if any(value in text for value in values)]


def opened(message: str) -> str:
    """Return a message of the backlog with its body in plain text."""
    document = json.loads(message)
    packed = document.pop("body", "")
    return f"{document}{unpacked(base64.b64decode(packed))}"


def unpacked(content: bytes) -> str:
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    return content.decode("utf-8", "replace")


def parked(partition_key: str, sort_key: str) -> str:
    """Return a message of the publisher's failure queue about an event."""
    return Parked(partition_key, sort_key, Cause.REFUSED, "x", "1", "2026-03-02T09:00:00Z").body()
