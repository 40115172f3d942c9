"""The current items that the table holds after the story, by appointment."""

from __future__ import annotations

from typing import Any

from appointments.contract.parsing import parse_body
from appointments.outcome import Outcome
from appointments.storage import items
from samples.sample import Sample
from samples.story import SAMPLES


def delivery(sample: Sample) -> items.Delivery:
    """Return the sample as the intake hands it to the store."""
    parsed = parse_body(sample.body)
    return items.Delivery(
        sample.body, parsed.document, parsed.essentials, parsed.violations, parsed.violation_count, sample.received_at
    )


def current_items() -> dict[str, Any]:
    """Return the current item of each appointment, in DynamoDB's attribute form, by appointment id."""
    stored = [delivery(sample) for sample in SAMPLES if sample.expected_outcome is Outcome.STORED]
    newest = sorted(stored, key=lambda each: each.essentials.updated_at)
    return {each.essentials.appointment_id: items.current_item(each) for each in newest}
