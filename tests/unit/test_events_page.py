"""docs/events.md says what the code publishes."""

from __future__ import annotations

from typing import Any

import pytest

from appointments.publishing.changes import CHANGES, changes
from generate import events_page


def test_the_page_is_what_the_code_and_the_golden_messages_make_of_it() -> None:
    assert events_page.PATH.read_text(encoding="utf-8") == events_page.document(), "run python -m generate.events_page"


@pytest.mark.parametrize("part", ["METADATA", "DATA"])
def test_a_member_that_is_not_described_is_noticed(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    described: dict[str, str] = dict(getattr(events_page, part))
    described.popitem()
    monkeypatch.setattr(events_page, part, described)
    with pytest.raises(ValueError, match="described are"):
        events_page.document()


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_named_by_itself(name: str) -> None:
    before: dict[str, Any] = {"status": "ACCEPTED"}
    value: Any = {
        "status": "CANCELLED",
        "start": "2026-03-02T09:00:00Z",
        "end": "2026-03-02T09:00:00Z",
        "participants": [{"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 1}}],
        "externalId": "x",
    }.get(name, {"id": "1"})
    assert changes({**before, name: value}, before) == [name]
    assert changes(before, before) == []
