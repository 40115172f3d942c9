"""The times of the webhook at the share of a CPU that Lambda gives for each memory size."""

from __future__ import annotations

from typing import Any

from bench.table import number
from bench.variants import WEBHOOK
from generate.bill import WHOLE_CPU_MB

MEMORY_SIZES_MB = (128, 256, 512, 1024, WHOLE_CPU_MB)


def table(report: dict[str, Any]) -> list[list[str]]:
    """Return rows of the webhook's times at the CPU share of each memory size. The first row is the head."""
    times = [_median(report, key) for key in ("main.coldCpu", "main.firstCpu", "main.warmCpu")]
    rows = []
    for memory_mb in MEMORY_SIZES_MB:
        share = memory_mb / WHOLE_CPU_MB
        rows.append([f"{memory_mb} MB", f"{share:.2f}", *(number(time / share) for time in times)])
    return [["memory", "share of a CPU", "whole cold start, ms", "first delivery, ms", "warm delivery, ms"], *rows]


def _median(report: dict[str, Any], key: str) -> float:
    (measure,) = (measure for measure in report["measures"]["main"] if measure["key"] == key)
    return float(measure["variants"][WEBHOOK]["median"])
