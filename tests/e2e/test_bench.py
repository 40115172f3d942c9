"""`make bench`, quickly and without a DynamoDB: every row is there and what can be counted is exact. Never a time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bench.variants import EACH, FASTAPI, FLOOR, NO_OP, PUBLISHER, TYPICAL, WEBHOOK, WITHOUT_BYTECODE

ROOT = Path(__file__).parents[2]
ALL = {NO_OP, FLOOR, WEBHOOK, TYPICAL, WITHOUT_BYTECODE, FASTAPI}
USUAL = {"dynamodb.GetItem": 1, "dynamodb.PutItem": 2, "events.PutEvents": 1}

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the runtime client and its measures are Linux's"),
    pytest.mark.skipif(shutil.which("sam") is None, reason="the SAM CLI is not installed: make setup-sam"),
    pytest.mark.skipif(
        shutil.which("python3.13") is None, reason="the functions' runtime, python3.13, is not on the path"
    ),
]


@pytest.fixture(scope="module")
def report(built: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("bench")
    told = ["--build", str(built), "--json", str(folder / "bench.json"), "--svg", str(folder / "bench.svg")]
    _run(sys.executable, "-m", "bench", "--quick", *told)
    ET.fromstring((folder / "bench.svg").read_text())  # noqa: S314 - our own
    shown = _run(sys.executable, "-m", "bench", "--markdown", str(folder / "bench.json"))
    assert "### One delivery" in shown
    made: dict[str, Any] = json.loads((folder / "bench.json").read_text())
    return made


def _run(*command: str) -> str:
    left_out = ("AWS_", "POWERTOOLS_", "DYNAMODB_LOCAL_ENDPOINT")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
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


def test_every_group_has_its_rows_and_says_what_is_missing(report: dict[str, Any]) -> None:
    rows = {name: len(measures) for name, measures in report["measures"].items()}
    grown = {"body": 12, "participants": 8, "history": 6}
    levers = {"levers": 27, "publisherLevers": 8}
    assert rows == {"main": 13, "share": 4, "package": 3, **grown, "publisher": 4, **levers}
    assert any("DYNAMODB_LOCAL_ENDPOINT" in note for note in report["notes"])
    assert report["machine"]["python"].startswith("3.13")
    assert {"botocore", "pydantic", "webhook"} <= {one["package"] for one in report["imports"]["packages"]}


def test_every_row_of_a_delivery_has_every_variant_in_every_round(report: dict[str, Any]) -> None:
    for measure in report["measures"]["main"]:
        assert measure["variants"].keys() == ALL, measure["key"]
        assert {one["n"] for one in measure["variants"].values()} == {report["rounds"]}


def test_the_calls_of_a_delivery(report: dict[str, Any]) -> None:
    """All variants answered with success and did their work, or the run would have ended with an error."""
    assert {name: calls["perDelivery"] for name, calls in report["calls"].items()} == {
        NO_OP: {},
        FLOOR: {"dynamodb.TransactWriteItems": 1},
        WEBHOOK: {"dynamodb.TransactWriteItems": 1},
        TYPICAL: USUAL,
        WITHOUT_BYTECODE: USUAL,
        FASTAPI: USUAL,
    }
    secret = {"secretsmanager.GetSecretValue": 2}  # the current version and the one before
    assert report["calls"][WEBHOOK]["coldStart"] == {"dynamodb.TransactWriteItems": 1} | secret


def test_a_history_costs_no_call(report: dict[str, Any]) -> None:
    calls = [one for one in report["measures"]["history"] if one["key"].endswith("Calls")]
    assert [one["variants"][WEBHOOK]["median"] for one in calls] == [1, 1]


def test_the_publisher_fills_its_calls(report: dict[str, Any]) -> None:
    (calls,) = (one for one in report["measures"]["publisher"] if one["key"] == "publisher.calls")
    assert calls["variants"][PUBLISHER]["median"] == 0.1
    assert calls["variants"][EACH]["median"] == 1
