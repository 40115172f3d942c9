"""The receipt of an erasure: counts, times, the principal, and what is left elsewhere. It says nothing about whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from appointments.contract.instants import utc
from appointments_cli.erase.journal import Journal
from appointments_cli.erase.kept import PLACES
from appointments_cli.erase.run import Survey
from appointments_cli.screen import Record

RECOVERY_DAYS = 35
QUEUE_DAYS = 14
LOG_DAYS = "30"
"""The default of the parameter LogRetentionInDays."""


def receipt(journal: Journal, survey: Survey, parameters: Mapping[str, str], by: str, now: datetime) -> Record:
    """Return the receipt of an erasure whose last search was the survey."""
    return {
        "receipt": journal.receipt_id,
        "startedAt": journal.started_at,
        "finishedAt": utc(now.isoformat()),
        "by": by,
        "erased": {place: journal.counts.get(place, 0) for place in PLACES},
        "values": len(journal.values - journal.shared),
        "sharedValues": len(journal.shared),
        "stillThere": len(survey.sightings),
        "notSearched": len(survey.missed),
        "leftElsewhere": left_elsewhere(parameters, now),
    }


def left_elsewhere(parameters: Mapping[str, str], now: datetime) -> list[Record]:
    """Return what no command can erase, and until when it stays; ``until`` is None where only others know."""
    archive = int(parameters.get("ArchiveRetentionDays", "0"))
    logs = int(parameters.get("LogRetentionInDays", LOG_DAYS))
    places = [
        ("backups of the table (point-in-time recovery)", timedelta(days=RECOVERY_DAYS)),
        ("the stream of the table, for the publisher only", timedelta(hours=24)),
        ("messages on their way from the bus to its targets", timedelta(hours=24)),
        *([("the archive of the bus", timedelta(days=archive))] if archive else []),
        *([("BusFailureQueue", timedelta(days=QUEUE_DAYS))] if parameters.get("KmsKeyArn") else []),
        ("logs and PublisherFailureQueue: ids of events and appointments", timedelta(days=max(logs, QUEUE_DAYS))),
        ("the targets of rules and other consumers: ask each", None),
    ]
    return [
        {"where": where, "until": None if stays is None else utc((now + stays).isoformat())} for where, stays in places
    ]
