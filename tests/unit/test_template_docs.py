"""docs/deploying.md and docs/operations.md cover the resources of template.yaml."""

from __future__ import annotations

import re

import pytest

from tests.project import ROOT
from tests.template import DOCUMENT, of_type, translate

DEPLOYING = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PREFIXES = {
    "ApiGatewayV2": "apigateway",
    "CloudWatch": "cloudwatch",
    "DynamoDB": "dynamodb",
    "Events": "events",
    "IAM": "iam",
    "Lambda": "lambda",
    "Logs": "logs",
    "S3": "s3",
    "SNS": "sns",
    "SQS": "sqs",
    "Scheduler": "scheduler",
    "SecretsManager": "secretsmanager",
}
"""The IAM prefix of each service, by the second part of a resource type."""


def section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def first_column(table: str) -> set[str]:
    return set(re.findall(r"^\| (.+?) \|", table, re.MULTILINE))


def test_every_service_of_the_stack_is_among_the_permissions() -> None:
    services = {resource["Type"].split("::")[1] for resource in translate()["Resources"].values()}
    table = section(DEPLOYING, "Permissions")
    assert [name for name in sorted(services) if f"| `{PREFIXES[name]}` |\n" not in table] == []
    count = {10: "ten", 11: "eleven", 12: "twelve"}[len(services - {"IAM"})]
    assert f"resources of {count} more services" in (ROOT / "README.md").read_text(encoding="utf-8")


WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven"}
COUNTED = {
    "AWS::IAM::Role": ("roles", "Reconciles", "EngageApiSecretArn"),
    "AWS::IAM::ManagedPolicy": ("managed policies", None, ""),
    "AWS::Lambda::Function": ("functions", "Reconciles", "EngageApiSecretArn"),
    "AWS::Lambda::LayerVersion": ("layers", None, ""),
    "AWS::Lambda::EventSourceMapping": ("event source mappings", None, ""),
    "AWS::S3::Bucket": ("buckets", None, ""),
    "AWS::SQS::Queue": ("queues", "HasKmsKey", "KmsKeyArn"),
    "AWS::Logs::LogGroup": ("log groups", "Reconciles", "EngageApiSecretArn"),
}
"""By type: its noun on the page, and the condition and parameter of those that do not always exist."""


@pytest.mark.parametrize("kind", COUNTED)
def test_the_numbers_of_resources_are_right(kind: str) -> None:
    noun, condition, parameter = COUNTED[kind]
    found = [resource.get("Condition") for resource in of_type(translate()["Resources"], kind).values()]
    always = found.count(None)
    assert set(found) <= {None, condition}
    more = rf" \({WORDS[len(found)]} with `{parameter}`\)" if condition else ""
    assert re.search(rf"\b{WORDS[always]} {noun}{more}", section(DEPLOYING, "Permissions"))


def test_every_resource_that_stays_is_named_with_the_command_that_deletes_it() -> None:
    kept = {
        logical_id
        for logical_id, resource in DOCUMENT["Resources"].items()
        if str(resource.get("DeletionPolicy")).startswith("Retain")
        or resource["Type"] == "AWS::Serverless::LayerVersion"
    }
    rows = [line for line in section(DEPLOYING, "Remove the stack").splitlines() if line.startswith("| `")]
    named = {logical_id for row in rows for logical_id in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named - DOCUMENT["Parameters"].keys() == kept
    assert all(re.search(r"aws |command below", row.split("|")[3]) for row in rows)


@pytest.mark.parametrize("alarm", of_type(DOCUMENT["Resources"], "AWS::CloudWatch::Alarm"))
def test_every_alarm_has_a_row_that_leads_to_a_section(alarm: str) -> None:
    row = re.search(rf"^\| `{alarm}`.*\]\(#([\w-]+)\) \|$", section(OPERATIONS, "Alarms"), re.MULTILINE)
    assert row, f"{alarm} is missing: add a row to the table of alarms in docs/operations.md"
