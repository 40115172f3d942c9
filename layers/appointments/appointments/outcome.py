"""What becomes of a body."""

from enum import StrEnum


class Outcome(StrEnum):
    """The values stand in answers, logs, metrics and quarantine keys.

    The first four come from the store. ``conflicting-duplicate`` and all after ``deferred`` put the body in
    quarantine, under a key that begins with the value.
    """

    STORED = "stored"
    DUPLICATE = "duplicate"
    STALE = "stale"
    CONFLICT = "conflicting-duplicate"
    DEFERRED = "deferred"
    MALFORMED = "malformed"
    MEDIA_TYPE = "media-type"
    CONTRACT = "contract"
    CALLBACK_REQUEST = "callback-request"
    UNDELIVERABLE = "undeliverable"


QUARANTINED = (
    Outcome.MALFORMED,
    Outcome.CONTRACT,
    Outcome.CALLBACK_REQUEST,
    Outcome.MEDIA_TYPE,
    Outcome.CONFLICT,
    Outcome.UNDELIVERABLE,
)
"""The outcomes that put a body in quarantine."""
UNALARMED = frozenset({Outcome.CALLBACK_REQUEST})
"""Outcomes in quarantine that no alarm counts: a webhook of another entity points here."""
