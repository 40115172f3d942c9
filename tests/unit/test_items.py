"""Rules of the items of the table that no reader of the samples sees."""

from __future__ import annotations

from typing import Any

import pytest

from appointments.storage import items
from tests.builders import received_delivery


@pytest.mark.parametrize(
    ("attribute", "size"),
    [
        ({"S": "é"}, 2),
        ({"N": "1"}, 2),
        ({"N": "1234"}, 5),  # DynamoDB says "approximately" three: one byte for two digits, and one more
        ({"B": b"abc"}, 3),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": True}]}, 3 + (1 + 2) + (1 + 1)),
        ({"M": {}}, 3),
        ({"M": {"é": {"S": "ab"}, "b": {"L": []}}}, 3 + (1 + 2 + 2) + (1 + 1 + 3)),
    ],
)
def test_the_size_of_an_item_follows_the_rules_of_dynamodb(attribute: Any, size: int) -> None:
    """Source: DynamoDB Developer Guide, "DynamoDB item sizes and formats"."""
    assert items.size({"é": attribute, "b": {"S": ""}}) == 2 + size + 1


def test_an_event_expires_at_a_number_of_epoch_seconds() -> None:
    """DynamoDB's time to live ignores an attribute of another type."""
    expiring = items.event_item(received_delivery()._replace(expires_at=1_772_442_001))
    assert expiring["expiresAt"] == {"N": "1772442001"}
    assert "expiresAt" not in items.event_item(received_delivery())


def test_a_body_in_the_item_is_read_without_the_bucket() -> None:
    delivery = received_delivery()

    def load(key: str) -> bytes:
        raise AssertionError(key)

    assert items.read_body(items.event_item(delivery), load) == delivery.body
