"""Both contract modes over HTTP on the local stack, for a delivery that a new release of the vendor might send."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.run import post, receive, scan
from local.stack import Options, Stack
from tests.builders import TOKEN, body, delivery
from tests.integration.test_tolerant import LIMIT, TOLERATED, delivery_of_a_new_release

HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


@pytest.fixture(scope="module", params=["strict", "tolerant"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack for each mode, with its functions at log level DEBUG."""
    parameters = {"ContractMode": request.param, "LogLevel": "DEBUG"}
    log = tmp_path_factory.mktemp("stack") / "functions.log"
    with Stack(Options(port=0, aws_port=0, webhooks=1, log=log, parameters=parameters)) as running:
        yield running


@pytest.mark.parametrize("stack", ["strict"], indirect=True)
def test_strict_mode_refuses_the_delivery_with_the_violations_that_tolerant_mode_reports(stack: Stack) -> None:
    status, answer = post(stack.gateway.url, body(delivery_of_a_new_release()), HEADERS)
    assert status == 422
    assert [(v["path"], v["rule"]) for v in answer["violations"]] == TOLERATED
    assert not scan(stack)


@pytest.mark.parametrize("stack", ["tolerant"], indirect=True)
def test_tolerant_mode_stores_and_publishes_the_delivery_and_reports_its_violations(stack: Stack) -> None:
    content = body(delivery_of_a_new_release())
    assert [post(stack.gateway.url, content, HEADERS)[1]["outcome"] for _ in range(2)] == ["stored", "duplicate"]
    status, answer = post(stack.gateway.url, content, HEADERS)
    assert (status, answer["violationCount"]) == (200, 9)
    assert [(v["path"], v["rule"]) for v in answer["violations"]] == [*TOLERATED, LIMIT]
    (message,) = receive(stack, 1)
    assert message["detail-type"] == "AppointmentCreated"
    assert message["detail"]["data"]["appointment"] == delivery_of_a_new_release()["data"]["appointment"]
    assert message["detail"]["metadata"]["violations"] == answer["violations"]


@pytest.mark.parametrize("stack", ["tolerant"], indirect=True)
def test_tolerant_mode_refuses_a_delivery_without_a_valid_essential_member(stack: Stack) -> None:
    document = delivery(id="e-2", status="WAITING_LIST", updated_at="today")
    status, answer = post(stack.gateway.url, body(document), HEADERS)
    assert status == 422
    assert {violation["path"] for violation in answer["violations"]} == {
        "$.data.appointment.status",
        "$.data.appointment.updatedAt",
    }


@pytest.mark.parametrize("stack", ["tolerant"], indirect=True)
def test_the_log_counts_the_tolerated_violations_and_contains_no_value(stack: Stack) -> None:
    post(stack.gateway.url, body(delivery_of_a_new_release()), HEADERS)
    assert stack.options.log is not None
    log = stack.options.log.read_text()
    assert '"ToleratedViolations":[8.0],' in log.replace(" ", "")
    assert '"LimitViolations":[1.0],' in log.replace(" ", "")
    for value in ("WAITING_LIST", "RESOURCE", "ON_LEAVE", "REQUIRED"):
        assert value not in log
