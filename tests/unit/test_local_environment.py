"""Local execution environments behave as on Lambda: one event at a time, separate variables, replaced after a death."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.environment import EnvironmentPool, FunctionError
from local.template import Function
from tests.processes import is_running

HANDLER = "tests.unit.handlers.lambda_handler"


@pytest.fixture(scope="module")
def pool() -> Iterator[EnvironmentPool]:
    function = Function("EchoFunction", HANDLER, 1, 512, {}, {})
    started = EnvironmentPool(function, {"VARIABLE": "value"}, size=2)
    started.wait_until_ready()
    yield started
    started.stop()


def test_a_handler_sees_only_its_variables(pool: EnvironmentPool) -> None:
    answer = pool.invoke({"do": "say where"})
    assert (answer["variable"], answer["inherited"]) == ("value", False)


def test_no_process_of_a_function_imports_the_embedded_aws(pool: EnvironmentPool) -> None:
    packages = pool.invoke({"do": "list packages"})["packages"]
    assert "local" in packages
    assert not {"boto3", "flask", "moto", "rich", "waitress", "werkzeug"} & set(packages)


def test_a_handler_has_lambdas_context(pool: EnvironmentPool) -> None:
    answer = pool.invoke({"do": "nothing"})
    assert answer["name"] == "EchoFunction"
    assert 0 < answer["milliseconds"] <= 1000


@pytest.mark.parametrize(("deed", "error"), [("raise", "ValueError"), ("die", "Runtime exited"), ("hang", "timed out")])
def test_an_error_is_reported_by_its_kind_and_the_next_event_is_answered(
    pool: EnvironmentPool, deed: str, error: str
) -> None:
    for _ in range(3):  # more events than environments
        with pytest.raises(FunctionError, match=error) as raised:
            pool.invoke({"do": deed})
        assert "sent" not in str(raised.value)
    assert pool.invoke({"do": "nothing"})["name"] == "EchoFunction"


def test_concurrent_events_are_spread_over_the_environments(pool: EnvironmentPool) -> None:
    with ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(pool.invoke, [{"do": "say where"}] * 100))
    assert len(answers) == 100
    assert len({answer["pid"] for answer in answers}) == 2


def test_a_handler_that_cannot_be_imported_is_an_error_at_the_start() -> None:
    missing = EnvironmentPool(Function("NoFunction", "tests.no_such.lambda_handler", 1, 512, {}, {}), {}, size=1)
    with pytest.raises(FunctionError, match="ModuleNotFoundError"):
        missing.wait_until_ready()
    missing.stop()


@pytest.fixture
def single() -> Iterator[EnvironmentPool]:
    """A pool of one environment with a long timeout."""
    started = EnvironmentPool(Function("EchoFunction", HANDLER, 30, 512, {}, {}), {}, size=1)
    started.wait_until_ready()
    yield started
    started.stop()


def test_no_event_fails_after_an_idle_process_has_died(single: EnvironmentPool) -> None:
    for _ in range(3):
        (pid,) = single.pids()
        os.kill(pid, signal.SIGKILL)
        assert single.invoke({"do": "nothing"})["name"] == "EchoFunction"
        assert single.pids() != [pid]


def test_no_event_fails_if_a_process_dies_just_before_it_gets_the_event(
    single: EnvironmentPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (environment,) = single._environments
    monkeypatch.setattr(environment._process, "is_alive", lambda: True)  # checked a moment before the death
    os.kill(environment.pid, signal.SIGKILL)
    assert single.invoke({"do": "nothing"})["name"] == "EchoFunction"


def test_a_stopped_pool_leaves_no_process_and_starts_none(single: EnvironmentPool) -> None:
    with ThreadPoolExecutor(1) as senders:
        in_flight = senders.submit(single.invoke, {"do": "hang"})
        time.sleep(0.3)
        single.stop()
        with pytest.raises(FunctionError):
            in_flight.result(timeout=5)
    with pytest.raises(FunctionError):
        single.invoke({"do": "nothing"})
    assert [pid for pid in single.pids() if is_running(pid)] == []
