"""template.yaml against the code: what one of them names, the other has."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

import backlog.settings
import publisher.settings
import reconcile.settings
import webhook.settings
from appointments.contract.mode import ContractMode
from appointments.publishing import messages
from appointments.storage import bodies, items
from tests.template import DEFAULTS, DOCUMENT, default_conditions, every_condition, of_type, resources, shared_variables

ROOT = Path(__file__).parent.parent.parent
RESOURCES = resources(default_conditions())
TABLE = RESOURCES["AppointmentsTable"]["Properties"]
FUNCTIONS = of_type(resources(every_condition()), "AWS::Serverless::Function")
SETTINGS: dict[str, Any] = {
    "WebhookFunction": webhook.settings.Settings,
    "BacklogFunction": backlog.settings.Settings,
    "PublisherFunction": publisher.settings.Settings,
    "ReconcileFunction": reconcile.settings.Settings,
}
SET_FOR_LIBRARIES = {"POWERTOOLS_SERVICE_NAME", "AWS_DATA_PATH"}
"""Variables that Powertools and botocore read."""
KEPT = {"Retain", "RetainExceptOnCreate"}
"""The deletion policies of a resource that stays when the stack is deleted."""


def test_cfn_lint_with_the_serverless_rules_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "cfn-lint"), "-a", "cfn_lint_serverless.rules", "--", "template.yaml"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert (answer.returncode, answer.stdout) == (0, "")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_given_exactly_the_environment_it_reads(function: str) -> None:
    given = set(FUNCTIONS[function]["Properties"]["Environment"]["Variables"]) - SET_FOR_LIBRARIES
    assert given == {field.upper() for field in SETTINGS[function]._fields} - {"AWS_LAMBDA_INITIALIZATION_TYPE"}


def test_the_contract_modes_are_the_codes_and_the_default_is_tolerant() -> None:
    parameter = DOCUMENT["Parameters"]["ContractMode"]
    assert parameter["AllowedValues"] == [mode.value for mode in ContractMode]
    assert parameter["Default"] == "tolerant"


def test_a_deployed_function_talks_to_aws_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = DOCUMENT["Globals"]["Function"]["Environment"]["Variables"]
    endpoints = {name: value for name, value in declared.items() if name.startswith("AWS_ENDPOINT_URL")}
    assert endpoints == {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_DYNAMODB": ""}
    for name, value in endpoints.items():
        monkeypatch.setenv(name, value)
    for service in ("dynamodb", "events", "secretsmanager"):
        assert ".amazonaws.com" in boto3.Session().client(service).meta.endpoint_url


@pytest.mark.parametrize(
    ("ca_bundle", "partition", "file"),
    [
        ("amazon", "aws", "amazon-roots.pem"),
        ("amazon", "aws-us-gov", "amazon-roots.pem"),
        ("amazon", "aws-eusc", "amazon-roots.pem"),
        ("amazon", "aws-cn", "botocore/cacert.pem"),
        ("botocore", "aws", "botocore/cacert.pem"),
        ("own", "aws", "own-authorities.pem"),
    ],
)
def test_the_functions_trust_the_authorities_of_the_parameter_and_of_the_partition(
    monkeypatch: pytest.MonkeyPatch, ca_bundle: str, partition: str, file: str
) -> None:
    monkeypatch.setitem(DEFAULTS, "CaBundle", ca_bundle)
    monkeypatch.setitem(DEFAULTS, "AWS::Partition", partition)
    assert shared_variables(default_conditions())["AWS_CA_BUNDLE"] == f"/opt/python/{file}"


def test_sam_local_sets_only_variables_that_the_template_declares() -> None:
    declared = set(DOCUMENT["Globals"]["Function"]["Environment"]["Variables"])
    for function in FUNCTIONS.values():
        declared |= set(function["Properties"]["Environment"]["Variables"])
    given = json.loads((ROOT / "events" / "env.json").read_text())
    assert set(given["Parameters"]) <= declared


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_is_where_the_template_says(function: str) -> None:
    module, _, name = FUNCTIONS[function]["Properties"]["Handler"].rpartition(".")
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
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
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
    allowed = [*messages.DETAIL_TYPES.values(), messages.UNRECOGNIZED, messages.RECONCILED]
    assert statement["Condition"]["StringEquals"]["events:detail-type"] == allowed


def test_appointments_outlive_the_stack() -> None:
    assert TABLE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    for name in ("AppointmentsTable", "BodiesBucket", "QuarantineBucket", "BacklogQueue", "BacklogFailureQueue"):
        assert RESOURCES[name]["DeletionPolicy"] in KEPT
        assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_a_failed_first_deployment_leaves_nothing_except_the_table() -> None:
    """A protected table cannot be deleted, so a rollback that tried to would fail."""
    retained = {
        name for name, resource in resources(every_condition()).items() if resource.get("DeletionPolicy") == "Retain"
    }
    assert retained == {"AppointmentsTable"}


def test_the_table_is_protected_against_deletion_unless_a_parameter_says_otherwise() -> None:
    assert TABLE["DeletionProtectionEnabled"] is True
    without = resources(default_conditions() - {"ProtectsTable"})["AppointmentsTable"]["Properties"]
    assert without["DeletionProtectionEnabled"] is False
    assert DOCUMENT["Conditions"]["ProtectsTable"] == {"Fn::Equals": [{"Ref": "TableDeletionProtection"}, "true"]}


def test_what_is_in_quarantine_expires_by_the_parameter_and_leaves_no_version() -> None:
    properties = RESOURCES["QuarantineBucket"]["Properties"]
    rules = {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}
    assert rules["expire"]["ExpirationInDays"] == {"Ref": "QuarantineRetentionDays"}
    assert DOCUMENT["Parameters"]["QuarantineRetentionDays"]["Default"] == 90
    assert "abort-incomplete-uploads" in rules
    assert "VersioningConfiguration" not in properties


def test_a_body_in_s3_expires_by_the_lifetime_in_its_prefix_and_never_without_one() -> None:
    rules = RESOURCES["BodiesBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule.get("Prefix"): rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {f"{bodies.PREFIX}{days}d/": days for days in bodies.LIFETIMES}
    assert all(rule["Status"] == "Enabled" for rule in rules)


def test_the_webhook_can_put_into_quarantine_only_where_there_is_nothing_yet() -> None:
    policies = {p["PolicyName"]: p for p in RESOURCES["WebhookFunctionRole"]["Properties"]["Policies"]}
    (statement,) = policies["quarantine"]["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"Null": {"s3:if-none-match": "false"}}


def test_the_dependencies_layer_is_the_lock() -> None:
    layer = ROOT / "layers" / "dependencies" / "requirements.txt"
    assert layer.read_text() == (ROOT / "requirements" / "lambda.txt").read_text()


def test_everything_is_built_by_a_makefile_for_the_functions_architecture() -> None:
    layers = of_type(RESOURCES, "AWS::Serverless::LayerVersion")
    for name, resource in {**FUNCTIONS, **layers}.items():
        properties = resource["Properties"]
        makefile = ROOT / properties.get("CodeUri", properties.get("ContentUri")) / "Makefile"
        assert resource["Metadata"]["BuildMethod"] == "makefile"
        assert f"build-{name}:" in makefile.read_text()
    for layer in layers.values():
        assert layer["Properties"]["CompatibleArchitectures"] == DOCUMENT["Globals"]["Function"]["Architectures"]


def test_no_variable_has_python_look_for_other_bytecode_than_the_builds() -> None:
    for function in FUNCTIONS.values():
        declared = {*DOCUMENT["Globals"]["Function"]["Environment"]["Variables"]}
        declared |= {*function["Properties"]["Environment"]["Variables"]}
        assert not {name for name in declared if name.startswith("PYTHON")}
