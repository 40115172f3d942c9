"""Every suppressed rule of a linter or scanner has a reason, and would report something."""

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
MINIMUM_REASON = 25
"""Characters. A shorter reason only repeats the name of the rule."""


def test_every_ignored_rule_of_cfn_lint_has_a_reason_on_its_line() -> None:
    rules = [rule for metadata in METADATA.values() for rule in _ignored(metadata)]
    listed = re.findall(r"^ +(?:- |ignore_checks: \[)([A-Z]{1,2}\d{4})\]?(?: # (.*))?$", PATH.read_text(), re.MULTILINE)
    assert sorted(rule for rule, _ in listed) == sorted(rules), "write one rule and its reason in a line"
    assert [rule for rule, reason in listed if len(reason) < MINIMUM_REASON] == []


def test_every_skipped_check_of_checkov_has_a_reason() -> None:
    skips = [skip for metadata in METADATA.values() for skip in metadata.get("checkov", {}).get("skip", [])]
    assert skips
    for skip in skips:
        assert set(skip) == {"id", "comment"}
        assert len(skip["comment"]) >= MINIMUM_REASON, skip
    assert "checkov:skip" not in PATH.read_text(), "write the skip and its reason into Metadata"


def test_no_rule_is_ignored_for_the_whole_template() -> None:
    assert "cfn-lint" not in DOCUMENT.get("Metadata", {})
    for name in (".cfnlintrc", ".cfnlintrc.yaml", ".cfnlintrc.yml", ".checkov.yaml", ".checkov.yml"):
        assert not (ROOT / name).exists()


def test_every_ignored_rule_of_cfn_lint_would_report_its_resource(tmp_path: Path) -> None:
    unsuppressed: dict[str, Any] = copy.deepcopy(DOCUMENT)
    for resource in unsuppressed["Resources"].values():
        resource.get("Metadata", {}).pop("cfn-lint", None)
    template = tmp_path / "template.json"
    template.write_text(json.dumps(unsuppressed))
    command = [str(Path(sys.executable).parent / "cfn-lint"), "-a", "cfn_lint_serverless.rules", "-f", "json", "--"]
    answer = subprocess.run([*command, str(template)], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    reported = {(finding["Location"]["Path"][1], finding["Rule"]["Id"]) for finding in json.loads(answer.stdout)}
    ignored = {(name, rule) for name, metadata in METADATA.items() for rule in _ignored(metadata)}
    assert reported == ignored


def _ignored(metadata: dict[str, Any]) -> list[str]:
    return list(metadata.get("cfn-lint", {}).get("config", {}).get("ignore_checks", []))
