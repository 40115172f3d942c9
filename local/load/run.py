"""One run: the stack, the senders, the watching, the verdict."""

from __future__ import annotations

import statistics
import time
from typing import Any
from uuid import uuid4

from local.load.senders import Sent, send
from local.load.watch import Memory, Messages, Regularly
from local.observation import found
from local.stack import Options, Stack

PATIENCE_SECONDS = 120.0
"""How long the bus may take for what is left when the senders stop."""


def run(options: Options, *, seconds: float, senders: int, seed: int) -> dict[str, Any]:
    """The report: figures, and under ``wrong`` every promise that did not hold."""
    with Stack(options) as stack:
        memory, messages = Memory(stack), Messages(stack)
        memory.look()
        with Regularly(memory.look), Regularly(messages.look):
            sent = send(
                stack.gateway.url, options.token, run=uuid4().hex[:8], seed=seed, senders=senders, seconds=seconds
            )
            lag = _drain(messages, sent)
        wrong = list(sent.ledger.wrong(found(stack, messages.received)))
        if options.dynamodb_url:  # where the table would stay
            stack.aws.client("dynamodb").delete_table(TableName=options.table_name)
    if unacknowledged := len(sent.ledger.sent.keys() - sent.ledger.acknowledged):
        wrong.append(f"never acknowledged, though nothing failed: {unacknowledged}")
    return _report(sent, memory, messages, lag, wrong)


def _drain(messages: Messages, sent: Sent) -> float:
    """Wait until every acknowledged event has come over the bus; the seconds that took, at most the patience."""
    begin = time.monotonic()
    while time.monotonic() < begin + PATIENCE_SECONDS:
        if sent.ledger.acknowledged <= {one["detail"]["metadata"]["id"] for one in list(messages.received)}:
            break
        time.sleep(0.5)
    return time.monotonic() - begin


def _report(sent: Sent, memory: Memory, messages: Messages, lag: float, wrong: list[str]) -> dict[str, Any]:
    deliveries = sum(sent.outcomes.values())
    published = [one["detail"]["metadata"]["id"] for one in messages.received]
    return {
        "seconds": round(sent.took, 1),
        "deliveries": deliveries,
        "deliveriesPerSecond": round(deliveries / sent.took, 1),
        "meanBodyBytes": sent.body_bytes // max(1, deliveries),
        "latencyMilliseconds": _latency(sent.seconds),
        "statuses": {str(status): number for status, number in sorted(sent.statuses.items())},
        "outcomes": dict(sorted(sent.outcomes.items())),
        "eventsAcknowledged": len(sent.ledger.acknowledged),
        "appointments": len({event.appointment_id for event in sent.ledger.sent.values()}),
        "messages": len(published),
        "messagesTwice": len(published) - len(set(published)),
        "secondsUntilAllPublished": round(lag, 1),
        "memoryMebibytes": memory.samples,
        "wrong": wrong,
    }


def _latency(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=1000, method="inclusive")
    named = {"p50": cuts[499], "p90": cuts[899], "p99": cuts[989], "p99.9": cuts[998], "max": max(seconds)}
    return {name: round(value * 1000, 1) for name, value in named.items()}
