"""docs/events.md says what the code publishes."""

from __future__ import annotations

from typing import Any

import pytest

from appointments import events
from local import catalogue


def test_the_page_is_what_the_code_and_the_golden_messages_make_of_it() -> None:
    assert catalogue.PATH.read_text(encoding="utf-8") == catalogue.document(), "run python -m local.catalogue"


@pytest.mark.parametrize("part", ["METADATA", "DATA"])
def test_a_member_that_is_not_described_is_noticed(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    described: dict[str, str] = dict(getattr(catalogue, part))
    described.popitem()
    monkeypatch.setattr(catalogue, part, described)
    with pytest.raises(ValueError, match="described are"):
        catalogue.document()


@pytest.mark.parametrize("name", events.CHANGES)
def test_every_change_is_named_by_itself(name: str) -> None:
    before: dict[str, Any] = {"status": "ACCEPTED"}
    value: Any = {
        "status": "CANCELLED",
        "start": "2026-03-02T09:00:00Z",
        "end": "2026-03-02T09:00:00Z",
        "participants": [{"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 1}}],
        "externalId": "x",
    }.get(name, {"id": "1"})
    assert events.changes({**before, name: value}, before) == [name]
    assert events.changes(before, before) == []
