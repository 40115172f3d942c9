"""What a start and a delivery may take, counted and never timed, on what `sam build` makes.

The budgets are tests/fixtures/budgets: for each function the modules that a start may import, and in budgets.json how
many files it may open and how large it may be. Whoever needs more changes them, and says why.
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


of_each = pytest.mark.parametrize(
    ("started", "function"), [(name, name) for name in FUNCTIONS], indirect=["started"], scope="module"
)
of_webhook = pytest.mark.parametrize("started", ["WebhookFunction"], indirect=True, scope="module")


@of_each
def test_a_start_imports_what_is_listed_and_nothing_else(started: Any, function: str) -> None:
    listed = (BUDGETS / f"{function}.modules.txt").read_text().split()
    assert sorted(set(started["imported"]) - set(listed)) == [], "imported at start, and not in the list"
    assert sorted(set(listed) - set(started["imported"])) == [], "in the list, and not imported any more"


@of_each
def test_a_start_opens_no_more_files_than_it_may(started: Any, function: str) -> None:
    assert 0 < len(started["phases"][0]["opened"]) <= LIMITS[function]["filesOpenedAtStart"]


@of_each
def test_once_started_an_event_opens_hardly_any_file(started: Any, function: str) -> None:
    first, *later = (phase["opened"] for phase in started["phases"][1:])
    assert len(first) <= LIMITS[function]["filesOpenedByTheFirstEvent"], first
    # A duplicate is the first delivery of which the content is compared.
    assert [path for opened in later for path in opened if "content" not in path] == []


@of_each
def test_a_function_with_its_layers_is_no_larger_than_it_may_be(built: Path, started: Any, function: str) -> None:
    assert started
    assert sum(bytes_in(built / part) for part in (function, *LAYERS)) <= LIMITS[function]["bytes"]


@of_webhook
def test_a_new_delivery_is_one_call_and_a_start_two(started: Any) -> None:
    start, *deliveries = (phase["requests"] for phase in started["phases"])
    outcomes = [json.loads(answer["body"])["outcome"] for answer in started["answers"]]
    assert start == [SECRET, SECRET]  # its current and its previous version
    assert outcomes == ["stored", "stored", "duplicate", "stored", "stale"]
    assert deliveries == [[STORE], [STORE], [STORE], [STORE], [STORE, STORE]]


@pytest.mark.parametrize("started", ["PublisherFunction"], indirect=True, scope="module")
def test_a_batch_is_published_by_no_more_calls_than_it_may_be(started: Any) -> None:
    start, batch, one = (phase["requests"] for phase in started["phases"])
    assert start == []
    assert set(batch) == {"PutEvents"}
    assert len(batch) <= LIMITS["PublisherFunction"]["callsOfTheBatch"]
    assert one == ["PutEvents"]


@pytest.mark.parametrize("started", ["BacklogFunction"], indirect=True, scope="module")
def test_a_deferred_delivery_is_one_call(started: Any) -> None:
    start, batch = (phase["requests"] for phase in started["phases"])
    assert start == []
    assert set(batch) == {STORE}
