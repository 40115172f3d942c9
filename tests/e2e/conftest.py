"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests import sam
from tests.artefacts import LAYERS, make_read_only


@pytest.fixture(scope="module", params=["moto", "dynamodb-local"])
def dynamodb_url(request: pytest.FixtureRequest) -> str | None:
    """None for the embedded DynamoDB, else the address of DynamoDB Local."""
    if request.param == "moto":
        return None
    endpoint = os.environ.get("DYNAMODB_LOCAL_ENDPOINT")
    if not endpoint:
        pytest.skip("DynamoDB Local is not running: DYNAMODB_LOCAL_ENDPOINT is not set")
    return endpoint


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` makes of the project."""
    return sam.build(tmp_path_factory.mktemp("sam-build"))


@pytest.fixture(scope="session")
def opt(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both layers in one folder, as Lambda puts them into /opt, and as there not to be written to."""
    merged = tmp_path_factory.mktemp("lambda") / "opt"
    for layer in LAYERS:
        shutil.copytree(built / layer, merged, dirs_exist_ok=True)
    make_read_only(merged)
    return merged
