"""``make run``: every file of events/webhook delivered over HTTP, and what became of each, checked."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local.report import Delivered, Result
from local.stack import Options, Stack
from samples import SAMPLES

EVENTS = Path(__file__).parent.parent / "events" / "webhook"
EXPECTED = {sample.name: (sample.expected_status, sample.expected_outcome) for sample in SAMPLES}
PATIENCE_SECONDS = 20


def main(options: Options) -> int:
    """0 when every answer, the table and the messages are as they should be."""
    print("starting the stack of template.yaml on this machine ...", flush=True)
    with Stack(options) as stack:
        print(f"delivering events/webhook/*.json to {stack.gateway.url}\n", flush=True)
        delivered = tuple(_deliver(stack, path) for path in _files())
        accepted = sum(one.outcome in ("stored", "stale") for one in delivered)
        result = Result(delivered, scan(stack), receive(stack, accepted))
    wrong = list(result.wrong(EXPECTED))
    print(*result.tables(), *(f"WRONG: {line}" for line in wrong), result.closing_line(wrong), sep="\n")
    print(f"The functions' log lines are in {options.log}.")
    return 1 if wrong else 0


def _files() -> list[Path]:
    """In the story's order; a file that is not of the story comes last, and nothing is expected of it."""
    order = list(EXPECTED)
    return sorted(EVENTS.glob("*.json"), key=lambda path: [*order, path.stem].index(path.stem))


def _deliver(stack: Stack, path: Path) -> Delivered:
    event = json.loads(path.read_text())
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
    headers = {name: event["headers"][name] for name in ("authorization", "content-type") if name in event["headers"]}
    status, answer = post(stack.gateway.url, body, headers)
    outcome = answer.get("outcome")
    return Delivered(path.stem, status, outcome, answer.get("violationCount", 0), json.loads(body) if outcome else None)


def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and decoded answer of one delivery."""
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def scan(stack: Stack) -> tuple[dict[str, Any], ...]:
    dynamodb = stack.aws.client("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(TableName=stack.options.table_name, ConsistentRead=True)
    return tuple(item for page in pages for item in page["Items"])


def receive(stack: Stack, expected: int) -> tuple[dict[str, Any], ...]:
    """What the rule on the bus received; looks on a little, because one message too many is a defect as well."""
    sqs, url = stack.aws.client("sqs"), stack.queue_url()
    messages: list[dict[str, Any]] = []
    give_up = time.monotonic() + PATIENCE_SECONDS
    quiet = False
    while time.monotonic() < give_up and not (quiet and len(messages) >= expected):
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        quiet = not answer
        for message in answer:
            messages.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return tuple(messages)
