"""The cost of a delivery by the size of its body and by the number of participants."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

from bench import deliveries
from bench.checks import check_answer
from bench.dynamodb import Table
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.units import Meter
from bench.variants import TYPICAL, WEBHOOK, Variant

KIB = 1024
SIZES = (2 * KIB, 8 * KIB, 32 * KIB, 128 * KIB, 512 * KIB, 1024 * KIB - 512)
"""The sizes in bytes. The last one leaves room for the ids, so that the body is at most 1 MiB."""
PARTICIPANTS = (1, 10, 100, 500)
COMPARED = (WEBHOOK, TYPICAL)
ITEM_BYTES = 400_000
"""The limit of a DynamoDB item. The typical handler stores the whole payload in one item, so it stops here."""
WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Case:
    key: str
    title: str
    envelope: dict[str, Any]

    @property
    def size(self) -> int:
        return len(deliveries.encode(self.envelope))


@cache
def cases() -> tuple[Case, ...]:
    """Return the measured deliveries."""
    generator = random.Random(1)  # noqa: S311 - words
    by_size = [(size, deliveries.envelope_of_size(size, generator)) for size in SIZES]
    by_number = [(number, deliveries.envelope_with_participants(number)) for number in PARTICIPANTS]
    return (
        *(Case(f"body.{size}", f"body of {_kib(envelope)} KiB", envelope) for size, envelope in by_size),
        *(
            Case(f"participants.{number}", f"participants: {number}, {_kib(envelope)} KiB", envelope)
            for number, envelope in by_number
        ),
    )


def _kib(envelope: dict[str, Any]) -> int:
    return round(len(deliveries.encode(envelope)) / KIB)


def measure(variants: Sequence[Variant], measures: Measures, *, rounds: int, table: Table | None) -> None:
    """Measure all cases in one process of each variant and, with a table, count the write units of each case."""
    compared = [variant for variant in variants if variant.name in COMPARED]
    with ExitStack() as stack:
        stub = Stub()
        stack.callback(stub.stop)
        processes = {variant.name: stack.enter_context(Process(variant, stub.url)) for variant in compared}
        for process in processes.values():
            process.wait_until_ready()
            for _ in range(WARM_UP):
                process.invoke(deliveries.sample_event())
        for _ in range(rounds):
            for case in cases():
                for name, process in processes.items():
                    if _can_store(name, case):
                        _deliver(name, process, case, measures)
    if table:
        for variant in compared:
            _count_units(variant, measures, table)


def _can_store(name: str, case: Case) -> bool:
    return name == WEBHOOK or case.size < ITEM_BYTES


def _deliver(name: str, process: Process, case: Case, measures: Measures) -> None:
    before = process.cpu_seconds()
    result = process.invoke(_event(case.envelope))
    cpu = process.cpu_seconds() - before
    check_answer(result.body)
    measures.add(Measure(f"{case.key}Cpu", f"{case.title}, CPU", "ms", WEBHOOK), name, cpu * MILLISECONDS)


def _count_units(variant: Variant, measures: Measures, table: Table) -> None:
    meter, stub = Meter(table), Stub(table.endpoint)
    with Process(variant, stub.url, variables={"TABLE_NAME": table.name}) as process:
        process.wait_until_ready()
        for case in cases():
            if _can_store(variant.name, case):
                stub.reset()
                check_answer(process.invoke(_event(case.envelope)).body)
                measure = Measure(f"{case.key}Units", f"{case.title}, write units", "", WEBHOOK)
                measures.add(measure, variant.name, meter.read(stub.consumed).total)
    stub.stop()


def _event(envelope: dict[str, Any]) -> bytes:
    return deliveries.api_event(deliveries.encode(deliveries.new_delivery(envelope)))
