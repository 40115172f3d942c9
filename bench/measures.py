"""What was measured, round by round, and what it comes to: medians, quartiles, and ratios within each round."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

MILLISECONDS = 1000.0


@dataclass(slots=True)
class Measure:
    """One row: a value of each variant for every round, in rounds' order; ``ours`` is what the ratios are of."""

    key: str
    title: str
    unit: str
    ours: str
    values: dict[str, list[float]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        others = [name for name in self.values if name != self.ours]
        return {
            "key": self.key,
            "title": self.title,
            "unit": self.unit,
            "ours": self.ours,
            "variants": {name: summary(values) for name, values in self.values.items()},
            "ratios": {
                name: summary(ratios(self.values[self.ours], self.values[name]))
                for name in others
                if self.ours in self.values and all(self.values[name])
            },
        }


class Measures:
    """Measures in groups, both in the order in which they were first added to."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, Measure]] = {}

    def add(self, measure: Measure, variant: str, value: float) -> None:
        """``measure`` says what it is; the group is its key up to the first dot."""
        group = self._groups.setdefault(measure.key.partition(".")[0], {})
        group.setdefault(measure.key, measure).values.setdefault(variant, []).append(value)

    def groups(self) -> Iterator[tuple[str, Iterable[Measure]]]:
        return ((name, group.values()) for name, group in self._groups.items())

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        return {name: [measure.as_dict() for measure in group] for name, group in self.groups()}


def summary(values: Sequence[float]) -> dict[str, float]:
    """The median, the quartiles around it, and of how many rounds."""
    of_at_least_two = values if len(values) > 1 else [*values, *values]
    first, middle, third = statistics.quantiles(of_at_least_two, n=4, method="inclusive")
    return {"median": _rounded(middle), "q1": _rounded(first), "q3": _rounded(third), "n": len(values)}


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round: what slowed a whole round down slowed both, and has no part in their ratio."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
