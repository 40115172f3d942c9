"""What a run came to, as tables, and what of it is not as the promises say.

What should be is worked out from the bodies alone: each accepted event in the history once, an appointment's
state from its greatest (updatedAt as an instant, envelope id), one message on the bus for each event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file that was delivered and its answer; ``envelope`` is None for a body that was not taken in."""

    name: str
    status: int
    outcome: str | None
    violations: int
    envelope: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Result:
    """``items`` are the table's, in DynamoDB's attribute form; ``messages`` as a rule's target gets them."""

    delivered: tuple[Delivered, ...]
    items: tuple[dict[str, Any], ...]
    messages: tuple[dict[str, Any], ...]

    def tables(self) -> Iterator[str]:
        yield from _table(("delivered", "answer", "outcome", "broken limits or rules"), self._answers())
        yield ""
        yield from _table(("appointment in the table", "status", "start", "events", "as of event"), self._states())
        yield ""
        yield from _table(("message on the bus", "of appointment", "stale", "changes"), self._messages())
        yield ""

    def closing_line(self, wrong: Sequence[str]) -> str:
        verdict = f"{len(wrong)} things are wrong" if wrong else "all as it should be"
        return (
            f"{len(self.delivered)} deliveries answered, {len(self._history())} events and {len(self._current())} "
            f"appointments stored, {len(self.messages)} messages received: {verdict}."
        )

    def wrong(self, expected: Mapping[str, tuple[int, str | None]]) -> Iterator[str]:
        """``expected`` holds status and outcome by the name of a file."""
        for one in self.delivered:
            if expected.get(one.name) != (one.status, one.outcome):
                yield f"{one.name} was answered {one.status} {one.outcome}, expected {expected.get(one.name)}"
        for name in sorted(expected.keys() - {one.name for one in self.delivered}):
            yield f"{name} was not delivered"
        accepted = self._accepted()
        if sorted(item["sk"]["S"] for item in self._history()) != sorted(f"EVENT#{name}" for name in accepted):
            yield "the history does not hold each accepted event once"
        if {pk: item["eventId"]["S"] for pk, item in self._current().items()} != _newest(accepted):
            yield "an appointment's state is not that of its newest event"
        told = sorted((m["detail"]["metadata"]["id"], m["detail"]["metadata"]["stale"]) for m in self.messages)
        if told != sorted((name, one.outcome == "stale") for name, one in accepted.items()):
            yield "the bus did not carry each accepted event once, the stale ones flagged"

    def _accepted(self) -> dict[str, Delivered]:
        """By envelope id, what was stored now."""
        return {
            one.envelope["id"]: one for one in self.delivered if one.envelope and one.outcome in ("stored", "stale")
        }

    def _current(self) -> dict[str, dict[str, Any]]:
        return {item["pk"]["S"]: item for item in self.items if item["sk"]["S"] == "CURRENT"}

    def _history(self) -> list[dict[str, Any]]:
        return [item for item in self.items if item["sk"]["S"] != "CURRENT"]

    def _answers(self) -> Iterator[tuple[str, ...]]:
        for one in self.delivered:
            yield one.name, str(one.status), one.outcome or "", str(one.violations or "")

    def _states(self) -> Iterator[tuple[str, ...]]:
        for pk, item in sorted(self._current().items()):
            events = sum(event["pk"]["S"] == pk for event in self._history())
            start = item["start"]["S"][:16] + "Z" if "start" in item else ""
            yield pk.removeprefix("APPOINTMENT#"), item["status"]["S"], start, str(events), item["eventId"]["S"]

    def _messages(self) -> Iterator[tuple[str, ...]]:
        """By appointment, whose messages arrive in order; those of different appointments do not."""
        for message in sorted(self.messages, key=lambda message: message["detail"]["metadata"]["appointmentId"]):
            metadata, data = message["detail"]["metadata"], message["detail"]["data"]
            stale = "stale" if metadata["stale"] else ""
            yield message["detail-type"], metadata["appointmentId"], stale, " ".join(data["changes"])


def _newest(accepted: Mapping[str, Delivered]) -> dict[str, str]:
    """By partition key, the id of the event that the state must come from."""
    appointments = {name: one.envelope["data"]["appointment"] for name, one in accepted.items() if one.envelope}
    ranked = sorted(
        (datetime.fromisoformat(appointment["updatedAt"]), name) for name, appointment in appointments.items()
    )
    return {f"APPOINTMENT#{appointments[name]['id']}": name for _, name in ranked}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    body = list(rows)
    widths = [max(len(row[column]) for row in (head, *body)) for column in range(len(head))]
    for row in (head, ["-" * width for width in widths], *body):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
