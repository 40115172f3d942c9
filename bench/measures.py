"""Measured values by round, and their summary: medians, quartiles, and ratios within each round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MILLISECONDS = 1000.0


@dataclass(slots=True)
class Measure:
    """A row of a table: for each variant, one value per round in the order of the rounds.

    The ratios divide the values of the variant ``numerator`` by those of each other variant.
    """

    key: str
    title: str
    unit: str
    numerator: str
    values: dict[str, list[float]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        others = [name for name in self.values if name != self.numerator]
        return {
            "key": self.key,
            "title": self.title,
            "unit": self.unit,
            "numerator": self.numerator,
            "variants": {name: summary(values) for name, values in self.values.items()},
            "ratios": {
                name: summary(ratios(self.values[self.numerator], self.values[name]))
                for name in others
                if self.numerator in self.values and all(self.values[name])
            },
        }


class Measures:
    """Measures in groups. Groups and measures keep the order of their first value."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, Measure]] = {}

    def add(self, measure: Measure, variant: str, value: float) -> None:
        """Add a value of a variant to the measure with this key. The group is the key up to the first dot."""
        group = self._groups.setdefault(measure.key.partition(".")[0], {})
        group.setdefault(measure.key, measure).values.setdefault(variant, []).append(value)

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        return {name: [measure.as_dict() for measure in group.values()] for name, group in self._groups.items()}


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return the median, the quartiles and the number of values."""
    at_least_two = values if len(values) > 1 else [*values, *values]
    first, middle, third = statistics.quantiles(at_least_two, n=4, method="inclusive")
    return {"median": _rounded(middle), "q1": _rounded(first), "q3": _rounded(third), "n": len(values)}


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Return the ratio of each round. What slows down a whole round has no effect on its ratio."""
    return [numerator / denominator for numerator, denominator in zip(numerators, denominators, strict=True)]


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
