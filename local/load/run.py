"""One run of the load test: start the stack, send, observe, check."""

from __future__ import annotations

import statistics
import time
from typing import Any
from uuid import uuid4

from local.load.senders import SendingResult, send
from local.load.watch import MemorySampler, MessageReceiver, Periodically
from local.observation import observe
from local.stack import Options, Stack

PATIENCE_SECONDS = 120.0
"""How long the bus may take for the remaining messages after the senders stop."""


def run(options: Options, *, seconds: float, senders: int, least: int = 0) -> dict[str, Any]:
    """Return the report: figures, and under ``problems`` every broken promise."""
    with Stack(options) as stack:
        memory, messages = MemorySampler(stack), MessageReceiver(stack)
        memory.sample()
        with Periodically(memory.sample), Periodically(messages.receive):
            sent = send(
                stack.gateway.url,
                options.token,
                run=uuid4().hex[:8],
                senders=senders,
                seconds=seconds,
                least=least,
            )
            lag = _drain(messages, sent)
        problems = list(sent.log.problems(observe(stack, messages.received)))
        if options.dynamodb_url:  # the embedded table ends with the stack, this one would stay
            stack.aws.client("dynamodb").delete_table(TableName=options.table_name)
    if unacknowledged := len(sent.log.sent.keys() - sent.log.acknowledged):
        problems.append(f"never acknowledged although nothing failed: {unacknowledged}")
    return _report(sent, memory, messages, lag, problems)


def _drain(messages: MessageReceiver, sent: SendingResult) -> float:
    """Wait until every acknowledged event has come over the bus. Return the seconds, at most PATIENCE_SECONDS."""
    begin = time.monotonic()
    while time.monotonic() < begin + PATIENCE_SECONDS:
        if sent.log.acknowledged <= {message["detail"]["metadata"]["id"] for message in list(messages.received)}:
            break
        time.sleep(0.5)
    return time.monotonic() - begin


def _report(
    sent: SendingResult, memory: MemorySampler, messages: MessageReceiver, lag: float, problems: list[str]
) -> dict[str, Any]:
    deliveries = sum(sent.outcomes.values())
    published = [message["detail"]["metadata"]["id"] for message in messages.received]
    return {
        "seconds": round(sent.duration, 1),
        "deliveries": deliveries,
        "deliveriesPerSecond": round(deliveries / sent.duration, 1),
        "meanBodyBytes": sent.body_bytes // max(1, deliveries),
        "latencyMilliseconds": _latency(sent.seconds),
        "statuses": {str(status): number for status, number in sorted(sent.statuses.items())},
        "outcomes": dict(sorted(sent.outcomes.items())),
        "eventsAcknowledged": len(sent.log.acknowledged),
        "appointments": len({event.appointment_id for event in sent.log.sent.values()}),
        "messages": len(published),
        "repeatedMessages": len(published) - len(set(published)),
        "secondsUntilAllPublished": round(lag, 1),
        "memoryMebibytes": memory.samples,
        "problems": problems,
    }


def _latency(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=1000, method="inclusive")
    named = {"p50": cuts[499], "p90": cuts[899], "p99": cuts[989], "p99.9": cuts[998], "max": max(seconds)}
    return {name: round(value * 1000, 1) for name, value in named.items()}
