"""ReconcileFunction while the vendor's API or a service fails: it writes nothing, calls nothing gone, and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from local.engage.faults import Faults
from local.engage.server import EngageServer
from local.engage.switches import Switches
from tests import engage
from tests.reconcile import Reconcile, started


@pytest.fixture(scope="module")
def shared() -> Iterator[Reconcile]:
    """ReconcileFunction in the mode ``repair``, for tests after which the table is as before."""
    switches = Switches()
    histories = engage.histories(24, 11, engage.now(), withheld=0.3)
    server = EngageServer(engage.world(histories, switches), switches)
    with mock_aws(), server, pytest.MonkeyPatch.context() as patch:
        yield started(patch, server, histories, "repair")


@pytest.fixture
def failing(shared: Reconcile) -> Iterator[Reconcile]:
    """The shared function; nobody holds its position, and its table is the same afterwards."""
    shared.pass_by()
    before = shared.items()
    yield shared
    shared.server.faults = Faults()
    assert shared.items() == before


@pytest.mark.parametrize("queue", ["backlog", "given-up"])
@pytest.mark.parametrize("state", ["visible", "in flight", "delayed"])
def test_nothing_is_repaired_while_a_delivery_waits(failing: Reconcile, queue: str, state: str) -> None:
    url = failing.queues[queue]
    failing.sqs.send_message(QueueUrl=url, MessageBody="{}", DelaySeconds=600 if state == "delayed" else 0)
    if state == "in flight":
        failing.sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)
    assert failing.run() == "complete"
    assert failing.metric("NotRepaired") == len(failing.line["missed"]) > 0
    assert {each["repair"] for each in failing.line["missed"]} == {"waiting"}
    failing.empty(queue)


NONSENSE: dict[str, Callable[[Any], Any]] = {
    "no members": lambda _: {},
    "no rows": lambda document: {**document, "data": None},
    "rows of another shape": lambda document: {**document, "data": [{"id": 1}]},
    "an empty text": lambda _: b"",
    "no count": lambda document: {"data": document["data"]},
    "a page of errors": lambda _: {"errors": [{"message": "no"}]},
}
FAULTS = {
    "down": Faults(busy=1.0),
    "cut": Faults(cut=1.0),
    "truncated": Faults(truncated=1.0),
    **{name: Faults(wrong=wrong) for name, wrong in NONSENSE.items()},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_api_that_fails_writes_nothing_and_calls_nothing_gone(failing: Reconcile, fault: str) -> None:
    failing.server.faults = FAULTS[fault]
    assert failing.run() == "failed"
    assert "Gone" not in failing.line
    assert (failing.metric("PassComplete"), failing.metric("RunFailed")) == (0, 1)


def test_an_api_that_is_empty_says_gone_and_deletes_nothing(failing: Reconcile) -> None:
    world = failing.server.world
    failing.server.world = type(world)()
    assert failing.run() == "complete"
    assert failing.metric("Gone") > 0
    assert failing.metric("Missed") == 0
    failing.server.world = world


def test_an_api_that_hangs_ends_the_run(failing: Reconcile, monkeypatch: pytest.MonkeyPatch) -> None:
    failing.server.faults = Faults(hang=1.0, hang_seconds=0.2)
    monkeypatch.setattr("appointments.reconciliation.engage_http.READ_SECONDS", 0.05)
    monkeypatch.setattr("appointments.reconciliation.engage_http.LEAST_SECONDS", 0.05)
    assert failing.run() == "failed"


def refuse(code: str) -> Callable[..., Any]:
    def refused(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code}}, "Call")

    return refused


def unreachable(**_: Any) -> Any:
    raise EndpointConnectionError(endpoint_url="https://example.com")


@pytest.mark.parametrize("broken", [refuse("ThrottlingException"), refuse("AccessDeniedException"), unreachable])
@pytest.mark.parametrize(
    ("client", "call"),
    [
        ("_secrets", "get_secret_value"),
        ("_dynamodb", "batch_get_item"),
        ("_dynamodb", "transact_write_items"),
        ("_s3", "put_object"),
        ("_sqs", "get_queue_attributes"),
    ],
)
def test_a_service_that_fails_ends_the_run(
    failing: Reconcile, monkeypatch: pytest.MonkeyPatch, client: str, call: str, broken: Any
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(getattr(failing.handler, client), call, broken)
        assert failing.run() == "failed"
    assert failing.line["problem"]


@pytest.mark.parametrize("secret", ["", "no JSON", '{"clientId": "x"}', '{"clientId": "x", "clientSecret": "y"}'])
def test_wrong_credentials_end_the_run_and_are_in_no_log(
    failing: Reconcile, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(failing.handler._secrets, "get_secret_value", lambda **_: {"SecretString": secret})
        assert failing.run() == "failed"
    assert not secret or secret not in failing.printed


def test_after_failures_the_next_run_goes_on(shared: Reconcile) -> None:
    """It uses up the shared function, so it is the last of its tests."""
    shared.pass_by()
    assert shared.run() == "complete"
    assert shared.repairs()
