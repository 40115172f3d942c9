"""template.yaml against the code: what one of them names, the other has."""

from __future__ import annotations

import dataclasses
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.decode import cfn_yaml

import publisher.settings
import webhook.settings
from appointments import bodies, events, items

ROOT = Path(__file__).parent.parent.parent
TEMPLATE: dict[str, Any] = cfn_yaml.load(str(ROOT / "template.yaml"))
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
TABLE = RESOURCES["AppointmentsTable"]["Properties"]


def test_cfn_lint_with_the_serverless_rules_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "cfn-lint"), "-a", "cfn_lint_serverless.rules", "--", "template.yaml"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert (answer.returncode, answer.stdout) == (0, "")


@pytest.mark.parametrize(
    ("function", "settings"),
    [("WebhookFunction", webhook.settings.Settings), ("PublisherFunction", publisher.settings.Settings)],
)
def test_a_function_is_given_exactly_the_environment_it_reads(function: str, settings: type) -> None:
    given = set(RESOURCES[function]["Properties"]["Environment"]["Variables"]) - {"POWERTOOLS_SERVICE_NAME"}
    assert given == {field.name.upper() for field in dataclasses.fields(settings)}


def test_a_deployed_function_talks_to_aws_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    endpoints = {name: value for name, value in declared.items() if name.startswith("AWS_ENDPOINT_URL")}
    assert endpoints == {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_DYNAMODB": ""}
    for name, value in endpoints.items():
        monkeypatch.setenv(name, value)
    for service in ("dynamodb", "events", "secretsmanager"):
        assert ".amazonaws.com" in boto3.Session().client(service).meta.endpoint_url


def test_sam_local_sets_only_variables_that_the_template_declares() -> None:
    declared = set(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
    for function in ("WebhookFunction", "PublisherFunction"):
        declared |= set(RESOURCES[function]["Properties"]["Environment"]["Variables"])
    given = json.loads((ROOT / "events" / "env.json").read_text())
    assert set(given["Parameters"]) <= declared


@pytest.mark.parametrize("function", ["WebhookFunction", "PublisherFunction"])
def test_a_handler_is_where_the_template_says(function: str) -> None:
    module, _, name = RESOURCES[function]["Properties"]["Handler"].rpartition(".")
    source = ROOT / "functions" / (module.replace(".", "/") + ".py")
    assert f"def {name}(" in source.read_text()
    assert importlib.util.find_spec(module) is not None


def test_the_table_has_the_keys_the_indexes_and_the_expiry_that_the_code_writes() -> None:
    assert [key["AttributeName"] for key in TABLE["KeySchema"]] == [items.PARTITION_KEY, items.SORT_KEY]
    indexes = {
        index["IndexName"]: tuple(key["AttributeName"] for key in index["KeySchema"])
        for index in TABLE["GlobalSecondaryIndexes"]
    }
    assert indexes == items.INDEXES
    for index in TABLE["GlobalSecondaryIndexes"]:
        assert tuple(index["Projection"]["NonKeyAttributes"]) == items.INDEX_PROJECTION
    assert TABLE["TimeToLiveSpecification"] == {"AttributeName": items.TTL_ATTRIBUTE, "Enabled": True}


def test_the_publisher_is_given_new_event_items_only() -> None:
    source = RESOURCES["PublisherFunction"]["Properties"]["Events"]["EventItems"]["Properties"]
    (pattern,) = source["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {items.SORT_KEY: {"S": [{"prefix": items.EVENT_SORT_KEY_PREFIX}]}}},
    }
    assert TABLE["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert source["ParallelizationFactor"] == 1
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BisectBatchOnFunctionError"] is True


def test_the_publisher_may_publish_the_detail_types_of_the_contract_and_no_other() -> None:
    policies = {p["PolicyName"]: p for p in RESOURCES["PublisherFunctionRole"]["Properties"]["Policies"]}
    (statement,) = policies["publish"]["PolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"]["events:detail-type"] == list(events.DETAIL_TYPES.values())


def test_no_role_has_a_wildcard_but_where_the_action_knows_no_narrower_resource() -> None:
    wild = {
        action
        for role in ("WebhookFunctionRole", "PublisherFunctionRole")
        for policy in RESOURCES[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Resource"] == "*"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert wild == {"dynamodb:ListStreams", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def test_appointments_outlive_the_stack() -> None:
    assert RESOURCES["AppointmentsTable"]["DeletionPolicy"] == "Retain"
    assert TABLE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert TABLE["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("name", ["QuarantineBucket", "BodiesBucket"])
def test_a_bucket_is_encrypted_private_reached_by_tls_only_and_outlives_the_stack(name: str) -> None:
    bucket = RESOURCES[name]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (policy,) = (r["Properties"] for r in RESOURCES.values() if r["Properties"].get("Bucket") == {"Ref": name})
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


def test_what_is_in_quarantine_expires_by_the_parameter_and_leaves_no_version() -> None:
    properties = RESOURCES["QuarantineBucket"]["Properties"]
    rules = {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}
    assert rules["expire"]["ExpirationInDays"] == {"Ref": "QuarantineRetentionDays"}
    assert TEMPLATE["Parameters"]["QuarantineRetentionDays"]["Default"] == 90
    assert "abort-incomplete-uploads" in rules
    assert "VersioningConfiguration" not in properties


def test_a_large_body_expires_only_with_the_history_and_never_before_it() -> None:
    rules = RESOURCES["BodiesBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    condition, expiring, keeping = next(rule for rule in rules if "Fn::If" in rule)["Fn::If"]
    assert condition == "HistoryExpires"
    assert TEMPLATE["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "HistoryRetentionDays"}, "0"]}]}
    assert expiring["ExpirationInDays"] == {"Ref": "HistoryRetentionDays"}
    assert not any("ExpirationInDays" in rule for rule in (keeping, *rules))


def test_who_may_do_what_with_a_bucket() -> None:
    allowed = {
        (role, action, resource["Fn::Sub"], "Condition" in statement)
        for role in ("WebhookFunctionRole", "PublisherFunctionRole")
        for policy in RESOURCES[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if isinstance(resource := statement["Resource"], dict) and "Fn::Sub" in resource
        for action in [statement["Action"]]
    }
    assert allowed == {
        ("WebhookFunctionRole", "s3:PutObject", f"${{BodiesBucket.Arn}}/{bodies.PREFIX}*", False),
        ("WebhookFunctionRole", "s3:PutObject", "${QuarantineBucket.Arn}/*", True),
        ("PublisherFunctionRole", "s3:GetObject", f"${{BodiesBucket.Arn}}/{bodies.PREFIX}*", False),
    }


def test_the_webhook_can_put_into_quarantine_only_where_there_is_nothing_yet() -> None:
    policies = {p["PolicyName"]: p for p in RESOURCES["WebhookFunctionRole"]["Properties"]["Policies"]}
    (statement,) = policies["quarantine"]["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"Null": {"s3:if-none-match": "false"}}


def test_every_log_group_forgets() -> None:
    groups = [r for r in RESOURCES.values() if r["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) == 3
    assert all("RetentionInDays" in group["Properties"] for group in groups)


def test_the_dependencies_layer_is_the_lock() -> None:
    layer = ROOT / "layers" / "dependencies" / "requirements.txt"
    assert layer.read_text() == (ROOT / "requirements" / "lambda.txt").read_text()
