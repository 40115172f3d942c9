"""The SDK clients of WebhookFunction, made with botocore alone (docs/decisions/0016)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from appointments import timing
from appointments.sdk import lean_config, new_session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_session = new_session()
_config = lean_config(_session, timing.WEBHOOK_CALL)


def dynamodb() -> DynamoDBClient:
    return cast("DynamoDBClient", _session.create_client("dynamodb", config=_config))


def secrets_manager() -> SecretsManagerClient:
    config = lean_config(_session, timing.SECRET_CALL)
    return cast("SecretsManagerClient", _session.create_client("secretsmanager", config=config))


@cache
def s3() -> S3Client:
    return cast("S3Client", _session.create_client("s3", config=_config))


def sqs() -> SQSClient:
    return cast("SQSClient", _session.create_client("sqs", config=_config))
