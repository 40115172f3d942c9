"""The elapsed times of a start and of deliveries at the share of a CPU that Lambda gives for each memory size."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

from bench import deliveries
from bench.checks import check_answer
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.share import Share
from bench.stub import Stub
from bench.table import number
from bench.variants import FLOOR, NO_OP, WEBHOOK, Variant
from generate.bill import PERIOD_MS, WHOLE_CPU_MB

TEMPLATE_MB = 512
"""The memory of the functions in template.yaml."""
MEMORY_SIZES_MB = (128, 256, TEMPLATE_MB, 1024, WHOLE_CPU_MB)
COMPARED = (NO_OP, FLOOR, WEBHOOK)
WARM_UP, WARM = 20, 10
IDLE_SECONDS = 1.5 * PERIOD_MS / 1000
"""The pause before each delivery. Deliveries rarely follow each other within one period."""
PHASES = {
    "first": "first delivery after a start on a whole CPU",
    "warm": "warm delivery",
    "cold": "start with its first delivery, all at the share",
}
ROWS = {
    f"memory.{phase}{memory_mb}": (f"{title}, {memory_mb} MB", "ms")
    for memory_mb in MEMORY_SIZES_MB
    for phase, title in PHASES.items()
}


def measure(variants: Sequence[Variant], measures: Measures, *, rounds: int) -> None:
    """Measure the webhook with each memory size, and the reference handlers with that of the template."""
    stub = Stub()
    for _ in range(rounds):
        for memory_mb in MEMORY_SIZES_MB:
            for variant in variants:
                if variant.name == WEBHOOK or (variant.name in COMPARED and memory_mb == TEMPLATE_MB):
                    for phase, seconds in _measure(variant, stub, memory_mb).items():
                        key = f"memory.{phase}{memory_mb}"
                        measures.add(Measure(key, *ROWS[key], WEBHOOK), variant.name, seconds * MILLISECONDS)
    stub.stop()


def _measure(variant: Variant, stub: Stub, memory_mb: int) -> dict[str, float]:
    with Share(memory_mb) as share:
        with Process(variant, stub.url) as process:
            share.limit(process.pid)
            cold = process.wait_until_ready() + _invoke(process)
        with Process(variant, stub.url) as process:
            process.wait_until_ready()
            share.limit(process.pid)
            first = _invoke(process)
            for _ in range(WARM_UP):
                process.invoke(deliveries.sample_event())
            warm = statistics.median(_invoke(process) for _ in range(WARM))
    return {"first": first, "warm": warm, "cold": cold}


def _invoke(process: Process) -> float:
    """Return the seconds of a delivery that does not begin in the period of the one before."""
    event = deliveries.sample_event()
    time.sleep(IDLE_SECONDS)
    result = process.invoke(event)
    check_answer(result.body)
    return result.seconds


def table(measures: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Return a row of the webhook's times for each memory size. The first row is the head."""
    rows = []
    for memory_mb in MEMORY_SIZES_MB:
        times = (measures[f"memory.{phase}{memory_mb}"]["variants"][WEBHOOK]["median"] for phase in PHASES)
        rows.append([f"{memory_mb} MB", f"{memory_mb / WHOLE_CPU_MB:.2f}", *map(number, times)])
    return [["memory", "share of a CPU", *(f"{title}, ms" for title in PHASES.values())], *rows]
