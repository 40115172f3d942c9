"""The benchmark with few rounds and without DynamoDB Local: it reports every row, and its counts are exact."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import deliveries, levers, memory, package, publishing, share, starts, variants
from bench.checks import check_answer
from bench.process import Process
from bench.stub import Stub
from bench.variants import FASTAPI, FLOOR, NO_OP, PUBLISHER, TYPICAL, UNBATCHED, WEBHOOK

ROOT = Path(__file__).parents[2]
ALL = {NO_OP, FLOOR, WEBHOOK, TYPICAL, FASTAPI}
TYPICAL_CALLS = {"dynamodb.GetItem": 1, "dynamodb.PutItem": 2, "events.PutEvents": 1}

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(sys.platform != "linux", reason="the runtime interface client and the measurements need Linux"),
    pytest.mark.skipif(shutil.which("sam") is None, reason="the SAM CLI is not installed: make setup-sam"),
    pytest.mark.skipif(
        shutil.which("python3.13") is None, reason="python3.13, the runtime of the functions, is not on the path"
    ),
]


@pytest.fixture(scope="module")
def report(built: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("bench") / "report.json"
    page = (ROOT / "docs" / "performance.md").read_bytes()
    output = _run(sys.executable, "-m", "bench", "--quick", "--build", str(built), "--json", str(path))
    assert "ONE DELIVERY" in output
    assert (ROOT / "docs" / "performance.md").read_bytes() == page
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def _run(*command: str) -> str:
    omitted = ("AWS_", "POWERTOOLS_", "DYNAMODB_LOCAL_ENDPOINT")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(omitted)}
    answer = subprocess.run(  # noqa: S603
        command,
        cwd=ROOT,
        env=inherited,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_the_report_has_every_row_and_a_note_about_the_missing_ones(report: dict[str, Any]) -> None:
    rows = {name: [measure["key"] for measure in measures] for name, measures in report["measures"].items()}
    assert rows == {
        "main": list(starts.ROWS),
        **({"memory": list(memory.ROWS)} if share.is_available() else {}),
        "package": list(package.ROWS),
        "publisher": list(publishing.ROWS),
        "levers": [levers.WAITING_KEY],
    }
    assert any("DYNAMODB_LOCAL_ENDPOINT" in note for note in report["notes"])
    assert report["machine"]["python"].startswith("3.13")


@pytest.mark.parametrize("lever", levers.LEVERS, ids=[lever.key for lever in levers.LEVERS])
def test_the_function_stores_a_delivery_without_any_one_lever(built: Path, lever: levers.Lever) -> None:
    webhook = next(variant for variant in variants.webhooks(built) if variant.name == WEBHOOK)
    stub = Stub()
    with Process(levers.undone(webhook, lever), stub.url) as process:
        process.wait_until_ready()
        check_answer(process.invoke(deliveries.sample_event()).body)
    stub.stop()


def test_each_row_of_a_delivery_measures_each_variant_in_each_round(report: dict[str, Any]) -> None:
    for measure in report["measures"]["main"]:
        assert measure["variants"].keys() == ALL, measure["key"]
        assert {summary["n"] for summary in measure["variants"].values()} == {report["rounds"]}


def test_the_report_counts_the_calls_of_each_variant(report: dict[str, Any]) -> None:
    """A handler that fails would have ended the run with an error."""
    assert {name: calls["perDelivery"] for name, calls in report["calls"].items()} == {
        NO_OP: {},
        FLOOR: {"dynamodb.TransactWriteItems": 1},
        WEBHOOK: {"dynamodb.TransactWriteItems": 1},
        TYPICAL: TYPICAL_CALLS,
        FASTAPI: TYPICAL_CALLS,
    }
    secret = {"secretsmanager.GetSecretValue": 2}  # the current and the previous version
    assert report["calls"][WEBHOOK]["coldStart"] == {"dynamodb.TransactWriteItems": 2} | secret


def test_the_publisher_sends_full_batches(report: dict[str, Any]) -> None:
    (calls,) = (measure for measure in report["measures"]["publisher"] if measure["key"] == "publisher.calls")
    assert calls["variants"][PUBLISHER]["median"] == 0.1
    assert calls["variants"][UNBATCHED]["median"] == 1
