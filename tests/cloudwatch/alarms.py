"""The state of an alarm: statistic, period, M of N, missing data, metric math and Metrics Insights.

The window slides: it ends at the minute of the evaluation. AWS may judge older values when newer ones are missing; this
evaluation judges exactly N periods.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from typing import Any

from tests.cloudwatch.expression import Moment, Number
from tests.cloudwatch.metrics import Metric, Metrics, metric

COMPARISONS: dict[str, Any] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
MISSING = {"notBreaching": False, "breaching": True}
QUERY = re.compile(
    r"""SELECT (?P<statistic>SUM|MAX)\((?P<name>\w+)\) """
    r"""FROM SCHEMA\("(?P<namespace>[^"]+)", (?P<dimensions>[\w, ]+)\) """
    r"""WHERE (?P<key>\w+) = '(?P<value>[^']+)'"""
)
STATISTICS = {"SUM": "Sum", "MAX": "Maximum"}


class Alarm:
    """An alarm of the template, with its properties resolved for one stack, over the metrics of an account."""

    def __init__(self, properties: dict[str, Any], metrics: Metrics) -> None:
        self._metrics = metrics
        self._past: dict[range, Number] = {}
        self._properties = properties
        self._queries = properties.get("Metrics") or [
            {"Id": "only", "MetricStat": {"Metric": properties, **_stat(properties)}, "ReturnData": True}
        ]
        self._periods: int = int(properties["EvaluationPeriods"])
        self._needed: int = int(properties.get("DatapointsToAlarm", self._periods))
        periods = {_period(query) for query in self._queries if "Period" in query or "MetricStat" in query}
        (self._length,) = (seconds // 60 for seconds in periods)

    def rings(self, minute: int) -> bool:
        """Whether the state is ALARM when it is evaluated at the end of this minute.

        The values of earlier minutes are final.
        """
        treatment = MISSING[self._properties["TreatMissingData"]]
        compare, threshold = COMPARISONS[self._properties["ComparisonOperator"]], float(self._properties["Threshold"])
        values = [self._value_once(window, minute) for window in self._windows(minute)]
        breaching = [treatment if value is None else compare(value, threshold) for value in values]
        return breaching.count(True) >= self._needed

    def reads(self) -> set[Metric]:
        """The metrics that the alarm reads, without those that a Metrics Insights query finds."""
        return {_metric(query["MetricStat"]["Metric"]) for query in self._queries if "MetricStat" in query}

    def _windows(self, minute: int) -> Iterator[range]:
        for number in range(self._periods):
            end = minute + 1 - number * self._length
            yield range(end - self._length, end)

    def _value_once(self, window: range, minute: int) -> Number:
        if window not in self._past:
            value = self._value(window)
            if window.stop > minute:
                return value
            self._past[window] = value
        return self._past[window]

    def _value(self, window: range) -> Number:
        values: dict[str, Number] = {}
        expressions: dict[str, str] = {}
        for query in self._queries:
            if "MetricStat" in query:
                read = [_metric(query["MetricStat"]["Metric"])]
                values[query["Id"]] = self._metrics.statistic(read, query["MetricStat"]["Stat"], window)
            elif query["Expression"].startswith("SELECT"):
                values[query["Id"]] = _select(query["Expression"], self._metrics, window)
            else:
                expressions[query["Id"]] = query["Expression"]
        (returned,) = [query["Id"] for query in self._queries if query.get("ReturnData", True)]
        return Moment(window[-1], values, expressions).value(returned)


def _stat(properties: dict[str, Any]) -> dict[str, Any]:
    statistic = properties.get("ExtendedStatistic") or properties["Statistic"]
    return {"Stat": statistic, "Period": properties["Period"]}


def _period(query: dict[str, Any]) -> int:
    return int(query.get("Period") or query["MetricStat"]["Period"])


def _metric(described: dict[str, Any]) -> Metric:
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in described.get("Dimensions", [])}
    return metric(described["Namespace"], described["MetricName"], dimensions)


def _select(query: str, metrics: Metrics, window: range) -> Number:
    found = QUERY.fullmatch(query)
    if found is None:
        raise ValueError(f"not known here: {query}")
    dimensions = set(found["dimensions"].split(", "))
    read = metrics.matching(found["namespace"], found["name"], dimensions, {found["key"]: found["value"]})
    return metrics.statistic(list(read), STATISTICS[found["statistic"]], window)
