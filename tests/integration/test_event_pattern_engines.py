"""The event patterns of the local stack agree with those of ministack, which agree with EventBridge's own engine.

tests/fixtures/event-patterns.json has cases with ministack's verdicts. REWRITE_FIXTURES=1 writes it again; that and the
nightly test need ministack's environment (`make setup-ministack`).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from generate import rules
from local.eventbridge.pattern import matches
from local.eventbridge.values import PatternError
from tests.patterns.cases import case

ROOT = Path(__file__).parent.parent.parent
FIXTURE = ROOT / "tests" / "fixtures" / "event-patterns.json"
PYTHON = ROOT / ".venv-ministack" / "bin" / "python"
KEPT, FRESH = 150, 5000
"""Of the kept cases, this many match, and this many do not."""


def cases(number: int, seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [case(chance) for _ in range(number)]


def judged(tried: list[dict[str, Any]]) -> list[bool | None]:
    """Return ministack's verdicts. Skips the test without its environment."""
    if not PYTHON.exists():
        pytest.skip("ministack is not installed: make setup-ministack")
    answer = subprocess.run(  # noqa: S603
        [PYTHON, ROOT / "tests" / "patterns" / "judge.py"],
        input=json.dumps(tried),
        capture_output=True,
        text=True,
        check=True,
    )
    verdicts: list[bool | None] = json.loads(answer.stdout)
    return verdicts


def own_verdict(tried: dict[str, Any]) -> bool | None:
    try:
        return matches(tried["pattern"], tried["event"])
    except PatternError:
        return None


def test_the_cases_of_the_fixture_have_the_verdicts_of_ministack() -> None:
    if os.environ.get("REWRITE_FIXTURES"):
        made = cases(FRESH, seed=1)
        lines = [
            json.dumps({**tried, "matches": wanted}, ensure_ascii=False)
            for wanted in (True, False)
            for tried in [one for one, verdict in zip(made, judged(made), strict=True) if verdict is wanted][:KEPT]
        ]
        FIXTURE.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    kept = json.loads(FIXTURE.read_text(encoding="utf-8"))
    assert [tried["matches"] for tried in kept] == [True] * KEPT + [False] * KEPT
    assert [tried for tried in kept if own_verdict(tried) is not tried["matches"]] == []


@pytest.mark.nightly
def test_fresh_cases_have_the_verdicts_of_ministack() -> None:
    seed = random.randrange(1_000_000)
    tried = cases(FRESH, seed)
    assert [one for one, verdict in zip(tried, judged(tried), strict=True) if own_verdict(one) is not verdict] == [], (
        seed
    )


@pytest.mark.nightly
def test_ministack_matches_the_rules_of_the_catalogue_as_their_files_say() -> None:
    examples = [
        (rule.name, {"pattern": rule.pattern, "event": rules.event(example)}, expected)
        for rule in rules.catalogue()
        for kind, expected in ((rule.matches, True), (rule.ignores, False))
        for example in kind
    ]
    verdicts = judged([tried for _, tried, _ in examples])
    assert [name for (name, _, expected), verdict in zip(examples, verdicts, strict=True) if verdict != expected] == []
