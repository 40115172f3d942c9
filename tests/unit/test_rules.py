"""The catalogue of rules: each does what its title says, also for late messages and references."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from appointments.publishing.references import reference
from generate import rules
from generate.rules import Rule, event, named
from local.eventbridge.pattern import matches
from samples.bus import SOURCE
from tests.project import ROOT

CATALOGUE = rules.catalogue()
each_rule = pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.name)
each_example = pytest.mark.parametrize(
    ("rule", "example", "expected"),
    [
        pytest.param(rule, example, expected, id=f"{rule.name}-{example['message']}-{expected}")
        for rule in CATALOGUE
        for examples, expected in ((rule.matches, True), (rule.ignores, False))
        for example in examples
    ],
)
IN_FORCE = {"cancellations": "AppointmentCancelled", "moved": "AppointmentRescheduled"}


@each_example
def test_a_rule_matches_and_ignores_the_messages_that_it_lists(
    rule: Rule, example: dict[str, Any], expected: bool
) -> None:
    assert matches(rule.pattern, event(example)) is expected


@each_rule
def test_a_rule_lists_messages_of_both_kinds(rule: Rule) -> None:
    assert rule.matches
    assert rule.ignores
    assert rule.pattern["source"] == [SOURCE]


@each_example
def test_a_rule_matches_a_reference_as_it_matches_the_full_message(
    rule: Rule, example: dict[str, Any], expected: bool
) -> None:
    message = event(example)
    data = message["detail"]["data"]
    for name in ("appointment", "previousAppointment"):
        data[name] = data[name] and reference(data[name])
    data.pop("message", None)
    if rule.name != "references":
        message["detail"]["metadata"]["detail"] = "reference"
    assert matches(rule.pattern, message) is expected


@each_rule
def test_no_rule_uses_stale(rule: Rule) -> None:
    assert "stale" not in json.dumps(rule.pattern)


@pytest.mark.parametrize("name", IN_FORCE)
@pytest.mark.parametrize("stale", [False, True])
def test_a_change_that_an_update_overtakes_is_matched_once(name: str, stale: bool) -> None:
    """The update has the same status and time as its predecessor, so its changes are empty."""
    change = {"message": IN_FORCE[name], "with": {"metadata.stale": stale}}
    status = event(change)["detail"]["routing"]["status"]
    update = event(
        {
            "message": "AppointmentUpdated",
            "with": {"routing.status": status, "routing.previousStatus": status, "data.changes": []},
        }
    )
    assert [matches(named(name).pattern, message) for message in (update, event(change))] == [False, True]


def test_an_example_cannot_replace_a_member_that_the_message_does_not_have() -> None:
    with pytest.raises(KeyError, match=r"has no detail\.routing\.office"):
        event({"message": "AppointmentCreated", "with": {"routing.office": "211"}})


def shown_patterns() -> Iterator[tuple[str, Any]]:
    """Every pattern in a JSON block of a page."""
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for block in re.findall(r"```json\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            document = json.loads(block)
            if isinstance(document.get("source"), list):
                yield path.name, document


def test_every_pattern_on_a_page_is_one_of_the_catalogue() -> None:
    patterns = [rule.pattern for rule in CATALOGUE]
    shown = list(shown_patterns())
    assert {page for page, _ in shown} == {"README.md", "events.md", "rules.md"}
    assert [pattern for _, pattern in shown if pattern not in patterns] == []


@pytest.mark.parametrize(
    ("member", "test", "values"),
    [
        ("employeesAdded", {"exists": True}, {"some": ["1"], "none": []}),
        ("officeId", {"prefix": ""}, {"some": "211", "none": None}),
    ],
)
def test_a_pattern_can_ask_whether_a_member_of_routing_has_a_value(
    member: str, test: Any, values: dict[str, Any]
) -> None:
    pattern = {"detail": {"routing": {member: [test]}}}
    examples = {name: {"message": "AppointmentCreated", "with": {f"routing.{member}": values[name]}} for name in values}
    assert {name: matches(pattern, event(example)) for name, example in examples.items()} == {
        "some": True,
        "none": False,
    }
