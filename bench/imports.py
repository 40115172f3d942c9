"""The imports of a cold start by package: the self time of each and its share of all imports."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

from bench import deliveries
from bench.process import Process
from bench.stub import Stub
from bench.variants import Variant

LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)")
STANDARD = "standard library"
TOP = 12


def profile(variant: Variant) -> dict[str, Any]:
    """Return the profile of a start and its first delivery, which imports what the start defers."""
    stub = Stub()
    with Process(variant, stub.url, options=["-X", "importtime"], keep=None) as process:
        process.wait_until_ready()
        process.invoke(deliveries.sample_event())
    stub.stop()
    return by_package(process.lines)


def by_package(lines: Iterable[str]) -> dict[str, Any]:
    """Return the profile from the output of ``-X importtime``, which includes the runtime interface client."""
    matches = [match for match in map(LINE.match, lines) if match]
    microseconds: Counter[str] = Counter()
    for match in matches:
        microseconds[_package(match[2])] += int(match[1])
    total = microseconds.total()
    return {
        "modules": len(matches),
        "milliseconds": round(total / 1000, 1),
        "packages": [
            {"package": name, "milliseconds": round(self_time / 1000, 1), "share": round(self_time / total, 3)}
            for name, self_time in microseconds.most_common(TOP)
        ],
    }


def _package(module: str) -> str:
    package = module.partition(".")[0]
    return STANDARD if package in sys.stdlib_module_names else package
