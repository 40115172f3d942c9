"""Whatever holds data: encrypted, by the customer's key where there is one, closed to plain HTTP, kept on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template import Resources, default_conditions, every_condition, of_type, references, resources

HOLDERS = (
    "AWS::DynamoDB::Table",
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
"""By type: the type of its policy, the property that names it there, the one that is the policy, all its actions."""
NOT_BY_THE_CUSTOMERS_KEY = {"BusFailureQueue"}
"""It is filled by the failure of that key."""
OVER_HTTP = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.fixture(params=[False, True], ids=["by default", "with every option"])
def stack(request: pytest.FixtureRequest) -> Resources:
    return resources(every_condition() if request.param else default_conditions())


def test_with_the_customers_key_it_encrypts_everything_at_rest() -> None:
    stack = resources(every_condition())
    for name, resource in of_type(stack, *HOLDERS, "AWS::Events::EventBus", "AWS::Serverless::Function").items():
        properties = resource["Properties"]
        encrypted = "KmsKeyArn" in set(references(_encryption(resource["Type"], properties)))
        assert encrypted is (name not in NOT_BY_THE_CUSTOMERS_KEY), name


def test_without_the_customers_key_nothing_refers_to_it() -> None:
    stack = resources(default_conditions())
    for resource in of_type(stack, "AWS::Serverless::Function").values():
        resource["Properties"].pop("VersionDescription", None)
    assert "KmsKeyArn" not in set(references(stack))


def test_every_queue_is_encrypted(stack: Resources) -> None:
    for name, queue in of_type(stack, "AWS::SQS::Queue").items():
        by_sqs = queue["Properties"].get("SqsManagedSseEnabled")
        assert by_sqs is not ("KmsMasterKeyId" in queue["Properties"]), name


def test_every_bucket_is_encrypted_and_closed_to_the_public(stack: Resources) -> None:
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


def test_nothing_that_holds_data_answers_plain_http(stack: Resources) -> None:
    for name, resource in of_type(stack, *POLICIES).items():
        policy_type, property_name, document, every_action = POLICIES[resource["Type"]]
        statements = [
            statement
            for policy in of_type(stack, policy_type).values()
            if {"Ref": name} in _list(policy["Properties"][property_name])
            for statement in policy["Properties"][document]["Statement"]
        ]
        denied = [_denied(statement, every_action) for statement in statements]
        assert any(name in references(resources_) for resources_ in denied if resources_), name
    for table in of_type(stack, "AWS::DynamoDB::Table").values():
        (statement,) = table["Properties"]["ResourcePolicy"]["PolicyDocument"]["Statement"]
        assert _denied(statement, "dynamodb:*") == ["*"]


def test_a_buckets_objects_do_not_answer_plain_http_either(stack: Resources) -> None:
    for name in of_type(stack, "AWS::S3::Bucket"):
        denied = [
            resource
            for policy in of_type(stack, "AWS::S3::BucketPolicy").values()
            if policy["Properties"]["Bucket"] == {"Ref": name}
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            for resource in _denied(statement, "s3:*") or []
        ]
        assert {"Fn::GetAtt": [name, "Arn"]} in denied, name
        assert {"Fn::Sub": f"${{{name}.Arn}}/*"} in denied, name


def test_a_secret_can_never_be_made_public(stack: Resources) -> None:
    policies = of_type(stack, "AWS::SecretsManager::ResourcePolicy")
    assert [policy["Properties"]["BlockPublicPolicy"] for policy in policies.values()] == [True] * len(policies)


def test_what_becomes_of_data_with_the_stack_is_said_for_each(stack: Resources) -> None:
    for name, resource in of_type(stack, *HOLDERS).items():
        policies = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        assert policies in {("Delete", "Delete"), ("Retain", "Retain"), ("RetainExceptOnCreate", "Retain")}, name


def test_every_log_group_forgets_and_every_function_writes_to_its_own(stack: Resources) -> None:
    for name, group in of_type(stack, "AWS::Logs::LogGroup").items():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionInDays"}, name
    for name, function in of_type(stack, "AWS::Serverless::Function").items():
        assert function["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}LogGroup"}}


def _encryption(resource_type: str, properties: dict[str, Any]) -> Any:
    """The part of the properties that names the key."""
    match resource_type:
        case "AWS::DynamoDB::Table":
            return properties["SSESpecification"].get("KMSMasterKeyId")
        case "AWS::S3::Bucket":
            return properties["BucketEncryption"]
        case "AWS::SQS::Queue":
            return properties.get("KmsMasterKeyId")
        case "AWS::Events::EventBus":
            return properties.get("KmsKeyIdentifier")
        case "AWS::Serverless::Function":
            return properties.get("KmsKeyArn")
    return properties.get("KmsKeyId")


def _denied(statement: dict[str, Any], every_action: str) -> list[Any] | None:
    """The resources that nobody may use over plain HTTP by this statement, None where it says something else."""
    said = {name: statement.get(name) for name in ("Effect", "Principal", "Action", "Condition")}
    if said != {"Effect": "Deny", "Principal": "*", "Action": every_action, "Condition": OVER_HTTP}:
        return None
    return _list(statement["Resource"])


def _list(one_or_more: Any) -> list[Any]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]
