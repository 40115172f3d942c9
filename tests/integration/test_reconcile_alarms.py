"""The alarms of the reconciliation ring for exactly their faults. The metrics are those of the real function."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from local.engage.faults import Faults
from local.engage.server import EngageServer
from local.engage.switches import Switches
from tests import engage
from tests.cloudwatch.alarms import Alarm
from tests.cloudwatch.metrics import Metric, Metrics, metric
from tests.cloudwatch.world import STACK
from tests.integration.test_alarms import RECONCILIATION, flat, graphs, named_fields
from tests.reconcile import Reconcile, limited, started
from tests.template import DOCUMENT, resolved

CLOCK_MINUTES = int(re.findall(r"\d+", DOCUMENT["Resources"]["ReconcileClock"]["Properties"]["ScheduleExpression"])[0])
MISSED, NO_PASS = "MissedAlarm", "NoPassAlarm"
HOURS = (1, 3, 6, 12, 24)


class Days:
    """Hours that pass at once. The function runs every hour, and the alarms are evaluated at the end of each.

    ``is_deployed`` is whether the reconciliation is: its clock then says that a pass is due.
    """

    is_deployed = True

    def __init__(self, function: Reconcile) -> None:
        self.function = function
        self.metrics = Metrics()
        self._alarms = {name: Alarm(properties(name, 1), self.metrics) for name in sorted(RECONCILIATION)}
        self._minute = 60 * 24 * 20_000
        self.lines: list[Any] = []

    def hour(self, *, runs: bool = True) -> set[str]:
        """Let an hour pass, and return the alarms that ring at its end."""
        if self.is_deployed:
            for minute in range(0, 60, CLOCK_MINUTES):
                self.metrics.put(self._minute + minute, *clock())
        if runs:
            self.function.run()
            self.lines += self.function.lines
            self.metrics.put_embedded(self._minute + 10, self.function.printed.splitlines())
        self._minute += 60
        self.function.pass_by(3_600)
        return {name for name, alarm in self._alarms.items() if alarm.rings(self._minute - 1)}

    def hours(self, count: int, **options: Any) -> list[set[str]]:
        return [self.hour(**options) for _ in range(count)]


def clock() -> tuple[Metric, float]:
    """The metric that the clock of the template writes, and its value."""
    target = resolved(DOCUMENT["Resources"]["ReconcileClock"]["Properties"]["Target"], STACK)
    assert target["Arn"].endswith(":scheduler:::aws-sdk:cloudwatch:putMetricData")
    written = json.loads(target["Input"])
    (datum,) = written["MetricData"]
    dimensions = {each["Name"]: each["Value"] for each in datum["Dimensions"]}
    return metric(written["Namespace"], datum["MetricName"], dimensions), datum["Value"]


def properties(name: str, hours: int) -> Any:
    return resolved(DOCUMENT["Resources"][name]["Properties"], STACK, {"ReconcileHours": str(hours)})


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> Iterator[Days]:
    """A reconciliation that repairs, after three healthy hours."""
    switches = Switches()
    histories = engage.histories(8, 5, engage.now(), withheld=0.0)
    with mock_aws(), EngageServer(engage.world(histories, switches), switches) as server:
        made = Days(started(monkeypatch, server, histories, "repair"))
        assert made.hours(3)[-1] == set()
        yield made


def test_healthy_passes_ring_nothing(days: Days) -> None:
    assert days.hours(5) == [set()] * 5


def test_a_lost_delivery_rings_until_a_pass_finds_nothing(days: Days) -> None:
    world = days.function.server.world
    lost = next(id_ for id_ in days.function.current() if _in_window(days, id_))
    world.change(lost, status="NO_SHOW")
    world.touch(lost, 3_600)
    assert days.hour() == {MISSED}
    assert days.hours(2) == [set()] * 2  # it is repaired


def _in_window(days: Days, id_: str) -> bool:
    now = engage.now()
    since, until = engage.window(now)
    start = days.function.current()[id_].get("start", {}).get("S", "")
    return bool(f"{since:%Y-%m-%d}" < start[:10] < f"{until:%Y-%m-%d}")


FAULTS: dict[str, Callable[[Days], None]] = {
    "down": lambda days: _set(days, Faults(busy=1.0)),
    "nonsense": lambda days: _set(days, Faults(wrong=lambda _: {"data": 5})),
    "truncated": lambda days: _set(days, Faults(truncated=1.0)),
    "slow": lambda days: days.function.patch.setattr(
        days.function.handler, "Manners", limited(days.function.handler.Manners, 1)
    ),
    "wrong credentials": lambda days: days.function.patch.setattr(
        days.function.handler._secrets, "get_secret_value", lambda **_: {"SecretString": "{}"}
    ),
}


def _set(days: Days, faults: Faults) -> None:
    days.function.server.faults = faults


@pytest.mark.parametrize("fault", FAULTS)
def test_a_reconciliation_that_cannot_look_rings_after_three_schedules(days: Days, fault: str) -> None:
    before = days.function.items()
    FAULTS[fault](days)
    assert days.hours(4) == [set(), set(), {NO_PASS}, {NO_PASS}]
    assert days.function.items() == before


def test_a_reconciliation_that_does_not_run_rings_after_three_schedules(days: Days) -> None:
    assert days.hours(4, runs=False) == [set(), set(), {NO_PASS}, {NO_PASS}]
    assert days.hour() == set()


@pytest.fixture
def fresh(days: Days) -> Days:
    """A reconciliation that was deployed just now, into a stack that has run for a while."""
    new = Days(days.function)
    new.is_deployed = False
    assert new.hours(5, runs=False) == [set()] * 5, "without a reconciliation, nothing watches it"
    new.is_deployed = True
    return new


def test_nothing_rings_after_a_first_deployment_while_the_first_pass_is_due(fresh: Days) -> None:
    assert fresh.hour(runs=False) == set()
    assert fresh.hours(3) == [set()] * 3


def test_a_first_pass_that_needs_two_runs_rings_nothing(fresh: Days) -> None:
    handler, patch = fresh.function.handler, fresh.function.patch
    with patch.context() as spent:
        spent.setattr(handler, "Manners", limited(handler.Manners, 1))
        assert fresh.hour() == set()
        assert fresh.function.line["PassComplete"] == [0.0]
    assert fresh.hours(3) == [set()] * 3


def test_a_reconciliation_that_never_runs_rings_after_three_schedules(fresh: Days) -> None:
    assert fresh.hours(4, runs=False) == [set(), set(), {NO_PASS}, {NO_PASS}]


@pytest.mark.parametrize("fault", ["down", "wrong credentials"])
def test_a_reconciliation_that_never_works_rings_after_three_schedules(fresh: Days, fault: str) -> None:
    FAULTS[fault](fresh)
    assert fresh.hours(4) == [set(), set(), {NO_PASS}, {NO_PASS}]


def test_a_clock_that_stops_keeps_no_fault_silent_that_the_function_reports(days: Days) -> None:
    days.is_deployed = False
    _set(days, Faults(busy=1.0))
    assert days.hours(4) == [set(), set(), {NO_PASS}, {NO_PASS}]


@pytest.mark.parametrize("hours", HOURS)
def test_the_periods_of_the_alarms_are_the_schedule(hours: int) -> None:
    schedule = DOCUMENT["Mappings"]["ReconcileSchedules"][str(hours)]
    assert schedule["Expression"] == f"rate({hours} hour{'' if hours == 1 else 's'})"
    for name in RECONCILIATION:
        alarm = properties(name, hours)
        periods = {each["MetricStat"]["Period"] for each in alarm.get("Metrics", []) if "MetricStat" in each}
        assert periods | {alarm.get("Period", hours * 3_600)} == {hours * 3_600}
        assert hours * 3_600 * alarm["EvaluationPeriods"] <= 7 * 86_400, "CloudWatch's limit"
    assert set(DOCUMENT["Mappings"]["ReconcileSchedules"]) == {str(each) for each in HOURS}
    assert DOCUMENT["Parameters"]["ReconcileHours"]["AllowedValues"] == [str(each) for each in HOURS]


def test_every_metric_that_the_dashboard_shows_of_it_is_written(days: Days) -> None:
    world = days.function.server.world
    first, second, third = [id_ for id_ in days.function.current() if _in_window(days, id_)][:3]
    world.change(first, status="NO_SHOW")
    world.touch(first, 3_600)
    world.change(second, status="NO_SHOW")
    world.delete(third, "2026-01-01T00:00:00.000Z")
    days.function.dynamodb.delete_item(
        TableName="appointments",
        Key={"pk": {"S": f"APPOINTMENT#{first}"}, "sk": {"S": "CURRENT"}},
    )
    days.hour()
    world.touch(first, 7_200)
    world.change(first, status="ACCEPTED")
    days.hour()
    shown = {one for one in graphs() if ("service", "reconcile") in one.dimensions}
    assert len(shown) > 4
    assert shown <= days.metrics.written()
    query = DOCUMENT["Resources"]["MissedQuery"]["Properties"]["QueryString"]
    known = {"@timestamp", "@message", "problem", "verdicts.differs"}
    assert named_fields(query) <= known | {name for line in days.lines for name in flat(line)}
