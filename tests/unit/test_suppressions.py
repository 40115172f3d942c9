"""No rule of a linter or scanner is silenced without saying why, and none that would not have spoken."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.template import DOCUMENT, PATH

ROOT = PATH.parent
METADATA = {name: resource.get("Metadata", {}) for name, resource in DOCUMENT["Resources"].items()}
A_REASON = 25
"""Characters: what is shorter repeats the rule's name."""


def test_every_rule_of_cfn_lint_that_is_ignored_says_why_on_its_line() -> None:
    lines = [line for line in PATH.read_text().splitlines() if "ignore_checks" in line]
    assert len(lines) == sum("cfn-lint" in metadata for metadata in METADATA.values())
    for line in lines:
        rules, _, reason = line.partition(" # ")
        assert re.fullmatch(r"\s+ignore_checks: \[[A-Z0-9]+\]", rules), "one rule, one reason"
        assert len(reason) >= A_REASON, line


def test_every_check_of_checkov_that_is_skipped_says_why() -> None:
    skips = [skip for metadata in METADATA.values() for skip in metadata.get("checkov", {}).get("skip", [])]
    assert skips
    for skip in skips:
        assert set(skip) == {"id", "comment"}
        assert len(skip["comment"]) >= A_REASON, skip
    assert "checkov:skip" not in PATH.read_text(), "in Metadata, where it is read with its reason"


def test_nothing_is_silenced_for_the_whole_template() -> None:
    assert "cfn-lint" not in DOCUMENT.get("Metadata", {})
    for name in (".cfnlintrc", ".cfnlintrc.yaml", ".cfnlintrc.yml", ".checkov.yaml", ".checkov.yml"):
        assert not (ROOT / name).exists()


def test_every_rule_of_cfn_lint_that_is_ignored_would_have_spoken(tmp_path: Path) -> None:
    loud: dict[str, Any] = copy.deepcopy(DOCUMENT)
    for resource in loud["Resources"].values():
        resource.get("Metadata", {}).pop("cfn-lint", None)
    template = tmp_path / "template.json"
    template.write_text(json.dumps(loud))
    command = [str(Path(sys.executable).parent / "cfn-lint"), "-a", "cfn_lint_serverless.rules", "-f", "json", "--"]
    answer = subprocess.run([*command, str(template)], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    spoken = {(one["Location"]["Path"][1], one["Rule"]["Id"]) for one in json.loads(answer.stdout)}
    ignored = {
        (name, rule)
        for name, metadata in METADATA.items()
        for rule in metadata.get("cfn-lint", {}).get("config", {}).get("ignore_checks", [])
    }
    assert spoken == ignored
