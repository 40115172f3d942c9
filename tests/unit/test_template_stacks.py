"""Two stacks of template.yaml in one account and region have nothing in common in CloudWatch and EventBridge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.template import DOCUMENT, Resources, default_conditions, every_condition, of_type, resolved, resources

NAMESPACE = DOCUMENT["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
NAMED = {
    "AWS::CloudWatch::Alarm": ("alarm", "AlarmName"),
    "AWS::CloudWatch::Dashboard": ("dashboard", "DashboardName"),
    "AWS::Events::EventBus": ("bus", "Name"),
    "AWS::Logs::LogGroup": ("log group", "LogGroupName"),
    "AWS::Logs::QueryDefinition": ("query", "Name"),
    "AWS::SNS::Topic": ("topic", "TopicName"),
}
"""By type: what it is, and the property with its name. Without the property, CloudFormation generates the name."""


@pytest.mark.parametrize("conditions", [default_conditions(), every_condition()], ids=["default", "every option"])
def test_two_stacks_share_no_metric_alarm_log_group_dashboard_query_or_bus(conditions: set[str]) -> None:
    staging, production = (names(resources(conditions), stack_name) for stack_name in ("staging", "production"))
    assert {kind for kind, _ in staging} >= {"metric", "alarm", "log group", "bus", "dashboard", "query"}
    assert staging & production == set()


def test_a_name_without_the_stack_would_be_noticed() -> None:
    alarm = {"Namespace": "Appointments", "MetricName": "Quarantined", "Dimensions": [], "AlarmName": "quarantine"}
    stack: Resources = {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}}
    assert len(names(stack, "staging") & names(stack, "production")) == len(names(stack, "staging")) == 2


def test_the_alarms_on_the_functions_metrics_read_what_the_functions_emit() -> None:
    stack = resources(every_condition())
    emitted = {metric(NAMESPACE, None, dimensions(service)) for service in services(stack)}
    alarms = [alarm["Properties"] for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values()]
    own = [read for alarm in alarms for read in read_metrics(alarm) if not str(read["Namespace"]).startswith("AWS/")]
    assert len(own) > 10
    filtered = [read for read in own if "Dimensions" not in read]
    assert {read["MetricName"] for read in filtered} == {"Throttled"}  # of the metric filter on the access log
    assert {metric(read["Namespace"], None, read["Dimensions"]) for read in own if read not in filtered} <= emitted


def read_metrics(alarm: Any) -> list[Any]:
    """Return the metrics that an alarm reads, except those of a Metrics Insights query."""
    if "Metrics" not in alarm:
        return [alarm]
    return [query["MetricStat"]["Metric"] for query in alarm["Metrics"] if "MetricStat" in query]


def names(stack: Resources, stack_name: str) -> set[tuple[str, str]]:
    """What CloudWatch and EventBridge know the stack's resources by, and the metrics that it emits or reads."""
    found = set()
    for logical_id, resource in stack.items():
        properties = resolved(resource["Properties"], stack_name)
        if resource["Type"] in NAMED:
            kind, name = NAMED[resource["Type"]]
            found.add((kind, properties.get(name) or resolved({"Ref": logical_id}, stack_name)))
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            for read in read_metrics(properties):
                found.add(("metric", metric(read["Namespace"], read["MetricName"], read.get("Dimensions", []))))
            queries = [query["Expression"] for query in properties.get("Metrics", []) if "SELECT" in str(query)]
            found |= {("metric", query) for query in queries}
        if resource["Type"] == "AWS::Logs::MetricFilter":
            (written,) = properties["MetricTransformations"]
            found.add(("metric", metric(written["MetricNamespace"], written["MetricName"], [])))
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            widgets = json.loads(properties["DashboardBody"])["widgets"]
            graphs = [graph for widget in widgets for graph in widget["properties"].get("metrics", [])]
            found |= {("graph", json.dumps(graph)) for graph in graphs}
    namespace = resolved(NAMESPACE, stack_name)
    return found | {("metric", metric(namespace, None, dimensions(service))) for service in services(stack)}


def services(stack: Resources) -> set[str]:
    """The values of the dimension ``service`` of the functions' metrics."""
    functions = of_type(stack, "AWS::Serverless::Function").values()
    return {function["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for function in functions}


def dimensions(service: str) -> list[dict[str, str]]:
    return [{"Name": "service", "Value": service}]


def metric(namespace: Any, name: str | None, named: Any) -> str:
    """A metric, or all metrics with these dimensions."""
    return json.dumps([namespace, name, named], sort_keys=True)
