"""The cost of a million deliveries by service: measured figures times list prices, with a few stated assumptions."""

from __future__ import annotations

from typing import Any

from bench.variants import FLOOR, PUBLISHER, TYPICAL, WEBHOOK

PRICES = "us-east-1, list prices as published in 2025 and 2026, looked up on 2026-11-24, without any free tier"
API_REQUEST = 1.00  # dollars a million; HTTP API, in steps of 512 KB
LAMBDA_REQUEST = 0.20  # dollars a million
LAMBDA_GB_SECOND = 16.6667  # dollars a million, x86_64; arm64 13.3334
WRITE_UNIT = 0.625  # dollars a million, on demand
BUS_EVENT = 1.00  # dollars a million, in steps of 64 KB
LOG_GB = 0.50  # dollars
SNAPSHOT_GB_SECOND = 1.5046  # dollars a million, for the lifetime of the version
SNAPSHOT_RESTORED_GB = 0.0001397998  # dollars for each restore

MEMORY_MB = 512
WHOLE_CPU_MB = 1769
"""The memory with which Lambda gives a function one whole CPU. Less memory means a proportional share."""
MEMORY_SIZES_MB = (128, 256, 512, 1024, WHOLE_CPU_MB)
ROUND_TRIP_MS = 5.0
"""The assumed duration of a call to AWS. The function waits for the call, and the wait is billed."""
COLD_SHARE = 0.01
"""The assumed share of deliveries that start an environment. The start is billed."""
LOG_BYTES = 800
"""The assumed log of a delivery besides the function's own lines: the access log and three lines of the platform."""
SECONDS_A_MONTH = 30 * 86_400
BUS_STEPS = 1
"""A message with an 8.4 KB body is within 64 KB."""


def table(report: dict[str, Any]) -> list[list[str]]:
    """Return rows of dollars for a million deliveries of the 8.4 KB sample. The first row is the head."""
    variants = {name: _services(report, name) for name in (WEBHOOK, TYPICAL)}
    services = list(dict.fromkeys(service for costs in variants.values() for service in costs))
    rows = [[service, *(_dollars(costs.get(service)) for costs in variants.values())] for service in services]
    return [["dollars", *variants], *rows, ["total", *(_dollars(sum(costs.values())) for costs in variants.values())]]


def snapshot() -> str:
    """Return a sentence on the cost of SnapStart."""
    gigabytes = MEMORY_MB / 1024
    stored = gigabytes * SECONDS_A_MONTH / 1_000_000 * SNAPSHOT_GB_SECOND
    started = gigabytes * 1_000_000 * SNAPSHOT_RESTORED_GB
    price = f"{stored:.2f} dollars a month for each version, {started:.0f} dollars for a million starts"
    return f"A snapshot of {MEMORY_MB} MB: {price}."


def memory_table(report: dict[str, Any]) -> list[list[str]]:
    """Return rows of the webhook's times at the CPU share of each memory size. The first row is the head."""
    cold, warm = (_median(report, key, WEBHOOK) for key in ("main.coldCpu", "main.warmCpu"))
    rows = []
    for memory_mb in MEMORY_SIZES_MB:
        share = memory_mb / WHOLE_CPU_MB
        rows.append([f"{memory_mb} MB", f"{share:.2f}", f"{cold / share:.0f}", f"{warm / share:.1f}"])
    return [["memory", "share of a CPU", "whole cold start, ms", "warm delivery, ms"], *rows]


def _services(report: dict[str, Any], variant: str) -> dict[str, float]:
    costs = {
        "API Gateway": API_REQUEST,
        "Lambda, webhook": LAMBDA_REQUEST + _gb_seconds(report, variant) * LAMBDA_GB_SECOND,
        "DynamoDB, table": _median(report, "units.laterTable", variant) * WRITE_UNIT,
        "DynamoDB, indexes": _median(report, "units.laterIndexes", variant) * WRITE_UNIT,
        "EventBridge": BUS_EVENT * BUS_STEPS,
        "CloudWatch Logs": (LOG_BYTES + _median(report, "main.warmLog", variant)) / 1000 * LOG_GB,
    }
    if variant == WEBHOOK:
        costs["Lambda, publisher"] = _publisher(report)
    return costs


def _gb_seconds(report: dict[str, Any], variant: str) -> float:
    """Return the billed time of a delivery: its CPU at the CPU share, the wait for its calls, its part of a start."""
    warm = _median(report, "main.warmCpu", variant) * WHOLE_CPU_MB / MEMORY_MB
    waits = _median(report, "main.warmCalls", variant) * ROUND_TRIP_MS
    start = _median(report, "main.readyCpu", variant) * COLD_SHARE
    return (warm + waits + start) / 1000 * MEMORY_MB / 1024


def _publisher(report: dict[str, Any]) -> float:
    """Return the cost of an event in a batch of ten: its CPU at the CPU share, and a tenth of one call."""
    batch_ms = 10_000 / _median(report, "publisher.rate", PUBLISHER) * WHOLE_CPU_MB / MEMORY_MB + ROUND_TRIP_MS
    return (LAMBDA_REQUEST + batch_ms / 1000 * MEMORY_MB / 1024 * LAMBDA_GB_SECOND) / 10


def _median(report: dict[str, Any], key: str, variant: str) -> float:
    for measure in report["measures"][key.partition(".")[0]]:
        if measure["key"] == key:
            return float(measure["variants"].get(variant, measure["variants"].get(FLOOR))["median"])
    raise KeyError(key)


def _dollars(cost: float | None) -> str:
    return "" if cost is None else f"{cost:.2f}"
