"""The IAM action and the resource of a call, for the error of a denied one and for the list in docs/command.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# boto3's service and operation names are those of IAM, except for these.
_SERVICES = {"dynamodbstreams": "dynamodb"}
_ACTIONS = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "dynamodb:TransactWriteItems": "dynamodb:PutItem",
}
_OF_VERSIONS = {"s3:GetObject": "s3:GetObjectVersion", "s3:DeleteObject": "s3:DeleteObjectVersion"}
"""The actions of calls that name a version."""
_RESOURCES = (
    "TableName",
    "Bucket",
    "QueueUrl",
    "StackName",
    "logGroupName",
    "logGroupIdentifier",
    "EventBusName",
    "FunctionName",
    "SecretId",
    "StreamArn",
    "EventSourceArn",
    "ArchiveName",
    "Name",
)
READER = frozenset(
    {
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackResources",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "dynamodb:BatchGetItem",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "events:ListRules",
        "kms:Decrypt",
        "lambda:ListEventSourceMappings",
        "logs:FilterLogEvents",
        "s3:GetObject",
        "s3:GetObjectTagging",
        "s3:ListBucket",
        "secretsmanager:DescribeSecret",
        "sqs:ChangeMessageVisibility",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    }
)
"""The actions of ReaderPolicy in template.yaml."""
OPERATOR = frozenset(
    {
        "dynamodb:ConditionCheckItem",
        "dynamodb:PutItem",
        "events:DescribeArchive",
        "events:DescribeEventBus",
        "events:PutEvents",
        "events:StartReplay",
        "events:TestEventPattern",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "kms:GenerateDataKey",
        "s3:PutObject",
        "s3:PutObjectTagging",
        "secretsmanager:GetSecretValue",
        "sqs:DeleteMessage",
        "sqs:SendMessage",
    }
)
"""The actions that OperatorPolicy in template.yaml has and ReaderPolicy does not."""
ERASER = frozenset(
    {
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "kms:GenerateDataKey",
        "s3:DeleteObjectVersion",
        "s3:GetObjectVersion",
        "s3:ListBucketVersions",
        "s3:PutObject",
        "s3:PutObjectTagging",
        "sqs:DeleteMessage",
        "sqs:SendMessage",
    }
)
"""The actions that EraserPolicy in template.yaml has and ReaderPolicy does not."""
_MESSAGE = re.compile(r"not authorized to perform: (?P<action>[\w:]+)(?: on resource: (?P<resource>\S+))?")


class Call(NamedTuple):
    """A call as IAM sees it: ``action`` such as ``dynamodb:Query``, and the resource that its parameters name."""

    action: str
    resource: str


def call_of(service: str, operation: str, parameters: Any) -> Call:
    name = f"{_SERVICES.get(service, service)}:{operation}"
    named = parameters if isinstance(parameters, dict) else {}
    if "VersionId" in named:
        name = _OF_VERSIONS.get(name, name)
    return Call(_ACTIONS.get(name, name), _resource(named))


def policy_of(action: str) -> str | None:
    """Return the managed policy of the stack that has an action, None if no one has."""
    by_policy = {"ReaderPolicy": READER, "OperatorPolicy": OPERATOR, "EraserPolicy": ERASER}
    return next((policy for policy, actions in by_policy.items() if action in actions), None)


def denied_action(error: ClientError) -> tuple[str, str, str]:
    """Return the denied action, its resource and where a person gets the permission."""
    call = error.response.get("Call")
    found = _MESSAGE.search(error.response["Error"].get("Message", ""))
    action, resource = call if isinstance(call, Call) else (error.operation_name, "*")
    if found:
        action, resource = found["action"], found["resource"] or resource
    return action, resource, _advice(action)


def _resource(parameters: dict[str, Any]) -> str:
    """The resource that parameters name, also the one inside a batch or a transaction."""
    named = (str(parameters[key]) for key in _RESOURCES if parameters.get(key))
    inside = [
        *parameters.get("RequestItems", ()),
        *(
            name
            for each in parameters.get("TransactItems", ())
            for part in each.values()
            if (name := part["TableName"])
        ),
        *(each["EventBusName"] for each in parameters.get("Entries", ()) if "EventBusName" in each),
    ]
    return next(named, inside[0] if inside else "*")


def _advice(action: str) -> str:
    policy = policy_of(action)
    if policy is None:
        return "No policy of the stack has it; docs/command.md lists the permissions of each command"
    own = " for its own queues" if action == "sqs:SendMessage" else ""
    also = ", or EraserPolicy for erase" if policy == "OperatorPolicy" and action in ERASER else ""
    return f"{policy} of the stack has it{own} (output {policy}Arn){also}; docs/command.md lists the permissions"
