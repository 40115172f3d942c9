"""A run of the reconciliation on each DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appointments.contract.instants import utc
from appointments.reconciliation.judging import MISSED, Kind
from appointments.reconciliation.stored import StoredAppointments
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from local.engage.server import EngageServer
from local.engage.switches import Switches
from local.engage.world import World
from tests import builders, engage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_without_the_index_the_run_says_so_and_judges_what_the_api_lists(dynamodb: DynamoDBClient) -> None:
    name = builders.make_table(dynamodb, indexes=())
    stored = StoredAppointments(dynamodb, name)
    now = engage.now()
    histories = engage.histories(20, 3, now)
    scenario = engage.Scenario(stored, histories, now)
    with EngageServer(engage.world(histories, Switches())) as server:
        looked = engage.reconciliation(scenario, server)
        kinds = {verdict.kind for each in looked.slices(engage.cursor(scenario)) for verdict in each.verdicts}
    assert looked.index_is_missing
    assert kinds == {Kind.MISSING}


def test_what_the_webhook_stored_is_the_same_until_a_delivery_is_lost(
    dynamodb: DynamoDBClient, table_name: str, bodies: Bodies
) -> None:
    """Through the store, on each DynamoDB."""
    now = engage.now()
    store = Store(dynamodb, table_name, lambda: bodies)
    histories = engage.histories(25, 5, now, withheld=0.2)
    for history in histories:
        for content in history.bodies(Switches()):
            builders.save(store, builders.received(content, received_at=utc(history.versions[-1].at.isoformat())))
    scenario = engage.Scenario(StoredAppointments(dynamodb, table_name), histories, now)
    with EngageServer(engage.world(histories, Switches())) as server:
        found = [
            each
            for done in engage.reconciliation(scenario, server).slices(engage.cursor(scenario))
            for each in done.verdicts
        ]
        assert engage.by_id(found) == engage.expected(scenario, Switches())
        lost = [each.appointment_id for each in found if each.kind in MISSED]
        assert engage.by_id(list(engage.reconciliation(scenario, server).of_ids(lost))) == {
            each.appointment_id: each.kind.value for each in found if each.kind in MISSED
        }
        for history in histories:
            for content in history.bodies(Switches(), late=True):
                builders.save(store, builders.received(content, received_at=utc(now.isoformat())))
        assert not [each for each in engage.reconciliation(scenario, server).of_ids(lost) if each.kind in MISSED]


def test_a_change_of_the_last_minutes_is_in_flight(dynamodb: DynamoDBClient, table_name: str) -> None:
    now = engage.now()
    (history,) = engage.histories(1, 1, now)
    history.versions[-1].at = now
    scenario = engage.Scenario(StoredAppointments(dynamodb, table_name), [history], now)
    with EngageServer(engage.world([history], Switches())) as server:
        (verdict,) = engage.reconciliation(scenario, server).of_ids([history.id])
    assert verdict.kind is Kind.IN_FLIGHT


def test_an_id_that_nobody_knows_has_no_verdict(dynamodb: DynamoDBClient, table_name: str) -> None:
    scenario = engage.Scenario(StoredAppointments(dynamodb, table_name), [], engage.now())
    with EngageServer(World()) as server:
        assert engage.reconciliation(scenario, server).of_ids(["none"]) == ()
