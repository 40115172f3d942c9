"""docs/performance.md says what docs/performance.json says, and that was a whole run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import chart, costs, document
from bench.levers import LEVERS, PUBLISHERS_LEVERS
from bench.run import SECTIONS
from bench.variants import PUBLISHER, TYPICAL, WEBHOOK

REPORT: dict[str, Any] = json.loads(document.FIGURES.read_text())


def test_the_page_and_the_chart_are_made_of_the_figures() -> None:
    text = document.PAGE.read_text(encoding="utf-8")
    assert text == document.page(text, REPORT), "run: python -m bench --document docs/performance.json"
    assert document.CHART.read_text() == chart.svg(REPORT).rstrip() + "\n"


def test_the_figures_are_of_a_whole_run_of_enough_rounds() -> None:
    assert REPORT["rounds"] >= 20
    groups = {"main", "share", "package", "units", "body", "participants", "history", "publisher"}
    assert groups | {"levers", "publisherLevers"} == set(REPORT["measures"])
    assert REPORT["imports"]
    assert len(SECTIONS) == 9, "a new section has to be in the figures"
    measured = {one["key"].removeprefix("levers.") for one in REPORT["measures"]["levers"]}
    assert measured == {lever.key + what for lever in LEVERS for what in ("Cold", "Warm")} | {"aheadWaiting"}
    measured = {one["key"].removeprefix("publisherLevers.") for one in REPORT["measures"]["publisherLevers"]}
    assert measured == {lever.key + what for lever in PUBLISHERS_LEVERS for what in ("Cpu", "Speed")}


def test_a_page_without_a_mark_is_an_error() -> None:
    with pytest.raises(ValueError, match="no part marked figures"):
        document.page("nothing", REPORT)


def of(key: str, *pairs: tuple[str, float]) -> dict[str, Any]:
    return {"key": key, "variants": {name: {"median": value} for name, value in pairs}}


def test_costs_are_what_the_figures_and_the_prices_make() -> None:
    both = {"main.warmCpu": 2, "main.warmCalls": 1, "main.readyCpu": 200, "main.warmLog": 700}
    report: Any = {
        "measures": {
            "main": [of(key, (WEBHOOK, value), (TYPICAL, 2 * value)) for key, value in both.items()],
            "units": [
                of("units.laterTable", (WEBHOOK, 8), (TYPICAL, 36)),
                of("units.laterIndexes", (WEBHOOK, 6), (TYPICAL, 3)),
            ],
            "publisher": [of("publisher.rate", (PUBLISHER, 1000))],
        }
    }
    head, *rows = costs.table(report)
    assert head == ["dollars", WEBHOOK, TYPICAL]
    by_service = {service: values for service, *values in rows}
    # 2 ms of CPU at 512 of 1769 MB are 6.91 ms; with 5 ms of waiting and 2 of a start 13.91 ms of half a GB
    assert by_service["Lambda, webhook"][0] == f"{0.20 + 0.01391 * 0.5 * 16.6667:.2f}"
    assert by_service["DynamoDB, table"] == ["5.00", "22.50"]
    assert by_service["CloudWatch Logs"] == ["0.75", "1.10"]  # with 800 bytes of the platform's own
    assert by_service["Lambda, publisher"] == [f"{(0.20 + (34.55 + 5) / 1000 * 0.5 * 16.6667) / 10:.2f}", ""]
    assert float(by_service["all"][0]) == pytest.approx(
        sum(float(values[0]) for service, values in by_service.items() if service != "all"), abs=0.04
    )
