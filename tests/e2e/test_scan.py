"""Checkov on template.yaml and on its transformed version, which other scanners read. It needs no network."""

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
    """Return the report of Checkov. It uses no network: no key, no download, and an unreachable proxy."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BC_", "CKV_", "PRISMA_"))}
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), UNREACHABLE)
    answer = subprocess.run(  # noqa: S603
        ["checkov", "--framework", "cloudformation", "--skip-download", "-o", "json", "-f", str(template)],  # noqa: S607 - make puts it on the path
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


def findings(report: dict[str, Any], kind: str = "failed") -> set[tuple[str, str]]:
    """Return the logical id and the check of each finding, without the resource type that SAM may have changed."""
    return {(check["resource"].rpartition(".")[2], check["check_id"]) for check in report["results"][f"{kind}_checks"]}


def write_template(document: dict[str, Any], folder: Path) -> Path:
    path = folder / "template.json"
    path.write_text(json.dumps(document, indent=1))
    return path


def skipped_checks(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (name, skip["id"])
        for name, resource in document["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }


def test_checkov_has_no_findings_in_the_template() -> None:
    report = checkov(PATH)
    assert findings(report) == set()
    assert findings(report, "skipped") == skipped_checks(DOCUMENT)
    assert {name for name, _ in findings(report, "passed")} >= {"AppointmentsTable", "WebhookFunction", "WebhookApi"}


def test_checkov_has_no_findings_in_the_transformed_template(tmp_path: Path) -> None:
    report = checkov(write_template(translate(), tmp_path))
    assert findings(report) == set()
    assert {name for name, _ in findings(report, "passed")} >= {
        "WebhookFunctionDeliveryPermission",
        "PublisherFunction",
    }


def test_every_skipped_check_would_fail(tmp_path: Path) -> None:
    unskipped = copy.deepcopy(DOCUMENT)
    for resource in unskipped["Resources"].values():
        resource.get("Metadata", {}).pop("checkov", None)
    assert findings(checkov(write_template(unskipped, tmp_path))) == skipped_checks(DOCUMENT)


def test_checkov_finds_a_permissive_role_and_a_missing_backup(tmp_path: Path) -> None:
    """Shows that an empty report means that Checkov has looked."""
    insecure = copy.deepcopy(DOCUMENT)
    resources = insecure["Resources"]
    resources["WebhookFunctionRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"] = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}
    ]
    del resources["AppointmentsTable"]["Properties"]["PointInTimeRecoverySpecification"]
    assert findings(checkov(write_template(insecure, tmp_path))) >= {
        ("WebhookFunctionRole", "CKV_AWS_63"),
        ("AppointmentsTable", "CKV_AWS_28"),
    }
