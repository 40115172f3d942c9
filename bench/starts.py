"""Cold starts and warm deliveries. Every round starts one process of each variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench import deliveries
from bench.checks import check_answer, check_arrival
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.variants import WEBHOOK, Variant

WARM_UP, WARM = 30, 50
"""The number of deliveries after the first: unmeasured ones, then measured ones."""
RECONNECTS = 5
"""The number of later deliveries before each of which the service closes the connections."""

ROWS = {
    "main.coldCpu": ("cold start, CPU", "ms"),
    "main.readyCpu": ("… until ready, CPU", "ms"),
    "main.firstCpu": ("… first delivery, CPU", "ms"),
    "main.warmCpu": ("warm delivery, CPU", "ms"),
    "main.reconnectCpu": ("delivery that finds its connection closed, CPU", "ms"),
    "main.warmPeak": ("peak memory after the warm deliveries", "MiB"),
    "main.firstCalls": ("SDK calls of a cold start with its delivery", ""),
    "main.warmCalls": ("SDK calls of a warm delivery", ""),
    "main.warmLog": ("log of a warm delivery", "bytes"),
    "main.plainColdCpu": ("cold start over plain HTTP, CPU", "ms"),
}


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls to AWS by operation: of a start with its first delivery, and of the later deliveries."""

    first: Counter[str]
    later: Counter[str]
    deliveries: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "coldStart": dict(sorted(self.first.items())),
            "perDelivery": {name: count / self.deliveries for name, count in sorted(self.later.items())},
        }


def measure(
    variants: Sequence[Variant], measures: Measures, *, rounds: int, warm_up: int = WARM_UP, warm: int = WARM
) -> dict[str, Any]:
    """Measure all variants and return the calls of each. Raises WrongAnswerError."""
    calls: dict[str, Any] = {}
    stub, plain = Stub(), Stub(tls=False)
    for _ in range(rounds):
        for variant in variants:
            process_calls, values = _measure_process(variant, stub, warm_up, warm)
            values["main.plainColdCpu"] = _cold_cpu(variant, plain)
            calls[variant.name] = process_calls.as_dict()
            for key, value in values.items():
                measures.add(Measure(key, *ROWS[key], WEBHOOK), variant.name, value)
    stub.stop()
    plain.stop()
    return calls


def _cold_cpu(variant: Variant, stub: Stub) -> float:
    with Process(variant, stub.url) as process:
        process.wait_until_ready()
        check_answer(process.invoke(deliveries.sample_event()).body)
        return process.cpu_seconds() * MILLISECONDS


def _measure_process(variant: Variant, stub: Stub, warm_up: int, warm: int) -> tuple[Calls, dict[str, float]]:
    stub.reset()
    envelope = deliveries.new_delivery(deliveries.sample_envelope())
    with Process(variant, stub.url) as process:
        process.wait_until_ready()
        ready_cpu = process.cpu_seconds()
        first = process.invoke(deliveries.api_event(deliveries.encode(envelope)))
        cold_cpu = process.cpu_seconds()
        check_answer(first.body)
        check_arrival(variant.name, stub.bodies, envelope)
        first_calls = stub.calls.copy()
        for event in _events(warm_up):
            process.invoke(event)
        stub.reset()
        logged = process.logged_bytes()
        before = process.cpu_seconds()
        for event in _events(warm):
            check_answer(process.invoke(event).body)
        cpu = process.cpu_seconds() - before
        logged = process.logged_bytes() - logged
        later_calls = stub.calls.copy()
        before = process.cpu_seconds()
        for event in _events(RECONNECTS):
            stub.close_connections()
            check_answer(process.invoke(event).body)
        reconnecting = process.cpu_seconds() - before
        values = {
            "main.coldCpu": cold_cpu * MILLISECONDS,
            "main.readyCpu": ready_cpu * MILLISECONDS,
            "main.firstCpu": (cold_cpu - ready_cpu) * MILLISECONDS,
            "main.warmCpu": cpu / warm * MILLISECONDS,
            "main.reconnectCpu": reconnecting / RECONNECTS * MILLISECONDS,
            "main.warmPeak": process.peak_mebibytes(),
            "main.firstCalls": first_calls.total(),
            "main.warmCalls": later_calls.total() / warm,
            "main.warmLog": logged / warm,
        }
        return Calls(first_calls, later_calls, warm), values


def _events(number: int) -> Iterator[bytes]:
    """Yield new deliveries. Each is made on demand, because it contains the current time."""
    return (deliveries.sample_event() for _ in range(number))
