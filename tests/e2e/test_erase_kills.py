"""``appointments erase`` is killed with SIGKILL after each write and goes on, and the real publisher hears nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from moto.sqs.models import sqs_backends

from appointments.storage.backlog import Deferred, encode
from appointments_cli import stack as deployed
from local.aws import BUCKETS, REGION, STACK, TABLE
from local.run import post, receive
from local.serve import DESCRIPTION, described
from local.stack import Options, Stack
from tests import erasure
from tests.builders import TOKEN, body, delivery
from tests.deployment import ago
from tests.erasure import CANARY, ID, OTHERS, customer
from tests.faults.exchange import Exchange
from tests.faults.proxy import Proxy

COMMAND = str(Path(sys.executable).parent / "appointments")
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
OF_TABLE = ("PutItem", "UpdateItem")
OF_QUEUE = ("SendMessage", "DeleteMessage")
OF_BUCKET = ("PutObject", "DeleteObject")
MOST_KILLS = 60


@dataclass
class KillAfterWrite:
    """A fault that kills the process after each write that it was not killed after before."""

    ended: set[str] = field(default_factory=set)
    started: Event = field(default_factory=Event)
    process: subprocess.Popen[str] | None = None

    def __call__(self, exchange: Exchange) -> None:
        answer = exchange.forward()
        write = self._write(exchange)
        if write is None or write in self.ended:
            exchange.send(answer.raw())
            return
        self.ended.add(write)
        self.started.wait()
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        exchange.close()

    @staticmethod
    def _write(exchange: Exchange) -> str | None:
        """The name of a write, without the time that it has in each attempt; None for a read."""
        operation = exchange.operation
        if operation in OF_TABLE:
            request = json.loads(exchange.content)
            return f"{operation} {request.get('Key')} {request.get('UpdateExpression')} {request.get('Item')}"
        if operation in OF_BUCKET:
            return f"{operation} {exchange.path}"
        return operation if operation in OF_QUEUE else None


@pytest.fixture(scope="module")
def stack(dynamodb_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, KillAfterWrite]]:
    """A served stack whose command reaches its services through a proxy that kills it."""
    folder, kill = tmp_path_factory.mktemp("erased"), KillAfterWrite()
    name = f"erased-{uuid4()}" if dynamodb_url else TABLE
    options = Options(port=0, aws_port=0, log=folder / "functions.log", dynamodb_url=dynamodb_url, table_name=name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with (
            Stack(options) as running,
            described(running),
            Proxy("aws") as aws,
            Proxy("dynamodb") as dynamodb,
        ):
            aws.target, dynamodb.target = running.aws.url, dynamodb_url or ""
            document = json.loads(DESCRIPTION.read_text()) | {"aws": aws.url, "dynamodb": dynamodb_url and dynamodb.url}
            DESCRIPTION.write_text(json.dumps(document))
            for proxy in (aws, dynamodb):
                proxy.inject(kill)
            yield running, kill


def run(kill: KillAfterWrite, *arguments: str) -> tuple[int, str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    kill.started.clear()
    with subprocess.Popen(  # noqa: S603
        [COMMAND, *arguments, "--local", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        kill.process = process
        kill.started.set()
        stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


def deliver(stack: Stack, content: bytes) -> int:
    return post(stack.gateway.url, content, HEADERS)[0]


def failure_queue(stack: Stack) -> str:
    return deployed.Stack(stack.aws.client("cloudformation"), STACK, "").resources["BacklogFailureQueue"]


def let_go_of_messages() -> None:
    """Let the seconds pass for which the killed process holds messages."""
    for backends in sqs_backends.values():
        for queue in backends[REGION].queues.values():
            for message in queue._messages:
                message.visible_at = 0


def kept(stack: Stack) -> str:
    """Return all that the stack keeps, decompressed."""
    dynamodb = stack.aws.client("dynamodb")
    texts = []
    for item in dynamodb.scan(TableName=stack.options.table_name, ConsistentRead=True)["Items"]:
        texts += [str(item), erasure.unpacked(item["body"]["B"]) if "body" in item else ""]
    s3 = stack.aws.client("s3")
    for bucket in BUCKETS.values():
        for each in s3.list_object_versions(Bucket=bucket).get("Versions", ()):
            version: Any = {} if each["VersionId"] == "null" else {"VersionId": each["VersionId"]}
            texts.append(erasure.unpacked(s3.get_object(Bucket=bucket, Key=each["Key"], **version)["Body"].read()))
    url = failure_queue(stack)
    for message in (
        stack.aws.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        .get("Messages", ())
    ):
        texts.append(erasure.opened(message["Body"]))
    return "\n".join(texts)


@pytest.mark.nightly
@pytest.mark.parametrize("dynamodb_url", ["moto", "dynamodb-local"], indirect=True, scope="module")
def test_a_killed_erasure_goes_on_and_the_deliveries_that_are_sent_again_bring_nothing_back(
    stack: tuple[Stack, KillAfterWrite],
) -> None:
    running, kill = stack
    stored = [
        body(delivery(participants=[*OTHERS, customer()])),
        body(delivery(id="large", appointment_id="large", participants=[customer()], internalNotes=erasure.NOISE)),
    ]
    refused = [body(delivery(id="q-1", participants=[customer()], status=None)), stored[0][:-3]]
    assert [deliver(running, content) for content in stored] == [202, 202]
    assert [deliver(running, content) for content in refused] == [422, 400]
    assert len(receive(running, 2)) == 2
    given_up = encode(Deferred(body(delivery(id="b-1", appointment_id="b", participants=[customer()])), ago(hours=1)))
    url = failure_queue(running)
    running.aws.client("sqs").send_message(QueueUrl=url, MessageBody=given_up)

    kills, receipts = 0, []
    while (answer := run(kill, "erase", "--customer", ID, "--yes"))[0] == -signal.SIGKILL:
        kills += 1
        receipts += answer[1].splitlines()
        assert kills < MOST_KILLS
        let_go_of_messages()
    assert answer[0] == 0, answer[2]
    receipt = json.loads([*receipts, *answer[1].splitlines()][-1])
    assert kills > len(receipt["erased"])
    assert receipt["erased"] == {"current": 2, "event": 2, "backlog": 1, "body": 1, "quarantine": 2}
    assert CANARY not in kept(running)
    assert run(kill, "erase", "--prove", receipt["receipt"])[0] == 0

    assert [deliver(running, content) for content in stored] == [200, 200]
    assert [deliver(running, content) for content in refused] == [422, 400]
    assert CANARY not in kept(running)
    assert deliver(running, body(delivery(id="last", appointment_id="last"))) == 202
    messages = receive(running, 1)
    assert [each["detail"]["metadata"]["id"] for each in messages] == ["last"], "nothing of the erased was published"
