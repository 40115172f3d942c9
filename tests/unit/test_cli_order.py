"""The order of records that have the same time."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from appointments.contract.violations import Violation
from appointments.storage.quarantine import QuarantineMetadata
from appointments_cli.order import newest_first
from appointments_cli.quarantine import output
from appointments_cli.quarantine.objects import QuarantineObject

RECORDS: list[dict[str, Any]] = [
    {"at": "2026-03-03", "key": "b"},
    {"at": "2026-03-02", "key": "a", "id": "1"},
    {"at": "2026-03-02", "key": "a", "id": "2"},
    {"at": "2026-03-02", "key": "c"},
    {"at": None, "key": "a"},
    {"key": "b"},
]


def test_records_of_one_time_have_one_order_in_which_ever_order_they_come() -> None:
    assert all(newest_first(each, "at", "key", "id") == RECORDS for each in permutations(RECORDS))


def test_the_groups_of_quarantine_have_one_order() -> None:
    violations = (Violation("$.b", "type", ""), Violation("$.a", "type", ""), Violation("$.a", "enum", ""))
    metadata = QuarantineMetadata("2026-03-02T09:00:00Z", violations, len(violations))
    entries = [QuarantineObject(key, 1, metadata.received_at, metadata, None, None) for key in "cab"]
    for each in permutations(entries):
        groups = output.groups(each)
        assert [(group["path"], group["rule"], group["newest"]) for group in groups] == [
            ("$.a", "enum", "a"),
            ("$.a", "type", "a"),
            ("$.b", "type", "a"),
        ]
