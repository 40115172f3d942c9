"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from filelock import FileLock

from bench.folders import LAYERS
from local.aws import EmbeddedAws
from local.template import Template
from tests import runtime, sam, tls
from tests.artefacts import make_read_only
from tests.faults.proxy import Proxy
from tests.template import default_conditions, shared_variables

FOLDER = Path(__file__).parent
FIRST = ("test_faults", "test_schemathesis", "test_chaos", "test_kills", "test_build", "test_local_commands")
"""The modules with the longest groups: first those that mostly wait, beside those that compute."""
NEXT = ("test_store_machine", "test_cli_permissions", "test_contract_schema", "test_contract_tolerant", "test_template")
"""The modules outside of this folder with the longest tests: at the end, one of them would keep one worker busy."""
SHARING_NOTHING = ("test_local_commands", "test_cli")
"""Modules in which each test starts what it needs. Any worker takes any of their tests."""


@pytest.fixture(scope="module", params=["moto", "dynamodb-local"])
def dynamodb_url(request: pytest.FixtureRequest) -> str | None:
    """None for the embedded DynamoDB, else the address of DynamoDB Local."""
    if request.param == "moto":
        return None
    endpoint = os.environ.get("DYNAMODB_LOCAL_ENDPOINT")
    if not endpoint:
        pytest.skip("DynamoDB Local is not running: DYNAMODB_LOCAL_ENDPOINT is not set")
    return endpoint


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests of a module and a store, so that one worker runs them: they share a stack that starts slowly.

    Tests that have a group already keep it. The tests of the built functions are one group. The longest groups come
    first, so that no worker is left with a long one at the end.
    """
    for item in items:
        if item.path.parent != FOLDER or item.path.stem in SHARING_NOTHING:
            continue
        if item.get_closest_marker("xdist_group") is None:
            parameters = item.callspec.params if hasattr(item, "callspec") else {}
            store = parameters.get("dynamodb_url", "")
            group = "built" if "built" in getattr(item, "fixturenames", ()) else f"{item.path.stem} {store}".strip()
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_start)  # stable: within a module, the order stays


def _start(item: pytest.Item) -> int:
    """Return the place of the test's module in the order of the starts: FIRST, end-to-end tests, NEXT, all others."""
    if item.path.parent != FOLDER:
        return len(FIRST) + (1 if item.path.stem in NEXT else 2)
    return FIRST.index(item.path.stem) if item.path.stem in FIRST else len(FIRST)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the project with `sam build`, once for all workers of pytest-xdist."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return sam.build(tmp_path_factory.mktemp("sam-build"))
    shared = tmp_path_factory.getbasetemp().parent / "sam-build"
    with FileLock(f"{shared}.lock"):
        if not (shared / "template.yaml").exists():  # the last file that a build writes
            sam.build(shared)
    return shared


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The authority of the endpoints that the built functions call."""
    return trustme.CA()


@pytest.fixture(scope="session")
def opt(built: Path, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both layers in one read-only folder, as in /opt on Lambda, with the authority among Amazon's."""
    merged = tmp_path_factory.mktemp("lambda") / "opt"
    for layer in LAYERS:
        shutil.copytree(built / layer, merged, dirs_exist_ok=True)
    authority.cert_pem.write_to_path(merged / "python" / "amazon-roots.pem", append=True)
    make_read_only(merged)
    return merged


@contextmanager
def fresh_aws() -> Iterator[EmbeddedAws]:
    """Start an empty embedded AWS. The shared one is reset by other tests in this process."""
    embedded = EmbeddedAws(Template(), token="local-token")
    try:
        yield embedded
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def start(built: Path, opt: Path, authority: trustme.CA) -> Callable[..., Any]:
    """Return a function that starts a built function with a fresh AWS, over TLS, and the read-only layers."""

    def start_function(function: str, events: list[str], variables: dict[str, str], layers: Path = opt) -> Any:
        task = opt.parent / function
        if not task.exists():
            shutil.copytree(built / function, task)
            make_read_only(task)
        parameters = {
            "folder": str(layers.parent),
            "paths": [str(opt.parent / function), str(layers / "python")],
            "handler": Template().function(function).handler,
            "events": [json.loads((sam.ROOT / "events" / f"{event}.json").read_text()) for event in events],
        }
        declared = shared_variables(default_conditions())["AWS_CA_BUNDLE"]
        trusted = {"AWS_CA_BUNDLE": str(layers / Path(declared).relative_to("/opt"))}
        with fresh_aws() as aws, Proxy("aws", aws.url, tls.server_context(authority)) as front:
            environment = {**aws.environment(function), **trusted, "AWS_ENDPOINT_URL": front.url}
            return runtime.run("start", parameters, {**environment, **variables})

    return start_function
