"""Budgets of the built functions: modules, files, bytecode instructions, AWS calls and size. Counted, never timed.

The budgets are in tests/fixtures/budgets: for each function the modules that a start may import, and in budgets.json
the other numbers. A change that needs more raises the budget and gives the reason.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
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
    "BacklogFunction": ["backlog/batch", "backlog/batch"],
}
BURNT_AT_START = """

for _ in range(2_000_000):
    pass
"""
BURNT_BY_A_DELIVERY = """

_parse_once = parse_body


def parse_body(body: bytes, mode: ContractMode = ContractMode.TOLERANT) -> Parsed:
    for _ in range(20):
        _parse_once(body, mode)
    return _parse_once(body, mode)
"""
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


def over_budget(function: str, started: Any) -> set[str]:
    """Return which budgets of bytecode instructions a start and its second event, a warm one, exceed."""
    start, _, warm, *_ = (phase["instructions"] for phase in started["phases"])
    counts = {"instructionsOfAStart": start, "instructionsOfAWarmEvent": warm}
    assert all(count > LIMITS[function][name] // 2 for name, count in counts.items()), counts
    return {name for name, count in counts.items() if count > LIMITS[function][name]}


@each_function
def test_a_start_and_a_warm_event_run_no_more_instructions_than_their_budgets(started: Any, function: str) -> None:
    assert over_budget(function, started) == set(), [phase["instructions"] for phase in started["phases"]]


@pytest.mark.parametrize(
    ("file", "burnt", "budget"),
    [
        ("timing.py", BURNT_AT_START, "instructionsOfAStart"),
        ("contract/parsing.py", BURNT_BY_A_DELIVERY, "instructionsOfAWarmEvent"),
    ],
)
def test_cpu_that_is_burnt_on_purpose_exceeds_the_budget(
    start: Callable[..., Any], opt: Path, tmp_path: Path, file: str, burnt: str, budget: str
) -> None:
    layers = tmp_path / "opt"
    shutil.copytree(opt, layers, copy_function=shutil.copyfile)
    source = layers / "python" / "appointments" / file
    source.write_text(source.read_text() + burnt)
    bytecode = Path(importlib.util.cache_from_source(str(source)))
    shutil.rmtree(bytecode.parent)
    burning = start("WebhookFunction", EVENTS["WebhookFunction"], {}, layers)
    assert budget in over_budget("WebhookFunction", burning)


@each_function
def test_a_function_with_its_layers_is_no_larger_than_its_budget(built: Path, started: Any, function: str) -> None:
    assert started
    assert sum(bytes_in(built / part) for part in (function, *LAYERS)) <= LIMITS[function]["bytes"]


@webhook_function
def test_a_start_makes_three_aws_calls_and_a_new_delivery_one(started: Any) -> None:
    start, *deliveries = (phase["requests"] for phase in started["phases"])
    outcomes = [json.loads(answer["body"])["outcome"] for answer in started["answers"]]
    # the current and the previous version, and the call that opens the table's connection
    assert sorted(start) == [SECRET, SECRET, STORE]
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
    start, *batches = (phase["requests"] for phase in started["phases"])
    assert start == []
    assert [set(batch) for batch in batches] == [{STORE}, {STORE}]
