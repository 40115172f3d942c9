"""The workflows run pinned code with few permissions, and every make target that a page names exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.project import ROOT, name, text_files

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=name)


def load(path: Any) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def steps(path: Any) -> Iterator[dict[str, Any]]:
    for job in load(path)["jobs"].values():
        yield from job["steps"]


@every_workflow
def test_every_action_is_pinned_by_its_commit_and_names_its_version(path: Any) -> None:
    lines = [line for line in path.read_text().splitlines() if "uses:" in line]
    assert lines
    assert [line for line in lines if not re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []


def test_all_workflows_use_the_same_version_of_an_action() -> None:
    used = {step["uses"] for path in WORKFLOWS for step in steps(path) if "uses" in step}
    assert len(used) == len({action.partition("@")[0] for action in used})


@every_workflow
def test_every_image_is_pinned_by_its_digest(path: Any) -> None:
    images = [service["image"] for job in load(path)["jobs"].values() for service in job.get("services", {}).values()]
    assert images
    assert [image for image in images if not re.search(r":[\w.]+@sha256:[0-9a-f]{64}$", image)] == []


@every_workflow
def test_no_checkout_persists_credentials(path: Any) -> None:
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@every_workflow
def test_a_workflow_has_only_read_permission_a_time_limit_and_a_concurrency_group(path: Any) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job and job["timeout-minutes"] <= 120 for job in workflow["jobs"].values())
    assert workflow["concurrency"]["group"]


def test_every_make_target_that_a_page_or_a_workflow_names_exists() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*text_files(".md"), *WORKFLOWS)]
    named = {target for text in texts for target in re.findall(r"(?:`|^|&& |run: )make ([a-z-]+)", text, re.MULTILINE)}
    assert named >= {"check", "generate", "nightly", "run", "scan", "serve", "test"}
    assert named - TARGETS == set()
