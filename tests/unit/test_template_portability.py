"""The templates deploy in every partition and Region, and refuse a parameter that would break the stack later."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

from tests.project import ROOT
from tests.template import DOCUMENT

TEMPLATES = {
    path: json.loads(json.dumps(cfn_yaml.load(str(ROOT / path))))
    for path in ("template.yaml", "templates/schema-registry.yaml", "examples/subscriber/template.yaml")
}
PARAMETERS: dict[str, dict[str, Any]] = DOCUMENT["Parameters"]
PARTITION = re.compile(r"arn:aws:|amazonaws\.com|aws\.amazon\.com")
"""What names the partition aws, or a domain of it."""
SERVICE_PRINCIPAL = re.compile(r"[a-z]+\.amazonaws\.com")
"""The same in each partition for the services of these templates."""


def texts(node: Any) -> Iterator[str]:
    """Yield every text of a part of a template, except descriptions."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in ("Description", "AlarmDescription"):
                yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


@pytest.mark.parametrize("path", TEMPLATES)
def test_no_resource_names_a_partition_or_its_domain(path: str) -> None:
    found = [text for text in texts(TEMPLATES[path]["Resources"]) if PARTITION.search(text)]
    assert [text for text in found if not SERVICE_PRINCIPAL.fullmatch(text)] == []


def test_an_output_with_the_domain_of_the_standard_partition_is_only_there() -> None:
    outputs = {name: output for name, output in DOCUMENT["Outputs"].items() if PARTITION.search(json.dumps(output))}
    assert {name: output.get("Condition") for name, output in outputs.items()} == {
        "DashboardUrl": "InTheStandardPartition"
    }
    assert DOCUMENT["Conditions"]["InTheStandardPartition"] == {"Fn::Equals": [{"Ref": "AWS::Partition"}, "aws"]}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_has_a_description_and_bounds_that_its_default_keeps(name: str) -> None:
    parameter = PARAMETERS[name]
    assert parameter["Description"].endswith(".")
    default = parameter["Default"]
    if "AllowedValues" in parameter:
        assert default in parameter["AllowedValues"]
    elif parameter["Type"] == "Number":
        assert parameter["MinValue"] <= default <= parameter.get("MaxValue", default)
    else:
        assert re.fullmatch(parameter["AllowedPattern"], default)


def test_every_parameter_is_in_one_group_of_the_console() -> None:
    groups = DOCUMENT["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(PARAMETERS)


@pytest.mark.parametrize(
    ("name", "value", "is_accepted"),
    [
        ("AlarmTopicArn", "arn:aws:sns:eu-west-1:123456789012:on-call", True),
        ("AlarmTopicArn", "arn:aws-cn:sns:cn-north-1:123456789012:on-call", True),
        ("AlarmTopicArn", "on-call", False),
        ("CertificateArn", "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b-2c", True),
        ("CertificateArn", "arn:aws:iam::123456789012:server-certificate/x", False),
        ("CustomDomainName", "engage.example.com", True),
        ("CustomDomainName", "https://engage.example.com", False),
        ("CustomDomainName", "engage.example.com/", False),
        ("EngageApiSecretArn", "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:engage-a1B2c3", True),
        ("KmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:key/mrk-0a1b", True),
        ("KmsKeyArn", "alias/engage", False),
        ("RunbookUrl", "https://wiki.example.com/engage#top", True),
        ("RunbookUrl", 'docs/"operations".md', False),  # the body of the dashboard is JSON
        ("RunbookUrl", "", False),
    ],
)
def test_a_parameter_refuses_what_would_fail_later(name: str, value: str, is_accepted: bool) -> None:
    assert bool(re.fullmatch(PARAMETERS[name]["AllowedPattern"], value)) is is_accepted
