"""The settings of template.yaml that cost money are off by default, and each is a parameter or is used by something."""

from __future__ import annotations

from typing import Any

import pytest

from local.template import references
from tests.template import DOCUMENT, default_conditions, of_type, resources

STACK = resources(default_conditions())
FUNCTIONS = of_type(STACK, "AWS::Serverless::Function")


def functions(condition: str) -> dict[str, Any]:
    return of_type(resources(default_conditions() | {condition}), "AWS::Serverless::Function")


def test_no_invocation_is_traced_by_default() -> None:
    assert DOCUMENT["Parameters"]["Tracing"]["Default"] == "PassThrough"
    assert {function["Properties"]["Tracing"]["Ref"] for function in FUNCTIONS.values()} == {"Tracing"}
    policies = {role: resource["Properties"]["Policies"] for role, resource in of_type(STACK, "AWS::IAM::Role").items()}
    assert [role for role, granted in policies.items() if any(p["PolicyName"] == "trace" for p in granted)] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_platform_logs_as_text_by_default_and_on_request_only_what_fails(function: str) -> None:
    group = {"LogGroup": {"Ref": f"{function}LogGroup"}}
    assert FUNCTIONS[function]["Properties"]["LoggingConfig"] == group | {"LogFormat": "Text"}
    reduced = functions("LogsProblemsOnly")[function]["Properties"]["LoggingConfig"]
    # INFO is the level of a line without a level, as those with metrics. A higher one would drop them.
    assert reduced == group | {"LogFormat": "JSON", "SystemLogLevel": "WARN", "ApplicationLogLevel": "INFO"}


def test_the_api_sends_no_metrics_for_each_route() -> None:
    assert STACK["WebhookApi"]["Properties"]["DefaultRouteSettings"]["DetailedMetricsEnabled"] is False


def test_the_publisher_waits_for_no_further_events_by_default() -> None:
    mapping = FUNCTIONS["PublisherFunction"]["Properties"]["Events"]["EventItems"]["Properties"]
    assert list(references(mapping["MaximumBatchingWindowInSeconds"])) == ["PublisherBatchingWindowSeconds"]
    window = DOCUMENT["Parameters"]["PublisherBatchingWindowSeconds"]
    assert (window["Default"], window["MinValue"], window["MaxValue"]) == (0, 0, 300)


def test_nothing_is_kept_started_by_default() -> None:
    assert DOCUMENT["Parameters"]["WebhookProvisionedConcurrency"]["Default"] == 0
    assert DOCUMENT["Parameters"]["WebhookSnapStart"]["Default"] == "None"
