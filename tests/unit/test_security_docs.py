"""docs/security.md speaks of what is in the template."""

from __future__ import annotations

import json
import re

from local.template import references
from tests.template import DOCUMENT, PATH, every_condition, of_type, resources
from tests.unit.test_data_at_rest import HOLDERS

TEXT = (PATH.parent / "docs" / "security.md").read_text()
TABLE = TEXT.partition("## What is where")[2].partition("\n## ")[0]
CONDITIONAL = {"ArchiveRetentionDays", "KmsKeyArn"}
"""Parameters that a row names because its resource exists only with them."""


def test_whatever_holds_data_is_named_and_said_how_long() -> None:
    holders = of_type(DOCUMENT["Resources"], *HOLDERS, "AWS::Events::EventBus")
    assert [name for name in holders if f"`{name}`" not in TABLE] == []


def test_a_row_names_the_functions_whose_roles_reach_what_it_is_about() -> None:
    """The log groups have one row, in which each function writes to its own."""
    stack = resources(every_condition())
    rows = [
        line.split("|") for line in TABLE.splitlines() if re.match(r"\|[^|]*`\w+`", line) and "LogGroup" not in line
    ]
    assert len(rows) > 5
    for row in rows:
        described = set(re.findall(r"`(\w+)`", row[1])) - CONDITIONAL
        reaching = {
            name.removesuffix("Role")
            for name, role in of_type(stack, "AWS::IAM::Role").items()
            for policy in role["Properties"]["Policies"]
            if policy["PolicyName"] != "use-the-key" and described & {*references(policy["PolicyDocument"])}
        }
        assert set(re.findall(r"\w+Function\b", row[3])) == reaching, row[1]


def test_every_action_on_any_resource_is_named() -> None:
    statements = [
        statement
        for role in of_type(resources(every_condition()), "AWS::IAM::Role").values()
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Resource"] == "*"
    ]
    listed = [each["Action"] for each in statements]
    actions = {name for each in listed for name in (each if isinstance(each, list) else [each])}
    section = TEXT.partition("\n## Least privilege\n")[2].partition("\n## ")[0]
    sentence = section.partition("resource is `*` only for")[2].partition("\nNo function")[0]
    assert set(re.findall(r"`([a-z]+:\w+)`", sentence)) == actions


def test_every_parameter_that_is_named_exists() -> None:
    named = set(re.findall(r"`([A-Z][A-Za-z]+(?:Arn|Uri|Version|Name|Limit|Concurrency|InDays))`", TEXT))
    assert named - {"WebhookSecretArn"} <= set(DOCUMENT["Parameters"])


def test_the_keys_policy_lets_in_the_services_that_encrypt_by_themselves() -> None:
    """A role uses the key in its own name; only log groups and the bus have nobody to ask for them."""
    policy = json.loads(TEXT.partition("```json\n")[2].partition("```")[0])
    services = {statement["Principal"].get("Service") for statement in policy["Statement"]} - {None}
    assert services == {"logs.REGION.amazonaws.com", "events.amazonaws.com"}
    for statement in policy["Statement"]:
        assert ("Condition" in statement) is ("Service" in statement["Principal"])
    bus = resources(every_condition())["AppointmentsBus"]["Properties"]
    assert "KmsKeyArn" in references(bus)
    name = bus["Name"]["Fn::Sub"].replace("${AWS::StackName}", "STACK")
    assert f"arn:aws:events:REGION:ACCOUNT:event-bus/{name}" in json.dumps(policy)
