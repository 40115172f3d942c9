"""One fact of the status, and what its checks share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from appointments_cli.screen import Screen
from appointments_cli.target import Target

OK, WRONG, UNKNOWN, INFO = "ok", "wrong", "unknown", "-"


class Fact(NamedTuple):
    """One line of the status.

    ``state`` is OK, WRONG for what needs a person, UNKNOWN for what could not be read, or INFO.
    """

    state: str
    what: str
    detail: str


class Look(NamedTuple):
    """The deployment that a check looks at, and when."""

    target: Target
    screen: Screen
    now: datetime

    @property
    def namespace(self) -> str:
        return f"Appointments/{self.target.stack.name}"


Check = Callable[[Look], Iterable[Fact]]


class Metric(NamedTuple):
    """A metric of CloudWatch with its dimensions."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str = "Sum"


def values(
    look: Look, metrics: Iterable[Metric], begin: timedelta, end: timedelta = timedelta(), period: int = 60
) -> dict[Metric, dict[datetime, float]]:
    """Return the data points of metrics between two moments, both given as the time before now."""
    wanted = list(dict.fromkeys(metrics))
    client = look.target.client("cloudwatch")
    found: dict[Metric, dict[datetime, float]] = {metric: {} for metric in wanted}
    for start in range(0, len(wanted), 500):  # GetMetricData takes at most 500 queries
        queries = [_query(number, metric, period) for number, metric in enumerate(wanted[start : start + 500], start)]
        pages = client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=look.now - begin, EndTime=look.now - end
        )
        for result in (each for page in pages for each in page["MetricDataResults"]):
            metric = wanted[int(result["Id"][1:])]
            found[metric].update(zip(result["Timestamps"], result["Values"], strict=True))
    return found


def _query(number: int, metric: Metric, period: int) -> Any:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {
        "Id": f"m{number}",
        "MetricStat": {
            "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
            "Period": period,
            "Stat": metric.statistic,
        },
    }


def total(points: dict[datetime, float]) -> int:
    return round(sum(points.values()))


def latest(points: dict[datetime, float]) -> float | None:
    return points[max(points)] if points else None


def guarded(name: str, check: Check, look: Look) -> Iterator[Fact]:
    """Run a check. What it may not read, or what is not there, is unknown and never fine."""
    from botocore.exceptions import ClientError

    from appointments_cli.errors import DENIED, UNREACHABLE, CommandError, converted

    try:
        yield from check(look)
    except ClientError as error:
        problem = converted(error, look.target.profile)
        yield Fact(UNKNOWN, name, problem.message)
    except CommandError as error:
        if error.exit_code in (DENIED, UNREACHABLE):
            raise
        yield Fact(UNKNOWN, name, error.message)
