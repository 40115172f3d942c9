"""An event that cannot be published on the local stack: moved to the failure queue, listed and redriven by command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from appointments.storage import items
from local.aws import BUCKETS, BUS, CREDENTIALS, FAILURE_QUEUE
from local.run import post, receive
from local.stack import Options, Stack
from tests.builders import TOKEN, body, delivery
from tests.faults.rig import eventually

HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


@pytest.fixture
def stack(tmp_path: Any) -> Iterator[Stack]:
    with Stack(Options(port=0, aws_port=0, webhooks=1, log=tmp_path / "functions.log")) as running:
        yield running


def appointments(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator does."""
    names = {
        "--failure-queue": stack.queue_url(FAILURE_QUEUE),
        "--table": stack.options.table_name,
        "--bodies-bucket": BUCKETS["BodiesBucket"],
        "--event-bus": BUS,
        "--event-source": "pexip.engage",
        "--event-detail": "full",
        "--endpoint-url": stack.aws.url,
    }
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", "from appointments_cli.main import main; main()", "failures", *arguments]
        + [word for pair in names.items() for word in pair],
        env={**os.environ, **CREDENTIALS},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def listed_failures(stack: Stack) -> str:
    """Wait for a message in the failure queue, and return the output of the list command."""
    sqs, url = stack.aws.client("sqs"), stack.queue_url(FAILURE_QUEUE)

    def has_message() -> bool:
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"]) > 0

    assert eventually(has_message), "the failure queue stayed empty"
    listed = appointments(stack, "list")
    assert listed.returncode == 0, listed.stderr
    return listed.stdout


def test_a_poisoned_event_waits_in_the_failure_queue_and_is_redriven_after_its_repair(
    stack: Stack,
) -> None:
    dynamodb = stack.aws.client("dynamodb")
    post(stack.gateway.url, body(delivery(id="e-1", appointment_id="a")), HEADERS)
    key = {"pk": {"S": items.partition_key("a")}, "sk": {"S": items.event_sort_key("e-1")}}
    item = dynamodb.get_item(TableName=stack.options.table_name, Key=key)["Item"]
    receive(stack, 1)

    key["sk"] = item["sk"] = {"S": items.event_sort_key("e-2")}
    dynamodb.put_item(TableName=stack.options.table_name, Item=item | {"body": {"B": b"poison"}})
    post(stack.gateway.url, body(delivery(id="e-3", appointment_id="a")), HEADERS)
    (message,) = receive(stack, 1)
    assert message["detail"]["metadata"]["id"] == "e-3"
    assert "parked\ta\te-2\terror\tunreadable" in listed_failures(stack)

    repaired = body(delivery(id="e-2", appointment_id="a"))
    dynamodb.put_item(TableName=stack.options.table_name, Item=item | {"body": {"B": items.pack(repaired)}})
    assert "\te-2" in appointments(stack, "redrive").stdout
    redriven = appointments(stack, "redrive", "--execute")
    assert redriven.returncode == 0, redriven.stderr
    assert "1 published, 0 failed, 0 not tried; 1 failure deleted, 0 left." in redriven.stderr
    (message,) = receive(stack, 1)
    assert message["detail"]["metadata"]["id"] == "e-2"
    assert appointments(stack, "list").stderr.startswith("0 failures")
