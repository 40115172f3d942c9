"""Budgets of the built functions: imported modules, opened files, AWS calls and size. Counted, never timed.

The budgets are in tests/fixtures/budgets: for each function the modules that a start may import, and in budgets.json
the number of files and bytes. A change that needs more raises the budget and gives the reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.folders import LAYERS
from tests.artefacts import FUNCTIONS, bytes_in

BUDGETS = Path(__file__).parents[1] / "fixtures" / "budgets"
LIMITS: dict[str, dict[str, int]] = json.loads((BUDGETS / "budgets.json").read_text())
EVENTS = {
    "WebhookFunction": [
        "webhook/create",
        "webhook/reassign",
        "webhook/duplicate",
        "webhook/reschedule",
        "webhook/stale",
    ],
    "PublisherFunction": ["stream/batch", "stream/one"],
    "BacklogFunction": ["backlog/batch"],
}
SECRET, STORE = "GetSecretValue", "TransactWriteItems"


@pytest.fixture(scope="module")
def started(start: Callable[..., Any], request: pytest.FixtureRequest) -> Any:
    return start(request.param, EVENTS[request.param], {})


each_function = pytest.mark.parametrize(
    ("started", "function"), [(name, name) for name in FUNCTIONS], indirect=["started"], scope="module"
)
webhook_function = pytest.mark.parametrize("started", ["WebhookFunction"], indirect=True, scope="module")


@each_function
def test_a_start_imports_exactly_the_listed_modules(started: Any, function: str) -> None:
    listed = (BUDGETS / f"{function}.modules.txt").read_text().split()
    assert sorted(set(started["imported"]) - set(listed)) == [], "imported at start but not listed"
    assert sorted(set(listed) - set(started["imported"])) == [], "listed but no longer imported"


@each_function
def test_a_start_opens_no_more_files_than_its_budget(started: Any, function: str) -> None:
    assert 0 < len(started["phases"][0]["opened"]) <= LIMITS[function]["filesOpenedAtStart"]


@each_function
def test_each_connection_reads_the_five_roots_and_not_the_bundle_of_botocore(started: Any, function: str) -> None:
    certificates = {Path(path).name for phase in started["phases"] for path in phase["opened"] if ".pem" in path}
    assert certificates == {"amazon-roots.pem"}, function


@each_function
def test_only_the_first_event_after_a_start_opens_files(started: Any, function: str) -> None:
    first, *later = (phase["opened"] for phase in started["phases"][1:])
    assert len(set(first)) <= LIMITS[function]["filesOpenedByTheFirstEvent"], first
    # The first duplicate imports the modules that compare contents.
    assert [path for opened in later for path in opened if "content" not in path] == []


@each_function
def test_a_function_with_its_layers_is_no_larger_than_its_budget(built: Path, started: Any, function: str) -> None:
    assert started
    assert sum(bytes_in(built / part) for part in (function, *LAYERS)) <= LIMITS[function]["bytes"]


@webhook_function
def test_a_start_makes_two_aws_calls_and_a_new_delivery_one(started: Any) -> None:
    start, *deliveries = (phase["requests"] for phase in started["phases"])
    outcomes = [json.loads(answer["body"])["outcome"] for answer in started["answers"]]
    assert start == [SECRET, SECRET]  # the current and the previous version
    assert outcomes == ["stored", "stored", "duplicate", "stored", "stale"]
    assert deliveries == [[STORE], [STORE], [STORE], [STORE], [STORE, STORE]]


@pytest.mark.parametrize("started", ["PublisherFunction"], indirect=True, scope="module")
def test_the_publisher_makes_no_more_calls_for_a_batch_than_its_budget(started: Any) -> None:
    start, batch, single = (phase["requests"] for phase in started["phases"])
    assert start == []
    assert set(batch) == {"PutEvents"}
    assert len(batch) <= LIMITS["PublisherFunction"]["callsOfTheBatch"]
    assert single == ["PutEvents"]


@pytest.mark.parametrize("started", ["BacklogFunction"], indirect=True, scope="module")
def test_the_backlog_function_makes_only_store_calls(started: Any) -> None:
    start, batch = (phase["requests"] for phase in started["phases"])
    assert start == []
    assert set(batch) == {STORE}
