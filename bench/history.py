"""Deliveries to an appointment with a history: what they cost must not grow with it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from bench import deliveries
from bench.dynamodb import Table
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.units import Meter
from bench.variants import WEBHOOK, Variant
from bench.verify import check_answer

LENGTHS = (0, 10, 100, 1000)
WARM_UP = 20


class Appointment:
    """One appointment's deliveries, each newer than the one before."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._id = str(uuid4())
        self.length = 0

    def deliver(self) -> float:
        """The answer's seconds."""
        envelope = deliveries.renewed(
            deliveries.document(), appointment_id=self._id, updated_at=deliveries.later(self.length)
        )
        answered = self._process.invoke(deliveries.event(deliveries.encode(envelope)))
        check_answer(answered.body)
        self.length += 1
        return answered.seconds


def measure(
    webhook: Variant, measures: Measures, *, rounds: int, table: Table | None, lengths: Sequence[int] = LENGTHS
) -> None:
    """On the table where there is one. The short histories are made anew in every round, the long ones go on."""
    stub = Stub(table.endpoint if table else None)
    meter = Meter(table) if table else None
    variables = {"TABLE_NAME": table.name} if table else {}
    with Process(webhook, stub.url, variables=variables) as process:
        process.wait_until_ready()
        _prepared(process, WARM_UP)
        long = {length: _prepared(process, length) for length in lengths if length > rounds}
        for _ in range(rounds):
            for length in lengths:
                appointment = long.get(length) or _prepared(process, length)
                stub.forget()
                before = process.cpu_seconds()
                seconds = appointment.deliver()
                values = {
                    "CPU": (process.cpu_seconds() - before, MILLISECONDS, "ms"),
                    "answer": (seconds, MILLISECONDS, "ms"),
                    "calls": (stub.calls.total(), 1, ""),
                    **({"write units": (meter.read(stub.consumed).total, 1, "")} if meter else {}),
                }
                for what, (value, factor, unit) in values.items():
                    key = f"history.{length}{what.title().replace(' ', '')}"
                    row = Measure(key, f"{length} earlier events, {what}", unit, WEBHOOK)
                    measures.add(row, webhook.name, value * factor)
    stub.stop()


def _prepared(process: Process, length: int) -> Appointment:
    appointment = Appointment(process)
    for _ in range(length):
        appointment.deliver()
    return appointment
