"""BacklogFailureQueue: deliveries that were given up. One that is JSON is replaced by one without the customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from appointments.deadline import Deadline
from appointments.storage.backlog import Backlog, Deferred
from appointments_cli.erase.journal import Journal
from appointments_cli.erase.kept import BACKLOG, DELETE, REDACT, Found, Kept, is_named, redact
from appointments_cli.export.places import MOST_MESSAGES, given_up, opened
from appointments_cli.queue_reader import QueueReader
from appointments_cli.target import Target

HOLD_SECONDS = 30
"""A killed run holds messages for this long; a run extends its hold."""
SECONDS = 30.0
"""The time for one message. A person waits."""


class QueuePlace:
    """The messages that were given up, with their bodies in BodiesBucket."""

    names = (BACKLOG,)

    def __init__(self, target: Target, now: Callable[[], str]) -> None:
        self._target = target
        self._now = now
        self.held_by_others = 0
        self.missed: list[str] = []

    @property
    def _url(self) -> str:
        return self._target.required_resource("BacklogFailureQueue")

    def kept(self) -> Iterator[Kept]:
        self.missed.clear()
        held, self.held_by_others = given_up(self._target, self.missed)
        for each in held:
            body, received_at, _ = opened(self._target, each, self.missed)
            ids = {"messageId": each.message_id, "receivedAt": received_at or None}
            yield Kept(BACKLOG, each.message_id, ids, body)

    def naming(self, customer: str, kept: Kept) -> Found | None:
        named = is_named(kept.body, customer)
        return None if named is False else Found.of(kept, REDACT if named else DELETE)

    def erase(self, customer: str, found: Sequence[Found], journal: Journal) -> Iterator[Found]:
        """Send the delivery without the customer, then delete the message. A stop in between leaves one more."""
        by_id = {each.identity: each for each in found}
        if not by_id:
            return
        backlog = Backlog(self._target.sqs, self._url, lambda: self._target.bodies)
        with QueueReader(self._target.sqs, self._url, hold_seconds=HOLD_SECONDS) as queue:
            for held in queue.receive(MOST_MESSAGES):
                each = by_id.get(held.message_id)
                if each is None:
                    continue
                body, received_at, _ = opened(self._target, held, self.missed)
                redacted = redact(body, customer) if each.action == REDACT else None
                journal.note(each.place, each.identity, redacted[1] if redacted else ())
                if redacted:
                    backlog.defer(Deferred(redacted[0], received_at, self._now()), Deadline(SECONDS))
                queue.delete(held)
                queue.extend_hold()
                yield each
