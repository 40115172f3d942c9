"""Execution environments behave as Lambda's: one event at a time, own variables, replaced when they are lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.environment import Fleet, FunctionError
from local.template import Function


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    function = Function("EchoFunction", "tests.unit.handlers.lambda_handler", 1, 512, {}, {})
    started = Fleet(function, {"VARIABLE": "value"}, size=2)
    started.wait_until_ready()
    yield started
    started.stop()


def test_a_handler_sees_its_own_variables_and_no_other(fleet: Fleet) -> None:
    answer = fleet.invoke({"do": "say where"})
    assert (answer["variable"], answer["inherited"]) == ("value", False)


def test_a_handler_has_lambdas_context(fleet: Fleet) -> None:
    answer = fleet.invoke({"do": "nothing"})
    assert answer["name"] == "EchoFunction"
    assert 0 < answer["milliseconds"] <= 1000


@pytest.mark.parametrize(("deed", "error"), [("raise", "ValueError"), ("die", "Runtime exited"), ("hang", "timed out")])
def test_what_goes_wrong_is_told_by_its_kind_and_the_next_event_is_answered(
    fleet: Fleet, deed: str, error: str
) -> None:
    for _ in range(3):  # more often than there are environments
        with pytest.raises(FunctionError, match=error) as raised:
            fleet.invoke({"do": deed})
        assert "sent" not in str(raised.value)
    assert fleet.invoke({"do": "nothing"})["name"] == "EchoFunction"


def test_events_at_once_are_spread_over_the_environments(fleet: Fleet) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(fleet.invoke, [{"do": "say where"}] * 100))
    assert len(answers) == 100
    assert len({answer["pid"] for answer in answers}) == 2


def test_a_handler_that_cannot_be_imported_is_an_error_at_the_start() -> None:
    missing = Fleet(Function("NoFunction", "tests.no_such.lambda_handler", 1, 512, {}, {}), {}, size=1)
    with pytest.raises(FunctionError, match="ModuleNotFoundError"):
        missing.wait_until_ready()
    missing.stop()
