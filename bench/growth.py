"""How the cost of a delivery grows with its body and with the people in it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from bench import deliveries
from bench.dynamodb import Table
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.units import Meter
from bench.variants import TYPICAL, WEBHOOK, Variant
from bench.verify import check_answer

KIB = 1024
SIZES = (2 * KIB, 8 * KIB, 32 * KIB, 128 * KIB, 512 * KIB, 1024 * KIB - 512)
"""In bytes; the last leaves room for the ids, so that the body is not more than a MiB."""
PARTICIPANTS = (1, 10, 100, 500)
COMPARED = (WEBHOOK, TYPICAL)
ITEM_BYTES = 400_000
"""DynamoDB takes no larger item: whoever keeps the whole payload in one cannot store a larger body."""
WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Case:
    key: str
    title: str
    envelope: dict[str, Any]

    @property
    def size(self) -> int:
        return len(deliveries.encode(self.envelope))


def cases() -> Iterator[Case]:
    chance = random.Random(1)  # noqa: S311 - words
    for size in SIZES:
        envelope = deliveries.of_size(size, chance)
        yield Case(f"body.{size}", f"body of {round(len(deliveries.encode(envelope)) / KIB)} KiB", envelope)
    for number in PARTICIPANTS:
        envelope = deliveries.of_participants(number)
        size = round(len(deliveries.encode(envelope)) / KIB)
        yield Case(f"participants.{number}", f"{number} participants, {size} KiB", envelope)


def measure(variants: Sequence[Variant], measures: Measures, *, rounds: int, table: Table | None) -> None:
    """One process of each variant for all of it; with a table, also the write units of each case."""
    made = list(cases())
    compared = [variant for variant in variants if variant.name in COMPARED]
    with ExitStack() as stack:
        stub = Stub()
        stack.callback(stub.stop)
        processes = {variant.name: stack.enter_context(Process(variant, stub.url)) for variant in compared}
        for process in processes.values():
            process.wait_until_ready()
            for _ in range(WARM_UP):
                process.invoke(_event(deliveries.document()))
        for _ in range(rounds):
            for case in made:
                for name, process in processes.items():
                    if _can_store(name, case):
                        _deliver(name, process, case, measures)
    if table:
        for variant in compared:
            _count(variant, made, measures, table)


def _can_store(name: str, case: Case) -> bool:
    return name == WEBHOOK or case.size < ITEM_BYTES


def _deliver(name: str, process: Process, case: Case, measures: Measures) -> None:
    before = process.cpu_seconds()
    answered = process.invoke(_event(case.envelope))
    cpu = process.cpu_seconds() - before
    check_answer(answered.body)
    measures.add(Measure(f"{case.key}Cpu", f"{case.title}, CPU", "ms", WEBHOOK), name, cpu * MILLISECONDS)
    seconds = answered.seconds * MILLISECONDS
    measures.add(Measure(f"{case.key}Wall", f"{case.title}, answer", "ms", WEBHOOK), name, seconds)


def _count(variant: Variant, made: Sequence[Case], measures: Measures, table: Table) -> None:
    meter, stub = Meter(table), Stub(table.endpoint)
    with Process(variant, stub.url, variables={"TABLE_NAME": table.name}) as process:
        process.wait_until_ready()
        for case in made:
            if _can_store(variant.name, case):
                stub.forget()
                check_answer(process.invoke(_event(case.envelope)).body)
                measure = Measure(f"{case.key}Units", f"{case.title}, write units", "", WEBHOOK)
                measures.add(measure, variant.name, meter.read(stub.consumed).total)
    stub.stop()


def _event(envelope: dict[str, Any]) -> bytes:
    return deliveries.event(deliveries.encode(deliveries.renewed(envelope)))
