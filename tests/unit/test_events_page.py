"""The descriptions in docs/events.md match the published messages."""

from __future__ import annotations

from typing import Any

import pytest

from appointments.publishing.changes import CHANGES, changes
from generate import events_page


@pytest.mark.parametrize("part", ["METADATA", "ROUTING", "DATA"])
def test_a_member_without_a_description_is_an_error_that_names_it(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptions: dict[str, str] = dict(getattr(events_page, part))
    name, _ = descriptions.popitem()
    monkeypatch.setattr(events_page, part, descriptions)
    with pytest.raises(ValueError, match=f"differ in {name}: edit generate/events_page.py"):
        events_page.generate()


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_one_member_is_named_alone(name: str) -> None:
    before: dict[str, Any] = {"status": "ACCEPTED"}
    value: Any = {
        "status": "CANCELLED",
        "start": "2026-03-02T09:00:00Z",
        "end": "2026-03-02T09:00:00Z",
        "participants": [{"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 1}}],
        "externalId": "x",
    }.get(name, {"id": "1"})
    assert changes({**before, name: value}, {name: None, **before}) == [name]
    assert changes({**before, name: value}, before) == ([name] if name == "status" else [])
