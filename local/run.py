"""``make run``: deliver every file of events/webhook over HTTP, show the result and check it."""

from __future__ import annotations

import base64
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console

from appointments.contract.instants import utc
from appointments.reconciliation.credentials import Credentials
from appointments.reconciliation.engage_api import EngageApi
from appointments.reconciliation.manners import MOST_CALLS_PER_SECOND, Manners
from appointments.reconciliation.run import Cursor, Reconciliation
from appointments.reconciliation.stored import StoredAppointments
from local.engage.server import ENTERPRISE, EngageServer
from local.engage.story import SINCE, UNTIL, story_world
from local.report import DeliveryResult, RunResult
from local.stack import Options, Stack
from samples import SAMPLES

EVENTS = Path(__file__).parent.parent / "events" / "webhook"
EXPECTED = {sample.name: (sample.expected_status, sample.expected_outcome) for sample in SAMPLES}
LOST = {"48103": ("behind", "status", "start", "end")}
"""What the comparison with the vendor's API finds: the delivery that never arrives."""
PATIENCE_SECONDS = 20
EXTRA_SECONDS = 0.3
"""How long an extra message may take after the last expected one."""
PIPE_COLUMNS = 120
"""The width of the tables where there is no terminal."""


def main(options: Options) -> int:
    """Return 0 if every answer, the table and the messages are correct."""
    with Stack(options) as stack:
        print(f"delivering events/webhook/*.json to {stack.gateway.url}\n", flush=True)
        deliveries = tuple(_deliver(stack, path) for path in _files())
        accepted = sum(delivery.outcome in ("stored", "stale") for delivery in deliveries)
        items, differences = scan(stack), compare(stack)  # while the publisher is at work
        result = RunResult(deliveries, items, receive(stack, accepted), differences)
    problems = list(result.problems(EXPECTED, LOST))
    console = Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS)
    for table in result.tables():
        console.print(table)
        print()
    print(*(f"problem: {problem}" for problem in problems), result.closing_line(problems), sep="\n")
    print(f"The functions' log lines are in {options.log}.")
    return 1 if problems else 0


def _files() -> list[Path]:
    """Return the files in the order of the samples. A file without a sample comes last and fails the check."""
    order = list(EXPECTED)
    return sorted(EVENTS.glob("*.json"), key=lambda path: [*order, path.stem].index(path.stem))


def _deliver(stack: Stack, path: Path) -> DeliveryResult:
    event = json.loads(path.read_text())
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
    headers = {name: event["headers"][name] for name in ("authorization", "content-type") if name in event["headers"]}
    status, answer = post(stack.gateway.url, body, headers)
    outcome = answer.get("outcome")
    envelope = json.loads(body) if outcome else None
    return DeliveryResult(path.stem, status, outcome, answer.get("violationCount", 0), envelope)


def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Deliver a body. Return the status and the decoded answer."""
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def scan(stack: Stack) -> tuple[dict[str, Any], ...]:
    """Return all items of the table."""
    dynamodb = stack.aws.client("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(TableName=stack.options.table_name, ConsistentRead=True)
    return tuple(item for page in pages for item in page["Items"])


def compare(stack: Stack) -> dict[str, tuple[str, ...]]:
    """Compare the table with the stand-in of the vendor's API, which tells of one delivery more than the stack got.

    Return the verdict of each appointment and what differs.
    """
    with EngageServer(story_world()) as engage:
        api = EngageApi(
            Credentials.of_secret(engage.credentials()),
            ENTERPRISE,
            Manners(calls_per_second=MOST_CALLS_PER_SECOND),
            api_url=engage.url,
            auth_url=engage.url,
        )
        stored = StoredAppointments(stack.aws.client("dynamodb"), stack.options.table_name)
        slices = Reconciliation(api, stored).slices(Cursor.of_window(utc(SINCE), utc(UNTIL)))
        verdicts = [verdict for each in slices for verdict in each.verdicts]
    return {each.appointment_id: (each.kind.value, *each.differing) for each in verdicts}


def receive(stack: Stack, expected: int) -> tuple[dict[str, Any], ...]:
    """Receive ``expected`` messages from the bus, then wait a moment for more: an extra message is a defect too."""
    sqs, url = stack.aws.client("sqs"), stack.queue_url()
    messages: list[dict[str, Any]] = []

    def drain(wait_seconds: int) -> bool:
        """Receive a batch. Return whether there was one."""
        batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds)
        for message in batch.get("Messages", []):
            messages.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return "Messages" in batch

    give_up = time.monotonic() + PATIENCE_SECONDS
    while len(messages) < expected and time.monotonic() < give_up:
        drain(wait_seconds=1)
    time.sleep(EXTRA_SECONDS)
    while drain(wait_seconds=0):
        pass
    return tuple(messages)
