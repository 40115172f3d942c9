"""Every operation that the functions call, with typical arguments and every kind of answer."""

from __future__ import annotations

import json
from typing import Any

Call = dict[str, Any]

KEY = {"pk": {"S": "APPOINTMENT#1"}, "sk": {"S": "EVENT#1"}}
CONDITION = {
    "TableName": "t",
    "ConditionExpression": "updatedAt < :updatedAt",
    "ExpressionAttributeValues": {":updatedAt": {"S": "2026"}},
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}
ITEM = {**KEY, "body": {"B": "Ym9keQ=="}, "stale": {"BOOL": True}, "count": {"N": "1"}, "all": {"L": [{"NULL": True}]}}
WRITES = [
    {"Put": {**CONDITION, "Item": ITEM}},
    {"ConditionCheck": {**CONDITION, "Key": KEY}},
]
MORE_DATA = "reconciliation-sdk-data"
"""The folder in the layer with the data of the calls that ReconcileFunction alone makes."""
COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
MORE_ARGUMENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("dynamodb", "batch_get_item"): {"RequestItems": {"t": {"Keys": [KEY]}}},
    ("dynamodb", "scan"): {
        "TableName": "t",
        "IndexName": "OfficeIndex",
        "FilterExpression": "#start >= :first",
        "ProjectionExpression": "pk, #start",
        "ExpressionAttributeNames": {"#start": "start"},
        "ExpressionAttributeValues": {":first": {"S": "2026"}},
    },
    ("sqs", "get_queue_attributes"): {
        "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/backlog",
        "AttributeNames": COUNTS,
    },
}
ARGUMENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("dynamodb", "transact_write_items"): {"TransactItems": WRITES},
    ("events", "put_events"): {
        "Entries": [
            {"Source": "s", "DetailType": "d", "Detail": "{}", "EventBusName": "b", "Resources": ["r"], "Time": 0}
        ]
    },
    ("s3", "get_object"): {"Bucket": "bucket", "Key": "bodies/1 ü"},
    ("s3", "put_object"): {
        "Bucket": "bucket",
        "Key": "contract/1",
        "Body": "body",
        "IfNoneMatch": "*",
        "ChecksumSHA256": "Iw2DWNyOiJC0sY4uQRWF3t1J7LxkYPqC2Yz9fnW4mQE=",
        "ContentType": "application/octet-stream",
        "Metadata": {"received-at": "2026"},
    },
    ("secretsmanager", "get_secret_value"): {"SecretId": "arn", "VersionStage": "AWSCURRENT"},
    ("sqs", "send_message"): {
        "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/backlog",
        "MessageBody": "{}",
    },
}


def _json(status: int = 200, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    content_type = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "1"}
    return {"status": status, "headers": {**content_type, **(headers or {})}, "body": json.dumps(body)}


def _xml(status: int, code: str) -> dict[str, Any]:
    body = f"<Error><Code>{code}</Code><Message>why</Message><Key>k</Key></Error>"
    return {"status": status, "headers": {"content-type": "application/xml"}, "body": body}


def _error(status: int, code: str, **more: Any) -> dict[str, Any]:
    return _json(status, __type=f"com.amazonaws#{code}", message="why", **more)


CANCELLED = {
    "CancellationReasons": [{"Code": "ConditionalCheckFailed", "Item": ITEM, "Message": "why"}, {"Code": "None"}]
}
MORE_ANSWERS: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("dynamodb", "batch_get_item"): [
        _json(Responses={"t": [ITEM]}, UnprocessedKeys={"t": {"Keys": [KEY]}}),
        _error(400, "ProvisionedThroughputExceededException"),
    ],
    ("dynamodb", "scan"): [
        _json(Items=[KEY], Count=1, ScannedCount=2, LastEvaluatedKey=KEY),
        _error(400, "ValidationException"),
        _error(400, "ResourceNotFoundException"),
    ],
    ("sqs", "get_queue_attributes"): [
        _json(Attributes=dict.fromkeys(COUNTS, "1")),
        _error(400, "QueueDoesNotExist"),
    ],
}
ANSWERS: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("dynamodb", "transact_write_items"): [
        _json(),
        _error(400, "TransactionCanceledException", **CANCELLED),
        _error(400, "ValidationException"),
        _error(400, "ProvisionedThroughputExceededException"),
        _error(500, "InternalServerError"),
    ],
    ("events", "put_events"): [
        _json(FailedEntryCount=1, Entries=[{"EventId": "1"}, {"ErrorCode": "Throttling", "ErrorMessage": "w"}]),
        _error(400, "ValidationException"),
        _error(500, "InternalException"),
    ],
    ("s3", "get_object"): [
        {"status": 200, "headers": {"content-length": "4", "etag": '"1"', "x-amz-meta-a": "b"}, "body": "body"},
        _xml(404, "NoSuchKey"),
        _xml(403, "AccessDenied"),
        _xml(503, "SlowDown"),
    ],
    ("s3", "put_object"): [
        {"status": 200, "headers": {"etag": '"1"', "x-amz-checksum-sha256": "x"}, "body": ""},
        _xml(412, "PreconditionFailed"),
        _xml(409, "ConditionalRequestConflict"),
    ],
    ("secretsmanager", "get_secret_value"): [
        _json(ARN="arn", Name="n", VersionId="v", SecretString="secret", VersionStages=["AWSCURRENT"], CreatedDate=1.5),
        _error(400, "ResourceNotFoundException"),
        _error(400, "DecryptionFailure"),
        _error(500, "InternalServiceError"),
    ],
    ("sqs", "send_message"): [
        _json(MessageId="1", MD5OfMessageBody="99914b932bd37a50b983c5e7c90ae93b"),
        _json(
            400,
            {"x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"},
            __type="com.amazonaws.sqs#QueueDoesNotExist",
            message="why",
        ),
        _error(400, "InvalidMessageContents"),
    ],
}

CALLS: list[Call] = [
    {"service": service, "operation": operation, "arguments": arguments, "answer": answer}
    for (service, operation), arguments in ARGUMENTS.items()
    for answer in ANSWERS[service, operation]
]
CALLS += [
    {"service": "dynamodb", "operation": "transact_write_items", "arguments": arguments, "answer": answer}
    | {"data": MORE_DATA}
    for arguments in [ARGUMENTS["dynamodb", "transact_write_items"]]
    for answer in ANSWERS["dynamodb", "transact_write_items"]
]
CALLS += [
    {"service": service, "operation": operation, "arguments": arguments, "answer": answer, "data": MORE_DATA}
    for (service, operation), arguments in MORE_ARGUMENTS.items()
    for answer in MORE_ANSWERS[service, operation]
]
FIRST_CALLS = list({call["service"]: call for call in reversed(CALLS) if "data" not in call}.values())
"""One call of each service, to compare endpoints."""
