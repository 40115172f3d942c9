"""Thousands of appointments, delivered through the store, against an API that fails and whose rows move."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from appointments.contract.instants import utc
from appointments.reconciliation.judging import Verdict
from appointments.reconciliation.manners import MOST_CALLS_PER_SECOND, Manners
from appointments.reconciliation.stored import StoredAppointments
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from local.engage.faults import Faults
from local.engage.server import EngageServer
from local.engage.switches import Switches
from tests import builders, engage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(
        "DYNAMODB_LOCAL_ENDPOINT" not in os.environ, reason="moto copies the table for each transaction"
    ),
    pytest.mark.timeout(1800),
]
APPOINTMENTS = int(os.environ.get("APPOINTMENTS", "3000"))
SWITCHES = Switches(compares="within", bounds="excluded", order="updated", fractions="none", touches="silent")


@pytest.fixture(scope="module")
def scenario() -> Iterator[engage.Scenario]:
    with mock_aws():
        client: DynamoDBClient = boto3.client("dynamodb", endpoint_url=os.environ["DYNAMODB_LOCAL_ENDPOINT"])
        name = builders.make_table(client)
        builders.make_bucket("bodies")
        now = engage.now()
        store = Store(client, name, lambda: Bodies(boto3.client("s3"), "bodies"))
        histories = engage.histories(APPOINTMENTS, 23, now, withheld=0.05)

        def deliver(history: engage.History) -> None:
            for content in history.bodies(SWITCHES):
                received_at = utc(history.versions[-1].at.isoformat())
                builders.save(store, builders.received(content, received_at=received_at))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(deliver, histories))
        yield engage.Scenario(StoredAppointments(client, name), histories, now)
        client.delete_table(TableName=name)


@pytest.mark.parametrize("page_size", [25, 100])
def test_the_report_of_thousands_names_exactly_what_was_withheld(
    page_size: int, scenario: engage.Scenario, record_testsuite_property: Callable[[str, object], None]
) -> None:
    faults = Faults(busy=0.2, moving=0.2, token_seconds=3)
    manners = Manners(calls_per_second=MOST_CALLS_PER_SECOND)
    begin = time.monotonic()
    with EngageServer(engage.world(scenario.histories, SWITCHES), SWITCHES, faults) as server:
        verdicts: list[Verdict] = []
        for done in engage.reconciliation(scenario, server, page_size=page_size, manners=manners).slices(
            engage.cursor(scenario)
        ):
            verdicts += done.verdicts
        record_testsuite_property(f"calls with {page_size} a page", manners.calls)
        record_testsuite_property(f"seconds with {page_size} a page", round(time.monotonic() - begin))
        assert done.cursor.is_complete
        assert engage.by_id(verdicts) == engage.expected(scenario, SWITCHES)
        assert server.most_at_once == 1
