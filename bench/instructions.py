"""Instructions of the processor that a start and its deliveries take, counted by valgrind's cachegrind.

The counts repeat to a tenth of a percent, also on a machine that does other work, where times do not.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from bench import deliveries
from bench.checks import check_answer
from bench.levers import LEVERS, UNDONE, Lever, undone
from bench.measures import Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.variants import FLOOR, NO_OP, WEBHOOK, Variant

VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--fair-sched=yes", "--cachegrind-out-file=/dev/null")
TOTAL = re.compile(r"I\s+refs:\s+([\d,]+)")
MILLION = 1_000_000
WARM = 5
COMPARED = (NO_OP, FLOOR, WEBHOOK)
TIME_PLAN = """
ANSWER = SENDER = LEAST_ANSWER = SECRET_READ = OPEN_TABLE = 600.0
WEBHOOK_CALL = SECRET_CALL = CallTimeouts(600, 600, 1)
"""


def _be_patient(_task: Path, opt: Path) -> None:
    with (opt / "appointments" / "timing.py").open("a", encoding="utf-8") as file:
        file.write(TIME_PLAN)


PATIENT = Lever("patient", "a time plan for valgrind, under which a start takes half a minute", _be_patient)
PHASES = {"cold": "cold start", "first": "first delivery", "warm": "warm delivery"}
ROWS = {
    "instructions.cold": ("cold start with its first delivery", "million instructions"),
    "instructions.first": ("… first delivery", "million instructions"),
    "instructions.warm": ("warm delivery", "million instructions"),
    "instructions.reconnect": ("delivery that finds its connection closed", "million instructions"),
}


def is_available() -> bool:
    return shutil.which(VALGRIND[0]) is not None


def measure(variants: Sequence[Variant], measures: Measures) -> None:
    """Measure the webhook and what it is compared with: a start takes half a minute under valgrind."""
    for variant in variants:
        if variant.name in COMPARED:
            measured = undone(variant, PATIENT) if variant.name == WEBHOOK else variant
            for key, value in count(measured, reconnects=variant.name != NO_OP).items():
                measures.add(Measure(key, *ROWS[key], WEBHOOK), variant.name, value)


def measure_levers(webhook: Variant, measures: Measures) -> None:
    """Count the built webhook and a copy for each lever."""
    built = count(undone(webhook, PATIENT), reconnects=False)
    for lever in LEVERS:
        copy = count(undone(undone(webhook, PATIENT), lever), reconnects=False)
        for phase, title in PHASES.items():
            row = Measure(f"levers.{lever.key}.{phase}", f"{lever.title}: {title}", "million instructions", UNDONE)
            measures.add(row, WEBHOOK, built[f"instructions.{phase}"])
            measures.add(row, UNDONE, copy[f"instructions.{phase}"])


def count(variant: Variant, *, reconnects: bool = True) -> dict[str, float]:
    """Return the value of each row. Each total is a process; the differences of the totals are the deliveries."""
    ready, first, warm = (_total(variant, number) for number in (0, 1, 1 + WARM))
    values = {
        "instructions.cold": first,
        "instructions.first": first - ready,
        "instructions.warm": (warm - first) / WARM,
    }
    if reconnects:
        values["instructions.reconnect"] = (_total(variant, 1 + WARM, reconnect=True) - first) / WARM
    return values


def _total(variant: Variant, number: int, *, reconnect: bool = False) -> float:
    """Return the millions of instructions of a process that gets this number of deliveries."""
    stub = Stub()
    variables = {"PYTHONHASHSEED": "0"}
    with Process(variant, stub.url, prefix=VALGRIND, variables=variables, keep=None) as process:
        process.wait_until_ready()
        for _ in range(number):
            check_answer(process.invoke(deliveries.sample_event()).body)
            if reconnect:
                stub.close_connections()
        process.end()
    stub.stop()
    (refs,) = (match[1] for line in process.lines if (match := TOTAL.search(line)))
    return int(refs.replace(",", "")) / MILLION
