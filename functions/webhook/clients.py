"""The SDK clients of WebhookFunction, made with botocore alone (docs/decisions/0016)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from appointments import timing
from appointments.sdk import new_client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient


def dynamodb() -> DynamoDBClient:
    return cast("DynamoDBClient", new_client("dynamodb", timing.WEBHOOK_CALL))


def secrets_manager() -> SecretsManagerClient:
    return cast("SecretsManagerClient", new_client("secretsmanager", timing.SECRET_CALL))


@cache
def s3() -> S3Client:
    return cast("S3Client", new_client("s3", timing.WEBHOOK_CALL))


def sqs() -> SQSClient:
    return cast("SQSClient", new_client("sqs", timing.WEBHOOK_CALL))
