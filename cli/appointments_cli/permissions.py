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
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "dynamodb:TransactWriteItems": "dynamodb:PutItem",
}
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
)
_MESSAGE = re.compile(r"not authorized to perform: (?P<action>[\w:]+)(?: on resource: (?P<resource>\S+))?")


class Call(NamedTuple):
    """A call as IAM sees it: ``action`` such as ``dynamodb:Query``, and the resource that its parameters name."""

    action: str
    resource: str


def call_of(service: str, operation: str, parameters: Any) -> Call:
    name = f"{_SERVICES.get(service, service)}:{operation}"
    named = (str(parameters[key]) for key in _RESOURCES if isinstance(parameters, dict) and parameters.get(key))
    return Call(_ACTIONS.get(name, name), next(named, "*"))


def denied_action(error: ClientError) -> tuple[str, str, str]:
    """Return the denied action, its resource and where a person gets the permission."""
    call = error.response.get("Call")
    found = _MESSAGE.search(error.response["Error"].get("Message", ""))
    action, resource = call if isinstance(call, Call) else (error.operation_name, "*")
    if found:
        action, resource = found["action"], found["resource"] or resource
    return action, resource, "docs/command.md lists the permissions of each command"
