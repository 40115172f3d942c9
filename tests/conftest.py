"""Fixtures for all tests. moto is the embedded AWS; DynamoDB Local, where it runs, confirms the results of moto."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from appointments.storage.bodies import Bodies
from appointments_cli.target import Target
from local import moto_patches
from tests import profiles, sdk_once, shell
from tests.builders import make_bucket, make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A shell ignores SIGINT in what it runs in the background, and processes inherit this. Tests interrupt processes.
signal.signal(signal.SIGINT, signal.default_int_handler)

for name, value in {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "POWERTOOLS_SERVICE_NAME": "appointments",
    "POWERTOOLS_METRICS_NAMESPACE": "Appointments",
}.items():
    os.environ[name] = value

profiles.load()


sdk_once.cache()
# A test that makes its own moto has the same one as after a test of the local stack.
moto_patches.keep_tables_in_transactions()
moto_patches.undo_cancelled_transactions()


@pytest.fixture(params=["moto", "dynamodb-local"])
def dynamodb(request: pytest.FixtureRequest) -> Iterator[DynamoDBClient]:
    """A client of each DynamoDB implementation that runs here. moto provides all other services."""
    endpoint = None
    if request.param == "dynamodb-local":
        endpoint = os.environ.get("DYNAMODB_LOCAL_ENDPOINT")
        if not endpoint:
            pytest.skip("DynamoDB Local is not running: DYNAMODB_LOCAL_ENDPOINT is not set")
    with mock_aws():
        yield boto3.client("dynamodb", endpoint_url=endpoint)


@pytest.fixture
def table_name(dynamodb: DynamoDBClient) -> str:
    """A fresh table with the keys and indexes that the code names."""
    return make_table(dynamodb)


@pytest.fixture
def bodies(dynamodb: DynamoDBClient) -> Bodies:  # noqa: ARG001 - it starts the AWS that has the bucket
    """A fresh bucket of bodies, in moto with each DynamoDB implementation."""
    make_bucket("bodies")
    return Bodies(boto3.client("s3"), "bodies")


@pytest.fixture
def operator(
    dynamodb: DynamoDBClient,
    table_name: str,
    bodies: Bodies,  # noqa: ARG001 - it makes the bucket
    monkeypatch: pytest.MonkeyPatch,
) -> shell.Operator:
    """An operator of a deployment, with its table in each DynamoDB implementation and its buckets in moto."""
    make_bucket(shell.BUCKET)
    # The command takes one endpoint for all services, so a table outside moto needs a replaced client.
    monkeypatch.setattr(Target, "dynamodb", dynamodb)
    return shell.Operator(dynamodb, table_name)
