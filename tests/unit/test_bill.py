"""The bill of docs/cost.md: its lines are the counted quantities times the prices, and other pages agree."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from generate import bill, bill_page, blocks
from generate.bill import DAILY, DEFAULT, LOADS, MILLION, Bill, Load, Options
from generate.budgets import PAGE
from tests.project import ROOT
from tests.template import DOCUMENT, default_conditions, of_type, resources

PRICES: dict[str, Any] = bill.prices()
BUDGETS: dict[str, Any] = json.loads(bill.BUDGETS.read_text(encoding="utf-8"))
MEASURED = PAGE.read_text(encoding="utf-8")
BLOCK = blocks.split(bill_page.PAGE.read_text(encoding="utf-8"), bill_page.BLOCK)[1]
ROWS = {
    cells[0].partition(" (")[0]: [float(cell) for cell in cells[1:]]
    for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in BLOCK.splitlines() if "|" in line)
    if re.fullmatch(r"[+-]?[\d.]+", cells[-1])
}
"""The dollars in each row of the two tables, for a million a month and for a thousand a day."""


def with_budget(group: str, name: str, value: float) -> Bill:
    budgets = copy.deepcopy(BUDGETS)
    budgets[group][name] = value
    return Bill(budgets, PRICES["prices"], alarms=6, dashboards=0, memory_mb=512)


def test_the_page_has_every_line_for_both_loads_and_its_total_is_their_sum() -> None:
    lines = [[line.dollars for line in bill.current().lines(load)] for load in LOADS]
    assert [ROWS[line.title] for line in bill.current().lines(MILLION)] == [
        [round(first, 2), round(second, 2)] for first, second in zip(*lines, strict=True)
    ]
    assert ROWS["total"] == [pytest.approx(sum(column), abs=0.005) for column in lines]


def test_lines_by_the_unit_are_units_times_price() -> None:
    """Computed here from the budgets with the prices that AWS publishes, and not by the generator."""
    life = BUDGETS["life"]
    assert ROWS["API Gateway"] == [1.00, 0.03]
    assert ROWS["EventBridge"] == [1.00, 0.03]
    assert ROWS["DynamoDB: table"][0] == round(life["tableUnits"] / 6 * 0.625, 2)
    assert ROWS["DynamoDB: starts"] == [0.01, 0.0]
    assert ROWS["DynamoDB: indexes"][0] == round(life["indexUnits"] / 6 * 0.625, 2)
    assert ROWS["DynamoDB: storage and recovery"][0] == round(life["storedBytes"] / 6 / 1000 * (0.25 + 0.20), 2)
    size = BUDGETS["bytes"]
    logged = size["webhookLog"] + size["accessLog"] + size["platformLog"]
    assert ROWS["CloudWatch Logs, webhook and API"][0] == round(logged / 1000 * 0.50, 2)
    published = size["publisherLog"] + size["publishedEventLog"] + size["platformLog"]
    assert ROWS["CloudWatch Logs, publisher"][0] == round(published / 1000 * 0.50, 2)


def test_lines_that_do_not_depend_on_the_deliveries_are_units_times_price() -> None:
    minutes = 730 * 60
    assert ROWS["CloudWatch: custom metrics"] == [round(sum(BUDGETS["metrics"].values()) * 0.30, 2)] * 2
    assert ROWS["Secrets Manager"] == [round(0.40 + 2 * minutes / 5 * 0.05 / 10_000, 2)] * 2
    assert ROWS["SQS: polling the backlog"] == [round(15 * minutes * 0.40 / 1_000_000, 2)] * 2
    assert ROWS["KMS: key of the table"] == [round(3 * minutes / 5 * 0.03 / 10_000, 2)] * 2


WARM = Load("warm", 1_000_000, starts=0, reconnects=0)


def webhook_ms(one: Bill, load: Load) -> float:
    """The milliseconds of a delivery in the line of its duration."""
    return dollars(one, load, "Lambda, webhook: duration") / 16.6667 / 0.5 * 1000


@pytest.mark.parametrize(
    ("cpu_ms", "elapsed_ms"),
    [(2, 2), (5.7, 5.7), (6, 20.21), (11.5, 25.71), (17.5, 60.13)],
)
def test_lambda_bills_the_pause_after_each_used_up_share_of_a_period(cpu_ms: float, elapsed_ms: float) -> None:
    """512 of 1769 MB are 5.79 ms of each period of 20 ms. The call adds 5 ms."""
    assert webhook_ms(with_budget("cpuMs", "delivery", cpu_ms), WARM) == pytest.approx(5 + elapsed_ms, abs=0.01)


def test_lambda_bills_the_reconnects_and_the_starts() -> None:
    one = with_budget("cpuMs", "reconnect", 11.5)
    warm = webhook_ms(one, WARM)
    # 25.71 ms instead of those of a warm delivery, and a second call
    added = 25.71 - BUDGETS["cpuMs"]["delivery"] + 5
    assert webhook_ms(one, WARM._replace(reconnects=1)) - warm == pytest.approx(added, abs=0.01)
    started = webhook_ms(one, WARM._replace(starts=0.01)) - warm
    assert started == pytest.approx(0.01 * BUDGETS["cpuMs"]["start"], abs=0.01)


def test_more_than_a_whole_cpu_makes_nothing_faster() -> None:
    budgets = BUDGETS | {"cpuMs": BUDGETS["cpuMs"] | {"delivery": 50}}
    one = Bill(budgets, PRICES["prices"], alarms=6, dashboards=0, memory_mb=2 * bill.WHOLE_CPU_MB)
    duration = dollars(one, WARM, "Lambda, webhook: duration")
    assert duration == pytest.approx(55 / 1000 * 2 * bill.WHOLE_CPU_MB / 1024 * 16.6667, rel=0.001)


def test_a_larger_body_or_message_takes_another_step() -> None:
    assert dollars(with_budget("bytes", "body", 512 * 1024 + 1), MILLION, "API Gateway") == 2
    assert dollars(with_budget("bytes", "message", 64 * 1024 + 1), MILLION, "EventBridge") == 2


@pytest.mark.parametrize(
    ("lever", "options"),
    [
        ("`OfficeIndex`, `EmployeeIndex`, `CustomerIndex` = `false`", DEFAULT._replace(indexes=False)),
        ("`PlatformLogs` = `problems`", DEFAULT._replace(platform_logs=False)),
        ("`PublisherBatchingWindowSeconds` = 60", DEFAULT._replace(window_seconds=60)),
        ("`Tracing` = `Active`", DEFAULT._replace(traces=True)),
    ],
)
def test_a_lever_shows_the_difference_of_the_totals(lever: str, options: Options) -> None:
    current = bill.current()
    assert ROWS[lever] == [round(current.total(load, options) - current.total(load), 2) for load in LOADS]
    for name in re.findall(r"`(\w+)`", lever.partition("=")[0]):
        assert name in DOCUMENT["Parameters"]


def test_a_million_deliveries_cost_at_most_10_dollars_with_all_indexes_apart_from_storage() -> None:
    variable = ROWS["total"][0] - bill_page.fixed(bill.current()) - ROWS["DynamoDB: storage and recovery"][0]
    assert 9 < variable <= 10
    goal = blocks.split(bill_page.PAGE.read_text(encoding="utf-8"), bill_page.GOAL_BLOCK)[1]
    defaults = next(line for line in goal.splitlines() if line.startswith("| defaults"))
    without_indexes = variable - ROWS["DynamoDB: indexes"][0]
    figures = [float(cell) for cell in defaults.strip("|").split("|")[1:]]
    assert figures == pytest.approx([variable, without_indexes], abs=0.015)


def test_traces_of_a_million_deliveries_and_of_their_events_are_two_million() -> None:
    assert ROWS["`Tracing` = `Active`"][0] == 10


def test_a_window_saves_invocations_only_if_events_meet_in_it() -> None:
    saved = [-value for value in ROWS["`PublisherBatchingWindowSeconds` = 60"]]
    publisher = [sum(values[n] for title, values in ROWS.items() if "publisher" in title) for n in (0, 1)]
    assert saved[0] > 0.7 * publisher[0]
    assert saved[1] < 0.2 * publisher[1]


def test_every_price_has_a_unit_and_a_source_at_aws() -> None:
    for price in PRICES["prices"].values():
        assert price["dollars"] > 0
        assert price["units"] in (1, 10_000, 1_000_000)
        assert price["unit"]
        assert price["source"].startswith("https://aws.amazon.com/")
    assert f"List prices of {PRICES['region']} without a free tier, {PRICES['date']}" in BLOCK


def test_every_metric_of_an_alarm_and_every_dashboard_of_the_template_is_billed() -> None:
    stack = resources(default_conditions())
    alarms = [alarm["Properties"] for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values()]
    read = [json.dumps(alarm).count("MetricStat") or 1 for alarm in alarms]
    assert ROWS["CloudWatch: alarms"] == [round(sum(read) * 0.10, 2)] * 2
    assert ROWS["CloudWatch: dashboards"] == [3.0 * len(of_type(stack, "AWS::CloudWatch::Dashboard"))] * 2


def test_an_alarm_on_an_expression_is_billed_for_each_metric_that_it_reads() -> None:
    queries = [{"Id": "sum", "Expression": "a + b"}, {"Id": "a", "MetricStat": {}}, {"Id": "b", "MetricStat": {}}]
    assert bill.alarm_metrics({"Metrics": queries}) == 2
    assert bill.alarm_metrics({"MetricName": "Errors"}) == 1


@pytest.mark.parametrize("name", ["README.md", "docs/deploying.md"])
def test_the_pages_that_name_the_price_agree_with_the_bill(name: str) -> None:
    text = " ".join((ROOT / name).read_text(encoding="utf-8").split())
    per_million, fixed = bill_page.per_million(bill.current()), bill_page.fixed(bill.current())
    (found,) = re.findall(r"[Aa]bout ([\d.]+) dollars per million deliveries", text)
    assert found == f"{per_million:.1f}"
    assert f"{fixed:.1f} dollars a month" in text


def test_the_cpu_times_are_at_least_those_that_were_measured() -> None:
    head, *rows = table("delivery")
    webhook = {row[0]: row[head.index("webhook")] for row in rows}
    cpu = BUDGETS["cpuMs"]
    assert 0.5 * cpu["delivery"] < float(webhook["warm delivery, CPU, ms"]) <= cpu["delivery"]
    reconnecting = float(webhook["delivery that finds its connection closed, CPU, ms"])
    assert 0.5 * cpu["reconnect"] < reconnecting <= cpu["reconnect"]
    assert 0.5 * cpu["start"] < float(webhook["… until ready, CPU, ms"]) <= cpu["start"]
    head, *rows = table("publisher")
    (single,) = (
        row[head.index("publisher, one record for each invocation")] for row in rows if row[0].startswith("CPU")
    )
    assert 0.5 * cpu["publisherInvocation"] < float(single) <= cpu["publisherInvocation"]


def table(name: str) -> list[list[str]]:
    lines = [
        line for line in blocks.split(MEASURED, name)[1].splitlines() if line.startswith("|") and "---" not in line
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def dollars(one: Bill, load: Load, title: str) -> float:
    (line,) = (line for line in one.lines(load) if line.title == title)
    return line.dollars


def test_a_thousand_a_day_costs_little_more_than_what_is_fixed() -> None:
    assert bill.current().total(DAILY) < 1.5 * bill_page.fixed(bill.current())
