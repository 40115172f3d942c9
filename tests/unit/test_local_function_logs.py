"""What a function writes is collected before its answer, also from a killed process, and shown in short lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from local import execution_output
from local.emf import metric_data
from local.environment import EnvironmentPool, FunctionError
from local.execution_output import ExecutionOutput
from local.short_line import short_lines
from local.template import Function

BLOCK = {
    "Timestamp": 1_772_442_000_250,
    "CloudWatchMetrics": [
        {
            "Namespace": "Appointments/a",
            "Dimensions": [["service"], ["service", "kind"], []],
            "Metrics": [{"Name": "Accepted", "Unit": "Count"}, {"Name": "Lag"}],
        }
    ],
}
LINE = {"_aws": BLOCK, "service": "webhook", "kind": "new", "Accepted": [1.0, 2.0], "Lag": 7}


def test_each_metric_of_a_line_has_the_dimensions_of_each_set() -> None:
    found = list(metric_data(LINE))
    assert {namespace for namespace, _ in found} == {"Appointments/a"}
    data = [datum for _, datum in found]
    assert {datum["Timestamp"] for datum in data} == {datetime(2026, 3, 2, 9, 0, 0, 250_000)}  # noqa: DTZ001 - UTC
    service, kind = {"Name": "service", "Value": "webhook"}, {"Name": "kind", "Value": "new"}
    measured = [(each["MetricName"], each["Unit"], each["Values"], each["Dimensions"]) for each in data]
    assert measured == [
        (name, unit, values, dimensions)
        for dimensions in ([service], [service, kind], [])
        for name, unit, values in (("Accepted", "Count", [1.0, 2.0]), ("Lag", "None", [7]))
    ]


@pytest.mark.parametrize("line", [{}, {"message": "no metrics"}, {"_aws": None}])
def test_a_line_without_the_format_has_no_metrics(line: dict[str, Any]) -> None:
    assert list(metric_data(line)) == []


Collected = list[tuple[str, list[str]]]


@pytest.fixture
def writing() -> Iterator[tuple[EnvironmentPool, Collected]]:
    """A pool of one environment, and what it collects: the log stream and the lines."""
    collected: Collected = []

    def take(function: str, stream: str, lines: Sequence[str]) -> None:
        assert function == "EchoFunction"
        collected.append((stream, list(lines)))

    function = Function("EchoFunction", "tests.unit.handlers.lambda_handler", 30, 512, {}, {})
    pool = EnvironmentPool(function, {}, size=1, take_lines=take)
    pool.wait_until_ready()
    yield pool, collected
    pool.stop()


def lines(collected: Collected) -> list[str]:
    return [line for _, each in collected for line in each]


def test_the_lines_of_an_invocation_are_collected_before_its_answer(writing: tuple[EnvironmentPool, Collected]) -> None:
    pool, collected = writing
    for number in range(3):
        pool.invoke({"do": "print", "text": f"first of {number}\nsecond ü\n"})
        assert lines(collected)[2 * number :] == [f"first of {number}", "second ü"]
    assert len({stream for stream, _ in collected}) == 1


def test_the_lines_of_a_process_that_dies_are_collected_and_its_successor_has_another_stream(
    writing: tuple[EnvironmentPool, Collected],
) -> None:
    pool, collected = writing
    with pytest.raises(FunctionError):
        pool.invoke({"do": "print and die", "text": "whole\nhalf"})
    assert lines(collected) == ["whole", "half"]
    pool.invoke({"do": "print", "text": "next\n"})
    assert lines(collected) == ["whole", "half", "next"]
    assert len({stream for stream, _ in collected}) == 2


def test_a_line_is_passed_on_when_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution_output, "EMPTIED_BYTES", 10)
    del tmp_path
    taken: list[str] = []
    output = ExecutionOutput(taken.extend)
    write = writer(output.path)
    for text, expected in (("a\nb", ["a"]), ("c\n\n", ["a", "bc"]), ("x" * 20 + "\n", ["a", "bc", "x" * 20])):
        write(text)
        output.collect()
        assert taken == expected
    assert output.path.stat().st_size == 0  # emptied, and writing goes on
    write("end")
    output.collect(ended=True)
    assert taken[-1] == "end"
    path = output.path
    output.close()
    output.collect()
    assert not path.exists()


def writer(path: Path) -> Callable[[str], None]:
    def write(text: str) -> None:
        with path.open("a") as file:
            file.write(text)

    return write


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            {**LINE, "message": "stored", "event_type": "CREATE", "appointment_id": "1", "envelope_id": "e-1"},
            ["webhook  stored  CREATE  appointment 1  event e-1"],
        ),
        ({**LINE}, []),
        (
            {
                "message": "publisher",
                "events": [
                    {"result": "published", "event_id": "x", "envelope_id": "e-1", "appointment_id": "1"},
                    {"result": "parked", "code": "Poison", "envelope_id": "e-2", "appointment_id": "2"},
                ],
            },
            ["webhook  published  appointment 1  event e-1", "webhook  parked  appointment 2  event e-2  code Poison"],
        ),
        (
            {"message": "backlog", "messages": [{"outcome": "duplicate", "envelope_id": "e-1"}]},
            ["webhook  duplicate  event e-1"],
        ),
        (
            {"level": "WARNING", "message": "the body breaks the contract", "status": 422},
            ["webhook  WARNING  the body breaks the contract  status 422"],
        ),
    ],
    ids=["a delivery", "metrics alone", "a batch of the publisher", "a batch of the backlog", "a warning"],
)
def test_a_line_is_shown_short(line: dict[str, Any], shown: list[str]) -> None:
    assert [short.split("  ", 1)[1] for short in short_lines("WebhookFunction", json.dumps(line))] == shown


@pytest.mark.parametrize("line", ["Traceback (most recent call last):", "[1]", "{"])
def test_a_line_that_is_no_json_object_is_shown_unchanged(line: str) -> None:
    assert short_lines("WebhookFunction", line) == [line]
