"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="module", params=["moto", "dynamodb-local"])
def dynamodb_url(request: pytest.FixtureRequest) -> str | None:
    """None for the embedded DynamoDB, else the address of DynamoDB Local."""
    if request.param == "moto":
        return None
    endpoint = os.environ.get("DYNAMODB_LOCAL_ENDPOINT")
    if not endpoint:
        pytest.skip("DynamoDB Local is not running: DYNAMODB_LOCAL_ENDPOINT is not set")
    return endpoint
