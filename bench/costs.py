"""What a million deliveries cost, by service: the measured figures times list prices, and a few stated assumptions."""

from __future__ import annotations

from typing import Any

from bench.variants import FLOOR, PUBLISHER, TYPICAL, WEBHOOK

PRICES_OF = "us-east-1, list prices as published in 2025 and 2026, put together on 2026-11-24, without any free tier"
API_REQUEST = 1.00  # dollars a million; HTTP API, in steps of 512 KB
LAMBDA_REQUEST = 0.20  # dollars a million
LAMBDA_GB_SECOND = 16.6667  # dollars a million, x86_64; arm64 13.3334
WRITE_UNIT = 0.625  # dollars a million, on demand
BUS_EVENT = 1.00  # dollars a million, in steps of 64 KB
LOG_GB = 0.50  # dollars
SNAPSHOT_GB_SECOND = 1.5046  # dollars a million, as long as the version is there
SNAPSHOT_RESTORED_GB = 0.0001397998  # dollars, each time

MEMORY_MB = 512
WHOLE_CPU_MB = 1769
"""Lambda gives a function as much of a CPU as its memory is of this."""
ROUND_TRIP_MS = 5.0
"""Assumed of each call to AWS: it is waited for, and the wait is billed."""
COLD_SHARE = 0.01
"""Assumed: one delivery of a hundred starts an environment, and the start is billed as well."""
LOG_BYTES = 800
"""Assumed of each delivery beside what the function writes: the access log's line and the platform's three."""
SECONDS_A_MONTH = 30 * 86_400
BUS_STEPS = 1
"""A message with an 8.4 KB body is within 64 KB."""


def table(report: dict[str, Any]) -> list[list[str]]:
    """The first row is the head; dollars for a million deliveries of the sample's 8.4 KB."""
    variants = {name: _services(report, name) for name in (WEBHOOK, TYPICAL)}
    services = list(dict.fromkeys(service for costs in variants.values() for service in costs))
    rows = [[service, *(_dollars(costs.get(service)) for costs in variants.values())] for service in services]
    return [["dollars", *variants], *rows, ["all", *(_dollars(sum(costs.values())) for costs in variants.values())]]


def snapshot() -> str:
    """What SnapStart would cost."""
    gigabytes = MEMORY_MB / 1024
    kept = gigabytes * SECONDS_A_MONTH / 1_000_000 * SNAPSHOT_GB_SECOND
    started = gigabytes * 1_000_000 * SNAPSHOT_RESTORED_GB
    price = f"{kept:.2f} dollars a month for each version, {started:.0f} for a million starts"
    return f"A snapshot of {MEMORY_MB} MB: {price}."


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
    """Of one delivery: its CPU at the share of a CPU, the waits for its calls, and its part of the starts."""
    warm = _median(report, "main.warmCpu", variant) * WHOLE_CPU_MB / MEMORY_MB
    waits = _median(report, "main.warmCalls", variant) * ROUND_TRIP_MS
    start = _median(report, "main.readyCpu", variant) * COLD_SHARE
    return (warm + waits + start) / 1000 * MEMORY_MB / 1024


def _publisher(report: dict[str, Any]) -> float:
    """Ten events a batch, at the share of a CPU, and one call."""
    batch_ms = 10_000 / _median(report, "publisher.rate", PUBLISHER) * WHOLE_CPU_MB / MEMORY_MB + ROUND_TRIP_MS
    return (LAMBDA_REQUEST + batch_ms / 1000 * MEMORY_MB / 1024 * LAMBDA_GB_SECOND) / 10


def _median(report: dict[str, Any], key: str, variant: str) -> float:
    for measure in report["measures"][key.partition(".")[0]]:
        if measure["key"] == key:
            return float(measure["variants"].get(variant, measure["variants"].get(FLOOR))["median"])
    raise KeyError(key)


def _dollars(cost: float | None) -> str:
    return "" if cost is None else f"{cost:.2f}"
