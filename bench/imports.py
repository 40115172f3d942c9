"""What a start of the function imports, by package: each one's own share of the time that imports take."""

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
    """Of one start with its first delivery, which imports what the start left for later."""
    stub = Stub()
    with Process(variant, stub.url, options=["-X", "importtime"], keep=None) as process:
        process.wait_until_ready()
        process.invoke(deliveries.event(deliveries.encode(deliveries.renewed(deliveries.document()))))
    stub.stop()
    return by_package(process.lines)


def by_package(lines: Iterable[str]) -> dict[str, Any]:
    """Of what ``-X importtime`` writes. The share is of all imports, those of the runtime client included."""
    found = [match for match in map(LINE.match, lines) if match]
    microseconds: Counter[str] = Counter()
    for match in found:
        microseconds[_package(match[2])] += int(match[1])
    total = microseconds.total()
    return {
        "modules": len(found),
        "milliseconds": round(total / 1000, 1),
        "packages": [
            {"package": name, "milliseconds": round(own / 1000, 1), "share": round(own / total, 3)}
            for name, own in microseconds.most_common(TOP)
        ],
    }


def _package(module: str) -> str:
    top = module.partition(".")[0]
    return STANDARD if top in sys.stdlib_module_names else top
