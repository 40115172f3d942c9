"""The metrics of an account: values by the minute, written by the functions (embedded format) and by AWS."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Dimensions = frozenset[tuple[str, str]]


class Metric(NamedTuple):
    namespace: str
    name: str
    dimensions: Dimensions


def metric(namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric:
    return Metric(namespace, name, frozenset(dimensions.items()))


class Metrics:
    """Minutes are counted from 1970-01-01T00:00 UTC."""

    def __init__(self) -> None:
        self._values: dict[Metric, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))

    def put(self, minute: int, written: Metric, *values: float) -> None:
        self._values[written][minute] += values

    def put_embedded(self, minute: int, lines: Iterable[str]) -> None:
        """Write the metrics of log lines in CloudWatch's embedded format, as if they were logged in this minute."""
        for line in lines:
            document = json.loads(line) if line.startswith('{"_aws"') else {"_aws": {"CloudWatchMetrics": []}}
            for directive in document["_aws"]["CloudWatchMetrics"]:
                for names in directive["Dimensions"]:
                    dimensions = {name: document[name] for name in names}
                    for entry in directive["Metrics"]:
                        written = metric(directive["Namespace"], entry["Name"], dimensions)
                        self.put(minute, written, *document[entry["Name"]])

    def written(self) -> set[Metric]:
        return {one for one, minutes in self._values.items() if minutes}

    def matching(self, namespace: str, name: str, dimensions: set[str], fixed: Mapping[str, str]) -> Iterator[Metric]:
        """Yield the metrics with exactly these dimensions, of which ``fixed`` have these values."""
        for one in self.written():
            has_names = {key for key, _ in one.dimensions} == dimensions
            if (one.namespace, one.name) == (namespace, name) and has_names and fixed.items() <= set(one.dimensions):
                yield one

    def statistic(self, read: Iterable[Metric], statistic: str, minutes: range) -> float | None:
        """Return the statistic of the values of these metrics in these minutes; None without a value."""
        values = [value for one in read for minute in minutes for value in self._values.get(one, {}).get(minute, ())]
        return _statistic(values, statistic) if values else None


def _statistic(values: list[float], name: str) -> float:
    if name.startswith("p"):
        ordered = sorted(values)
        return ordered[max(0, math.ceil(len(ordered) * float(name[1:]) / 100) - 1)]
    functions: dict[str, Any] = {
        "Sum": sum,
        "Maximum": max,
        "Minimum": min,
        "SampleCount": len,
        "Average": lambda numbers: sum(numbers) / len(numbers),
    }
    return float(functions[name](values))
