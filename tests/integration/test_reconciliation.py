"""A run of the reconciliation against the stand-in of the vendor's API, with deliveries withheld at random."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from appointments.contract.instants import later
from appointments.reconciliation.errors import (
    AnswerShapeError,
    BudgetSpentError,
    EngageUnavailableError,
)
from appointments.reconciliation.judging import Kind, Verdict
from appointments.reconciliation.manners import Manners
from appointments.reconciliation.run import Cursor
from appointments.reconciliation.stored import StoredAppointments
from local.engage.faults import Faults
from local.engage.rows import row_of
from local.engage.server import EngageServer
from local.engage.switches import Switches, positions
from local.engage.world import World
from tests import builders, engage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

APPOINTMENTS = 160
SEED = 7
FAULTS = Faults(busy=0.2, cut=0.05, truncated=0.05, moving=0.3, token_seconds=1)
TURNS = [
    Switches(),
    *(Switches(**{name: position}) for name, choices in positions().items() for position in choices[1:]),
    *(
        pytest.param(
            Switches(**{name: random.Random(seed).choice(choices) for name, choices in positions().items()}),
            marks=[pytest.mark.nightly] if seed >= 3 else [],
        )
        for seed in range(60)
    ),
]
"""Each switch in each position, and some positions of all."""


def _turned(switches: Switches) -> str:
    """Name the switches that are not in their first position."""
    return "-".join(f"{name}={value}" for name, value in asdict(switches).items() if value != positions()[name][0])


@pytest.fixture(scope="module")
def scenarios() -> Iterator[Callable[[Switches], engage.Scenario]]:
    """Return the scenario for the switches. The table depends on one of them: how the webhooks write instants."""
    with mock_aws():
        client = boto3.client("dynamodb")
        known: dict[str, engage.Scenario] = {}

        def scenario(switches: Switches) -> engage.Scenario:
            if switches.fractions not in known:
                known[switches.fractions] = _scenario(client, switches)
            return known[switches.fractions]

        yield scenario


def _scenario(client: DynamoDBClient, switches: Switches) -> engage.Scenario:
    now = engage.now()
    name = builders.make_table(client)
    histories = engage.histories(APPOINTMENTS, SEED, now)
    newest = [item for history in histories if (item := history.current_item(switches)) is not None]
    for begin in range(0, len(newest), 25):
        puts: Any = [{"PutRequest": {"Item": item}} for item in newest[begin : begin + 25]]
        client.batch_write_item(RequestItems={name: puts})
    return engage.Scenario(StoredAppointments(client, name), histories, now)


def test_the_scenario_has_every_verdict(scenarios: Callable[[Switches], engage.Scenario]) -> None:
    switches = Switches(touches="silent")
    assert set(engage.expected(scenarios(switches), switches).values()) == {
        "same",
        "missing",
        "behind",
        "touched",
        "gone",
    }


@pytest.mark.parametrize("switches", TURNS, ids=_turned)
def test_the_report_names_exactly_what_was_withheld(
    switches: Switches, scenarios: Callable[[Switches], engage.Scenario]
) -> None:
    scenario = scenarios(switches)
    with EngageServer(engage.world(scenario.histories, switches), switches, replace(FAULTS)) as server:
        found = list(engage.reconciliation(scenario, server).slices(engage.cursor(scenario)))
        assert engage.by_id([verdict for each in found for verdict in each.verdicts]) == engage.expected(
            scenario, switches
        )
        assert found[-1].cursor.is_complete
        assert server.most_at_once == 1


def test_a_run_that_is_killed_after_any_slice_continues(scenarios: Callable[[Switches], engage.Scenario]) -> None:
    switches = Switches(touches="silent")
    scenario = scenarios(switches)
    position, verdicts = engage.cursor(scenario), list[Verdict]()
    with EngageServer(engage.world(scenario.histories, switches), switches) as server:
        while not position.is_done:
            done = next(engage.reconciliation(scenario, server).slices(position))
            verdicts += done.verdicts
            position = Cursor.from_json(done.cursor.to_json())
    assert position.is_complete
    assert engage.by_id(verdicts) == engage.expected(scenario, switches)


def test_a_run_whose_budget_is_spent_continues(scenarios: Callable[[Switches], engage.Scenario]) -> None:
    switches = Switches()
    scenario = scenarios(switches)
    position, verdicts, runs = engage.cursor(scenario), list[Verdict](), 0
    with EngageServer(engage.world(scenario.histories, switches), switches, Faults(moving=0.2)) as server:
        while not position.is_done:
            runs += 1
            manners = Manners(calls_per_second=10_000, calls=20 + runs)
            with suppress(BudgetSpentError):
                for done in engage.reconciliation(scenario, server, manners=manners).slices(position):
                    verdicts += done.verdicts
                    position = done.cursor
    assert runs > 1
    assert engage.by_id(verdicts) == engage.expected(scenario, switches)


NONSENSE: dict[str, Callable[[Any], Any]] = {
    "no object": lambda _: [],
    "an empty object": lambda _: {},
    "null": lambda _: None,
    "an error with 200": lambda _: {"errors": [{"message": "canary"}]},
    "a page of HTML": lambda _: b"<html><title>canary</title></html>",
    "no JSON at all": lambda _: b"",
    "bytes that are not UTF-8": lambda _: b'{"data":[],"meta":"\xff"}',
    "data is an object": lambda page: page | {"data": {"0": "canary"}},
    "a row is a text": lambda page: page | {"data": ["canary"]},
    "a row is null": lambda page: page | {"data": [None]},
    "no meta": lambda page: {"data": page["data"]},
    "a count that is a text": lambda page: page | {"meta": {"offset": 0, "limit": 25, "totalCount": "canary"}},
    "a negative count": lambda page: page | {"meta": {"offset": 0, "limit": 25, "totalCount": -1}},
    "another offset": lambda page: page | {"meta": {"offset": 7, "limit": 25, "totalCount": 0}},
    "rows without ids": lambda page: page | {"data": [{"status": "canary"}]},
    "a row of another time": lambda page: page | {"data": [ROW | {"start": "2019-01-01T09:00:00.000Z"}]},
}
ROW: dict[str, Any] = row_of(engage.histories(1, 1, engage.now())[0].versions[-1].appointment | {
    "updatedAt": "2018-01-01T09:00:00Z", "start": "2019-01-01T08:00:00Z", "end": "2019-01-01T10:00:00Z"
}) | {"end": "2019-01-01T10:00:00.000Z"}  # fmt: skip


@pytest.mark.parametrize("wrong", NONSENSE.values(), ids=NONSENSE)
def test_an_answer_of_another_shape_stops_the_run_and_judges_nothing(
    wrong: Callable[[Any], Any], scenarios: Callable[[Switches], engage.Scenario], caplog: pytest.LogCaptureFixture
) -> None:
    scenario = scenarios(Switches())
    caplog.set_level(logging.DEBUG)
    with EngageServer(engage.world(scenario.histories, Switches()), faults=Faults(wrong=wrong)) as server:
        slices = engage.reconciliation(scenario, server).slices(engage.cursor(scenario))
        with pytest.raises(AnswerShapeError) as raised:
            next(slices)
    assert raised.value.violations[0].path.startswith("$")
    shown = (raised.value, raised.value.__cause__, raised.value.__context__, raised.value.violations)
    assert "canary" not in caplog.text + "".join(map(repr, shown)) + str(raised.value)


@pytest.mark.parametrize("wrong", [NONSENSE["no object"], NONSENSE["a page of HTML"]])
def test_nonsense_about_single_appointments_judges_nothing_gone(
    wrong: Callable[[Any], Any], scenarios: Callable[[Switches], engage.Scenario]
) -> None:
    """The listing is empty and sound; only the questions by id get nonsense."""
    scenario = scenarios(Switches())
    with EngageServer(World()) as server:
        slices = engage.reconciliation(scenario, server).slices(engage.cursor(scenario))
        server.faults.wrong = lambda page: page if page["meta"]["limit"] == 25 and not _named(server) else wrong(page)
        with pytest.raises(AnswerShapeError):
            list(slices)


def _named(server: EngageServer) -> bool:
    return "id%5B%5D=" in server.calls[-1]


def test_a_row_that_was_not_asked_for_stops_the_run(scenarios: Callable[[Switches], engage.Scenario]) -> None:
    """A server that ignores ``id[]`` would make everything look known."""
    scenario = scenarios(Switches())
    gone = next(
        each.id for each in scenario.histories if each.verdict(Switches(), *engage.window(scenario.now)) == "gone"
    )
    stranger = {"data": [ROW], "meta": {"offset": 0, "limit": 25, "totalCount": 1}}
    with (
        EngageServer(World(), faults=Faults(wrong=lambda _: stranger)) as server,
        pytest.raises(AnswerShapeError, match=r"\$\.data\[0\]\.id breaks the rule id\[\]"),
    ):
        engage.reconciliation(scenario, server).of_ids([gone])


def test_a_listing_that_lies_about_its_count_is_not_complete(scenarios: Callable[[Switches], engage.Scenario]) -> None:
    scenario = scenarios(Switches())

    def one_more(page: Any) -> Any:
        return page | {"meta": page["meta"] | {"totalCount": page["meta"]["totalCount"] + 1}}

    with EngageServer(engage.world(scenario.histories, Switches()), faults=Faults(wrong=one_more)) as server:
        position = engage.cursor(scenario)
        position = position._replace(until=later(position.since, 6 * 3600))
        (done,) = engage.reconciliation(scenario, server).slices(position)
    assert done.cursor.is_done
    assert not done.cursor.is_complete
    assert done.cursor.unsure == ((position.since, position.until),)


@pytest.mark.parametrize("faults", [Faults(busy=1), Faults(cut=1), Faults(hang=1, hang_seconds=0)])
def test_an_api_that_is_down_is_an_error_and_judges_nothing(
    faults: Faults, scenarios: Callable[[Switches], engage.Scenario]
) -> None:
    scenario = scenarios(Switches())
    with EngageServer(engage.world(scenario.histories, Switches()), faults=replace(faults)) as server:
        slices = engage.reconciliation(scenario, server).slices(engage.cursor(scenario))
        with pytest.raises(EngageUnavailableError, match="8 times"):
            next(slices)


def test_no_value_of_an_answer_is_logged(
    scenarios: Callable[[Switches], engage.Scenario], caplog: pytest.LogCaptureFixture
) -> None:
    """Every text of every answer is a canary, but ids, instants and types."""
    scenario = scenarios(Switches())
    caplog.set_level(logging.DEBUG)
    made = engage.world(scenario.histories, Switches())
    for row in made.rows():
        texts = dict.fromkeys(("externalId", "internalNotes", "messageForCustomer", "status", "canary"), "canary")
        made.change(row["id"], **texts, answers=[{"value": "canary"}], location={"city": "canary"})
    with EngageServer(made, faults=Faults(busy=0.1, truncated=0.1)) as server:
        verdicts = [
            each
            for done in engage.reconciliation(scenario, server).slices(engage.cursor(scenario))
            for each in done.verdicts
        ]
        assert {each.kind for each in verdicts} >= {Kind.DIFFERS, Kind.MISSING}
        assert "canary" in str(verdicts)
    assert "canary" not in caplog.text
    assert "local-client" not in caplog.text
