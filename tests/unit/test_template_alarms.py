"""Alarms, dashboard and queries of template.yaml: each says what to do, and names only what exists."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.project import ROOT
from tests.template import DOCUMENT, default_conditions, every_condition, of_type, resolved, resources

STACK = "engage"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^#+ (.+)$", OPERATIONS, re.MULTILINE)
ALARMS: dict[str, Any] = {
    name: resolved(alarm["Properties"], STACK)
    for name, alarm in of_type(resources(every_condition()), "AWS::CloudWatch::Alarm").items()
}
ALWAYS = {name for name in ALARMS if name in resources(default_conditions())}
"""The alarms that need no parameter."""
NAMED_SECTION = re.compile(r'docs/operations\.md, "([^"]+)"')
DASHBOARD: list[Any] = json.loads(resolved(DOCUMENT["Resources"]["Dashboard"]["Properties"]["DashboardBody"], STACK))[
    "widgets"
]
CLOUDFORMATION_BYTES = 1_000_000
"""CloudFormation's limit of a template in S3, rounded down."""


def anchor(heading: str) -> str:
    """Return the anchor that a heading has on a page."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def section(heading: str) -> str:
    """Return the text from a heading to the next one of the same or a higher level."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", OPERATIONS, re.MULTILINE)
    assert found, heading
    return re.split(rf"^#{{1,{len(found[1])}}} ", OPERATIONS[found.end() :], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_has_the_stacks_name_says_what_to_do_and_names_its_section(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["AlarmName"] == f"{STACK}-{name.removesuffix('Alarm')}"
    (heading,) = NAMED_SECTION.findall(alarm["AlarmDescription"])
    assert len(alarm["AlarmDescription"]) <= 1024, "CloudWatch's limit"
    assert f"`{name}`" in section(heading), f"the section does not speak of {name}"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_notifies_when_it_rings_and_when_it_stops(name: str) -> None:
    actions = DOCUMENT["Resources"][name]["Properties"]["AlarmActions"]
    assert actions == DOCUMENT["Resources"][name]["Properties"]["OKActions"]
    assert [action["Fn::If"][:2] for action in actions] == [
        ["HasAlarmTopic", {"Ref": "AlarmTopicArn"}],
        ["HasAlarmEmail", {"Ref": "AlarmTopic"}],
    ]


def test_an_output_warns_when_the_alarms_notify_nobody() -> None:
    assert DOCUMENT["Outputs"]["AlarmWarning"]["Condition"] == "NotifiesNobody"
    assert "NotifiesNobody" in default_conditions()
    assert DOCUMENT["Conditions"]["NotifiesNobody"] == {
        "Fn::And": [{"Fn::Equals": [{"Ref": name}, ""]} for name in ("AlarmTopicArn", "AlarmEmail")]
    }


def test_the_alarms_of_the_sender_and_of_the_reconciliation_are_off_by_default() -> None:
    assert set(ALARMS) - ALWAYS == {"SilenceAlarm", "LagAlarm", "BusFailureAlarm", "MissedAlarm", "NoPassAlarm"}


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_keeps_within_the_limits_of_cloudwatch(name: str) -> None:
    queries = ALARMS[name].get("Metrics", [])
    assert sum("MetricStat" in query for query in queries) <= 10
    assert sum("Expression" in query for query in queries) <= 10
    assert sum(query.get("ReturnData", True) for query in queries) == (1 if queries else 0)
    assert all(len(query.get("Expression", "")) <= 1024 for query in queries)


def test_the_topic_takes_messages_of_the_stacks_alarms_only() -> None:
    (allowed, denied) = DOCUMENT["Resources"]["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    source = resolved(allowed["Condition"]["ArnEquals"]["aws:SourceArn"], STACK)
    assert source.endswith(f":alarm:{STACK}-*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_dashboard_shows_the_alarms_that_every_stack_has() -> None:
    (shown,) = [widget["properties"]["alarms"] for widget in DASHBOARD if widget["type"] == "alarm"]
    assert sorted(arn.partition(":alarm:")[2] for arn in shown) == sorted(ALARMS[name]["AlarmName"] for name in ALWAYS)


def test_the_dashboard_links_to_sections_that_exist() -> None:
    texts = [widget["properties"]["markdown"] for widget in DASHBOARD if widget["type"] == "text"]
    linked = re.findall(r"\(RunbookUrl#([\w-]+)\)", "".join(texts))
    assert len(linked) > 5
    assert set(linked) <= {anchor(heading) for heading in HEADINGS}
    described = {heading for alarm in ALARMS.values() for heading in NAMED_SECTION.findall(alarm["AlarmDescription"])}
    assert {anchor(heading) for heading in described} - set(linked) == {"encryption-failures-of-the-bus"}


def test_no_widget_covers_another_one() -> None:
    covered = [
        (x, y)
        for widget in DASHBOARD
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(covered) == len(set(covered))
    assert max(x for x, _ in covered) < 24


def test_the_widgets_follow_the_path_of_a_request() -> None:
    titles = [widget["properties"].get("title", "") for widget in DASHBOARD]
    numbers = [int(title[0]) for title in titles if title[:1].isdigit()]
    assert numbers == sorted(numbers)


def test_the_template_is_small_enough_for_cloudformation() -> None:
    assert len((ROOT / "template.yaml").read_bytes()) < CLOUDFORMATION_BYTES / 5
