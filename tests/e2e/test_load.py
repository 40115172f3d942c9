"""A short run of `make load`: no event is lost or published twice, and the report has its figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


LEAST = 100
"""Answers, because the number of seconds would be a rule for the machine."""


def test_load_by_many_senders_loses_and_repeats_no_event(dynamodb_url: str | None, tmp_path: Path) -> None:
    options = f"--seconds 1 --least {LEAST} --senders 6"
    output = tmp_path / "load.json"
    variables = {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url} if dynamodb_url else {}
    process = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "local.load", *options.split(), "--output", str(output)],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    report = json.loads(output.read_text())
    assert report["problems"] == []
    assert report["deliveries"] >= LEAST
    assert report["deliveries"] == sum(report["outcomes"].values())
    # On a busy machine some answers are late, and the deliveries deferred.
    assert {"stored", "stale", "duplicate"} == report["outcomes"].keys() - {"deferred"}
    assert 6000 < report["meanBodyBytes"] < 12_000
    assert report["messages"] - report["repeatedMessages"] == report["eventsAcknowledged"]
    assert report["latencyMilliseconds"]["p50"] <= report["latencyMilliseconds"]["max"]
    if Path("/proc/self/statm").exists():
        assert {"second", "WebhookFunction", "PublisherFunction"} <= report["memoryMebibytes"][-1].keys()
    assert "No event lost or stored twice." in process.stdout
