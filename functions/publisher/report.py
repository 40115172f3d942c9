"""What PublisherFunction writes about a batch: what became of each event, and where the sender leaves the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from appointments.contract.members import loggable
from appointments.publishing.pending import PendingEvent
from appointments.publishing.publication import Published
from appointments.storage.items import appointment_id_of, envelope_id_of

MOST_PATHS = 20
"""The line of a batch names at most this many paths of a kind."""


def metric_values(published: Published) -> dict[str, int]:
    """Return the metrics of a batch. A count of problems is absent if it is 0: a metric is billed when it is sent."""
    problems = {
        "PublishParked": len(published.parked),
        "PublishFailed": len(published.failed),
        "UnknownMembers": sum(len(event.unknown_members) for event in published.accepted.values()),
    }
    return {"Published": published.count, **{name: count for name, count in problems.items() if count}}


def line(batch: Iterable[PendingEvent], published: Published) -> dict[str, Any]:
    """Return the members of the line: ``events``, and the paths that are worth a look, if there are any.

    The result of an event is ``published``, ``parked``, or ``again`` for one that the stream must deliver again.
    """
    paths = {
        "unknown_members": _most_frequent(event.unknown_members for event in published.accepted.values()),
        "violations": _most_frequent(event.violations for event in published.accepted.values()),
    }
    events = [{**_result(event, published), **_ids(event)} for event in batch]
    return {"message": "publisher", **{name: found for name, found in paths.items() if found}, "events": events}


def _result(event: PendingEvent, published: Published) -> Mapping[str, str]:
    number = event.sequence_number
    if number in published.accepted:
        return {"result": "published", "event_id": published.accepted[number].event_id}
    if number in published.parked:
        return {"result": "parked", "code": published.parked[number].code}
    return {"result": "again", "code": published.failed[number]}


def _ids(event: PendingEvent) -> Mapping[str, str]:
    return {
        "envelope_id": loggable(envelope_id_of(event.sort_key)),
        "appointment_id": loggable(appointment_id_of(event.partition_key)),
    }


def _most_frequent(found: Iterable[Iterable[str]]) -> list[str]:
    counts = Counter(path for paths in found for path in paths)
    return [path for path, _ in counts.most_common(MOST_PATHS)]
