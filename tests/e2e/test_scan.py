"""Checkov on template.yaml and on what SAM makes of it, which is what other scanners read. It needs no network."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.template import DOCUMENT, PATH, translate

pytestmark = pytest.mark.skipif(shutil.which("checkov") is None, reason="Checkov is not installed: make scan")

UNREACHABLE = "http://127.0.0.1:9"


def checkov(template: Path) -> dict[str, Any]:
    """Its report. Nothing is sent or fetched: no key, no download, and a proxy that is not there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BC_", "CKV_", "PRISMA_"))}
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), UNREACHABLE)
    answer = subprocess.run(  # noqa: S603
        ["checkov", "--framework", "cloudformation", "--skip-download", "-o", "json", "-f", str(template)],  # noqa: S607 - the one that make puts on the path
        cwd=template.parent,
        env=environment | proxies,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    report: dict[str, Any] = json.loads(answer.stdout)
    assert report["summary"]["parsing_errors"] == 0
    return report


def found(report: dict[str, Any], kind: str = "failed") -> set[tuple[str, str]]:
    """Logical id and check, whatever type SAM has made of the resource."""
    return {(one["resource"].rpartition(".")[2], one["check_id"]) for one in report["results"][f"{kind}_checks"]}


def written(document: dict[str, Any], folder: Path) -> Path:
    path = folder / "template.json"
    path.write_text(json.dumps(document, indent=1))
    return path


def skipped(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (name, skip["id"])
        for name, resource in document["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }


def test_checkov_finds_nothing_in_the_template() -> None:
    report = checkov(PATH)
    assert found(report) == set()
    assert found(report, "skipped") == skipped(DOCUMENT)
    assert {name for name, _ in found(report, "passed")} >= {"AppointmentsTable", "WebhookFunction", "WebhookApi"}


def test_checkov_finds_nothing_in_what_sam_makes_of_it(tmp_path: Path) -> None:
    report = checkov(written(translate(), tmp_path))
    assert found(report) == set()
    assert {name for name, _ in found(report, "passed")} >= {"WebhookFunctionDeliveryPermission", "PublisherFunction"}


def test_every_check_that_is_skipped_would_have_failed(tmp_path: Path) -> None:
    loud = copy.deepcopy(DOCUMENT)
    for resource in loud["Resources"].values():
        resource.get("Metadata", {}).pop("checkov", None)
    assert found(checkov(written(loud, tmp_path))) == skipped(DOCUMENT)


def test_checkov_would_notice(tmp_path: Path) -> None:
    """A report without findings is worth something only where there is one for what is wrong."""
    open_ = copy.deepcopy(DOCUMENT)
    resources = open_["Resources"]
    resources["WebhookFunctionRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"] = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}
    ]
    del resources["AppointmentsTable"]["Properties"]["PointInTimeRecoverySpecification"]
    assert found(checkov(written(open_, tmp_path))) >= {
        ("WebhookFunctionRole", "CKV_AWS_63"),
        ("AppointmentsTable", "CKV_AWS_28"),
    }
