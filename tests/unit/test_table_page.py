"""The items of the table are a contract with their readers: a golden file freezes it and a page documents it."""

from __future__ import annotations

import json
import re

import pytest

from appointments.storage import items
from generate import table_page
from samples.repairs import repaired_item
from samples.story import SAMPLES
from samples.table import current_items, delivery
from tests.repairs import repair


def test_the_current_items_of_the_samples_equal_the_golden_file() -> None:
    """A difference changes what the readers of the table get: an attribute may be added, never renamed."""
    golden = json.loads(table_page.CURRENT.read_text(encoding="utf-8"))
    assert golden == current_items(), "events/table/current.json differs: run make generate"


def test_the_golden_file_has_every_attribute_that_a_current_item_can_have() -> None:
    names = {name for item in current_items().values() for name in item}
    assert names == table_page.CURRENT_ATTRIBUTES.keys()
    participants = [p["M"] for item in current_items().values() for p in item["participants"]["L"]]
    assert {name for participant in participants for name in participant} == {
        "type",
        "role",
        "id",
        "externalId",
        "name",
    }


@pytest.mark.parametrize("attributes", ["CURRENT_ATTRIBUTES", "EVENT_ATTRIBUTES"])
def test_an_attribute_without_a_description_is_an_error(attributes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptions = dict(getattr(table_page, attributes))
    descriptions["renamed"] = descriptions.pop("updatedAt")
    monkeypatch.setattr(table_page, attributes, descriptions)
    with pytest.raises(ValueError, match=re.escape("['renamed', 'updatedAt']")):
        table_page.generate()


def test_a_body_in_s3_and_an_expiring_event_have_the_documented_attributes() -> None:
    sample = delivery(SAMPLES[0])
    plain = items.event_item(sample)
    other = items.event_item(sample._replace(expires_at=1, erased_at="2026-03-03"), body_key="bodies/x")
    repaired = repaired_item()
    assert (other.keys() | repaired.keys()) - plain.keys() == table_page.EVENT_ALTERNATIVES.keys()
    assert plain.keys() - other.keys() == {"body"}


def test_the_state_of_a_repair_has_the_documented_attributes() -> None:
    described = table_page.CURRENT_ATTRIBUTES | table_page.CURRENT_ALTERNATIVES
    assert items.current_item(repair()).keys() < described.keys()
    assert table_page.CURRENT_ALTERNATIVES.keys() <= items.current_item(repair()).keys()
