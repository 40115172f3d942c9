"""What is left of a cold start with less than a whole CPU, as most functions are configured.

Lambda starts a function at full speed and runs its invocations at the share that its memory buys; a start that is
cut off after 10 s, and one with provisioned concurrency, runs at the share throughout. So both are measured.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench import deliveries
from bench.limit import share_of
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.variants import FLOOR, TYPICAL, WEBHOOK, Variant
from bench.verify import check_answer

MEMORY_MB = (128, 256, 512, 1024, 1769)
TEMPLATES_MB = 512
"""What template.yaml gives the functions: the row that every round measures."""
COMPARED = (FLOOR, WEBHOOK, TYPICAL)


def measure(
    variants: Sequence[Variant], measures: Measures, *, rounds: int, others: int, memory: Sequence[int] = MEMORY_MB
) -> str:
    """What kept the share. ``others`` are the rounds of the other sizes and of starts at the share, which take long."""
    means = ""
    compared = [variant for variant in variants if variant.name in COMPARED]
    stub = Stub()
    for number in range(rounds):
        for memory_mb in memory:
            if memory_mb == TEMPLATES_MB or number < others:
                for variant in compared:
                    means = _first(variant, stub, measures, memory_mb)
    for _ in range(others):
        for memory_mb in memory:
            for variant in compared:
                _everything(variant, stub, measures, memory_mb)
    stub.stop()
    return means


def _first(variant: Variant, stub: Stub, measures: Measures, memory_mb: int) -> str:
    title = f"first delivery at {memory_mb} MB's share, after a start at full speed"
    with Process(variant, stub.url) as process:
        process.wait_until_ready()
        means = process.slow_down(share_of(memory_mb))
        answered = process.invoke(_event())
        check_answer(answered.body)
    measure = Measure(f"share.first{memory_mb}", title, "ms", WEBHOOK)
    measures.add(measure, variant.name, answered.seconds * MILLISECONDS)
    return means


def _everything(variant: Variant, stub: Stub, measures: Measures, memory_mb: int) -> None:
    with Process(variant, stub.url, share=share_of(memory_mb)) as process:
        ready = process.wait_until_ready()
        answered = process.invoke(_event())
        check_answer(answered.body)
    measure = Measure(f"share.all{memory_mb}", f"whole cold start at {memory_mb} MB's share", "ms", WEBHOOK)
    measures.add(measure, variant.name, (ready + answered.seconds) * MILLISECONDS)


def _event() -> bytes:
    return deliveries.event(deliveries.encode(deliveries.renewed(deliveries.document())))
