"""The evaluation of alarms that the test of the template's alarms relies on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloudwatch.alarms import Alarm
from tests.cloudwatch.expression import Moment
from tests.cloudwatch.metrics import Metrics, metric

ERRORS = metric("App", "Errors", {"service": "webhook"})
NOON_ON_TUESDAY = 29_542_320


def alarm(**properties: Any) -> dict[str, Any]:
    return {
        "Namespace": "App",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "service", "Value": "webhook"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **properties,
    }


def rings(properties: dict[str, Any], values: dict[int, list[float]], until: int) -> list[bool]:
    """Return whether the alarm rings at the end of each minute."""
    metrics = Metrics()
    for minute, written in values.items():
        metrics.put(minute, ERRORS, *written)
    one = Alarm(properties, metrics)
    return [one.rings(minute) for minute in range(until)]


def test_m_of_n_periods_must_breach() -> None:
    two_of_three = alarm(EvaluationPeriods=3, DatapointsToAlarm=2)
    assert rings(two_of_three, {1: [1], 3: [1]}, 6) == [False, False, False, True, False, False]
    assert rings(alarm(EvaluationPeriods=2), {1: [1], 2: [1], 4: [1]}, 5) == [False, False, True, False, False]


def test_one_of_n_periods_stays_for_n_minutes() -> None:
    assert rings(alarm(EvaluationPeriods=3, DatapointsToAlarm=1), {1: [1]}, 5) == [False, True, True, True, False]


def test_a_longer_period_slides() -> None:
    assert rings(alarm(Period=180, Threshold=2), {1: [1], 2: [1], 3: [1], 4: [9]}, 7)[:4] == [False] * 3 + [True]
    assert rings(alarm(Period=180), {1: [1]}, 5) == [False, True, True, True, False]


@pytest.mark.parametrize(("treatment", "expected"), [("notBreaching", False), ("breaching", True)])
def test_missing_data_is_treated_as_the_alarm_says(treatment: str, expected: bool) -> None:
    assert rings(alarm(TreatMissingData=treatment), {}, 1) == [expected]


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("Sum", 10),
        ("Maximum", 4),
        ("Minimum", 1),
        ("SampleCount", 4),
        ("Average", 2.5),
        ("p50", 2),
        ("p99", 4),
        ("p1", 1),
    ],
)
def test_a_statistic_is_that_of_all_values_of_the_period(statistic: str, value: float) -> None:
    metrics = Metrics()
    metrics.put(0, ERRORS, 4, 1)
    metrics.put(1, ERRORS, 2, 3)
    assert metrics.statistic([ERRORS], statistic, range(2)) == value
    assert metrics.statistic([ERRORS], statistic, range(2, 4)) is None


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a + b * 2", 7),
        ("a + missing", None),
        ("SUM([a, missing, b])", 4),
        ("SUM([missing])", None),
        ("IF(a < b, a - b, 0)", -2),
        ("IF(missing > 0, 1, 2)", None),
        ("IF(DAY(a) >= 1 AND DAY(a) <= 5 AND HOUR(a) == 12, b, 9)", 3),
        ("IF(DAY(a) == 6 OR HOUR(a) == 11, b, 9)", 9),
        ("double / 2", 1),
    ],
)
def test_metric_math_has_the_values_of_a_moment(expression: str, value: float | None) -> None:
    expressions = {"whole": expression, "double": "a * 2"}
    moment = Moment(NOON_ON_TUESDAY, {"a": 1, "b": 3, "missing": None}, expressions)
    assert moment.value("whole") == value


@pytest.mark.parametrize("expression", ["FILL(a, 0)", "RATE(a)", "a ** 2", "not a", "a < b < 3"])
def test_what_is_not_known_is_an_error_and_not_a_value(expression: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        Moment(0, {"a": 1, "b": 2}, {"whole": expression}).value("whole")


def test_a_metrics_insights_query_sums_the_metrics_of_one_dimension() -> None:
    metrics = Metrics()
    for bus, rule, count in (("one", "a", 1), ("one", "b", 2), ("two", "a", 4)):
        metrics.put(0, metric("AWS/Events", "FailedInvocations", {"EventBusName": bus, "RuleName": rule}), count)
    metrics.put(0, metric("AWS/Events", "FailedInvocations", {"RuleName": "a"}), 8)
    query = (
        "SELECT SUM(FailedInvocations) FROM SCHEMA(\"AWS/Events\", EventBusName, RuleName) WHERE EventBusName = 'one'"
    )
    for threshold, expected in ((2, True), (3, False)):
        properties = alarm(Metrics=[{"Id": "q", "Expression": query, "Period": 60}], Threshold=threshold)
        assert Alarm(properties, metrics).rings(0) is expected


def test_the_embedded_metrics_of_a_line_are_read() -> None:
    metrics = Metrics()
    line = (
        '{"_aws": {"CloudWatchMetrics": [{"Namespace": "App", "Dimensions": [["service"]], '
        '"Metrics": [{"Name": "Errors", "Unit": "Count"}]}]}, "service": "webhook", "Errors": [2.0, 3.0]}'
    )
    metrics.put_embedded(0, [line, '{"level": "ERROR", "Errors": [9]}'])
    assert metrics.statistic([ERRORS], "Sum", range(1)) == 5
    assert metrics.written() == {ERRORS}
