"""Every resource that holds data is encrypted, denies plain HTTP and has a deletion policy."""

from __future__ import annotations

from typing import Any

import pytest

from local.template import references
from tests.template import Resources, default_conditions, every_condition, of_type, resources

HOLDERS = (
    "AWS::DynamoDB::Table",
    "AWS::Events::Archive",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::SQS::Queue",
)
POLICIES = {
    "AWS::S3::Bucket": ("AWS::S3::BucketPolicy", "Bucket", "PolicyDocument", "s3:*"),
    "AWS::SecretsManager::Secret": (
        "AWS::SecretsManager::ResourcePolicy",
        "SecretId",
        "ResourcePolicy",
        "secretsmanager:*",
    ),
    "AWS::SQS::Queue": ("AWS::SQS::QueuePolicy", "Queues", "PolicyDocument", "sqs:*"),
}
"""For each type: the type of its policy, the policy's property with the resource, its property with the document, and
the pattern of all actions."""
WITHOUT_CUSTOMER_KEY = {"BusFailureQueue"}
"""A failure of the customer-managed key fills this queue, so the queue uses another key."""
OVER_HTTP = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.fixture(params=[False, True], ids=["by default", "with every option"])
def stack(request: pytest.FixtureRequest) -> Resources:
    return resources(every_condition() if request.param else default_conditions())


def test_a_customer_managed_key_encrypts_everything_at_rest() -> None:
    stack = resources(every_condition())
    for name, resource in of_type(stack, *HOLDERS, "AWS::Events::EventBus", "AWS::Serverless::Function").items():
        properties = resource["Properties"]
        encrypted = "KmsKeyArn" in set(references(_encryption(resource["Type"], properties)))
        assert encrypted is (name not in WITHOUT_CUSTOMER_KEY), name


def test_without_a_customer_managed_key_no_resource_refers_to_one() -> None:
    stack = resources(default_conditions())
    for resource in of_type(stack, "AWS::Serverless::Function").values():
        resource["Properties"].pop("VersionDescription", None)
    assert "KmsKeyArn" not in set(references(stack))


def test_every_queue_is_encrypted(stack: Resources) -> None:
    for name, queue in of_type(stack, "AWS::SQS::Queue").items():
        uses_sqs_key = queue["Properties"].get("SqsManagedSseEnabled")
        assert uses_sqs_key is not ("KmsMasterKeyId" in queue["Properties"]), name


def test_every_bucket_is_encrypted_and_blocks_public_access(stack: Resources) -> None:
    for name, bucket in of_type(stack, "AWS::S3::Bucket").items():
        assert bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"], name
        assert bucket["Properties"]["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }, name
        assert bucket["Properties"]["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}, (
            name
        )


def test_every_resource_that_holds_data_denies_plain_http(stack: Resources) -> None:
    for name, resource in of_type(stack, *POLICIES).items():
        policy_type, property_name, document, every_action = POLICIES[resource["Type"]]
        statements = [
            statement
            for policy in of_type(stack, policy_type).values()
            if {"Ref": name} in _as_list(policy["Properties"][property_name])
            for statement in policy["Properties"][document]["Statement"]
        ]
        denials = [_resources_denied_over_http(statement, every_action) for statement in statements]
        assert any(name in references(denial) for denial in denials if denial), name
    for table in of_type(stack, "AWS::DynamoDB::Table").values():
        (statement,) = table["Properties"]["ResourcePolicy"]["PolicyDocument"]["Statement"]
        assert _resources_denied_over_http(statement, "dynamodb:*") == ["*"]


def test_every_bucket_denies_plain_http_for_its_objects(stack: Resources) -> None:
    for name in of_type(stack, "AWS::S3::Bucket"):
        denied = [
            resource
            for policy in of_type(stack, "AWS::S3::BucketPolicy").values()
            if policy["Properties"]["Bucket"] == {"Ref": name}
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            for resource in _resources_denied_over_http(statement, "s3:*") or []
        ]
        assert {"Fn::GetAtt": [name, "Arn"]} in denied, name
        assert {"Fn::Sub": f"${{{name}.Arn}}/*"} in denied, name


def test_every_policy_of_a_secret_blocks_public_access(stack: Resources) -> None:
    policies = of_type(stack, "AWS::SecretsManager::ResourcePolicy")
    assert [policy["Properties"]["BlockPublicPolicy"] for policy in policies.values()] == [True] * len(policies)


def test_every_resource_that_holds_data_has_deletion_policies(stack: Resources) -> None:
    for name, resource in of_type(stack, *HOLDERS).items():
        policies = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        assert policies in {("Delete", "Delete"), ("Retain", "Retain"), ("RetainExceptOnCreate", "Retain")}, name


def test_every_log_group_has_a_retention_and_every_function_has_its_log_group(stack: Resources) -> None:
    for name, group in of_type(stack, "AWS::Logs::LogGroup").items():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionInDays"}, name
    for name, function in of_type(stack, "AWS::Serverless::Function").items():
        assert function["Properties"]["LoggingConfig"]["LogGroup"] == {"Ref": f"{name}LogGroup"}


def _encryption(resource_type: str, properties: dict[str, Any]) -> Any:
    """The part of the properties that names the key."""
    match resource_type:
        case "AWS::DynamoDB::Table":
            return properties["SSESpecification"].get("KMSMasterKeyId")
        case "AWS::S3::Bucket":
            return properties["BucketEncryption"]
        case "AWS::SQS::Queue":
            return properties.get("KmsMasterKeyId")
        case "AWS::Events::EventBus" | "AWS::Events::Archive":
            return properties.get("KmsKeyIdentifier")
        case "AWS::Serverless::Function":
            return properties.get("KmsKeyArn")
    return properties.get("KmsKeyId")


def _resources_denied_over_http(statement: dict[str, Any], every_action: str) -> list[Any] | None:
    """Return the resources that the statement denies over plain HTTP, or None if it is another kind of statement."""
    clauses = {name: statement.get(name) for name in ("Effect", "Principal", "Action", "Condition")}
    if clauses != {"Effect": "Deny", "Principal": "*", "Action": every_action, "Condition": OVER_HTTP}:
        return None
    return _as_list(statement["Resource"])


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
