"""One run of a reconciliation: judges the appointments of a time window, slice by slice, and can be continued.

The window is a time of starts. A slice is a part of it that one listing of the API can answer. Three sources are
joined:

1. The API's listing of the slice. What ``from`` and ``to`` compare is not documented, so the question reaches further
   than the slice on both sides, and a row belongs to the slice in which it starts.
2. The current items of these appointments, by id.
3. The appointments that start in the slice by OfficeIndex, and not by the listing. The API is asked for those that the
   listing had not, by id: only what it does not know then is ``gone``. An appointment that was moved out of the window
   shows here.

Not covered are appointments without a start on both sides, and, from the table's side, those without an office.
Nothing here writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from appointments.contract import instants
from appointments.reconciliation.engage_api import EngageApi
from appointments.reconciliation.engage_appointment import EngageAppointment
from appointments.reconciliation.errors import SettingsError
from appointments.reconciliation.judging import Verdict, judge
from appointments.reconciliation.stored import StoredAppointments

DAYS_BACK, DAYS_AHEAD = 30, 90
"""The window around now, if nothing else is asked for."""
SLICE_SECONDS = 7 * 86_400
LEAST_SLICE_SECONDS = 6 * 3_600
"""A slice is split if its listing is too long, or changes while it is read, but not below this."""
LONGEST_SECONDS = 12 * 3_600
"""The listing of a slice reaches this much further: an appointment of at most this duration is in the listing of the
slice in which it starts, whichever part of its time ``from`` and ``to`` compare."""


class Cursor(NamedTuple):
    """Where a run stands, to be saved after each slice and given to the next run.

    All instants have the form of :func:`.instants.utc`. The slices before ``done`` are judged. ``unsure`` are those
    whose listing changed at each reading. ``moved`` has the ids that are judged already although the API or the table
    has them in a later slice of the window.
    """

    since: str
    until: str
    done: str
    unsure: tuple[tuple[str, str], ...] = ()
    moved: frozenset[str] = frozenset()

    @classmethod
    def of_window(cls, since: str, until: str) -> Cursor:
        """Begin a window: ``since`` is included, ``until`` is not, both in whole seconds."""
        since, until = (f"{each[:19]}.000000000Z" for each in (since, until))
        return cls(since, until, since)

    @classmethod
    def around(cls, now: str, days_back: int = DAYS_BACK, days_ahead: int = DAYS_AHEAD) -> Cursor:
        """Begin the window around an instant."""
        day = 86_400
        return cls.of_window(instants.later(now, -days_back * day), instants.later(now, days_ahead * day))

    @classmethod
    def from_json(cls, text: str) -> Cursor:
        """Read a cursor. Raises SettingsError for what :meth:`to_json` did not write."""
        try:
            members: Any = json.loads(text)
            unsure = tuple((str(first), str(last)) for first, last in members["unsure"])
            since, until, done = (instants.utc(members[name]) for name in ("since", "until", "done"))
            return cls(since, until, done, unsure, frozenset(map(str, members["moved"])))
        except (ValueError, KeyError, TypeError):
            raise SettingsError("the saved position of a run cannot be read: begin a new run") from None

    def to_json(self) -> str:
        return json.dumps(self._asdict() | {"moved": sorted(self.moved)})

    @property
    def is_done(self) -> bool:
        return self.done >= self.until

    @property
    def is_complete(self) -> bool:
        """Whether the whole window is judged, with a listing that did not change for each slice."""
        return self.is_done and not self.unsure


class Slice(NamedTuple):
    """A judged slice: its verdicts, and the cursor to save when they are dealt with."""

    verdicts: tuple[Verdict, ...]
    cursor: Cursor


class Reconciliation:
    """Joins ``api`` and the table. ``now`` gives the instant of a judgement, in the form of :func:`.instants.utc`."""

    def __init__(self, api: EngageApi, stored: StoredAppointments, now: Callable[[], str] = instants.now) -> None:
        self.api = api
        self._stored = stored
        self._now = now
        self.index_is_missing = False
        """Whether the table lacks OfficeIndex, so that its appointments are not looked for in the API."""

    def of_ids(self, ids: Sequence[str]) -> tuple[Verdict, ...]:
        """Judge appointments by id. An id that neither the API nor the table knows has no verdict."""
        appointments = self.api.with_ids(ids)
        stored = self._stored.current(ids)
        known = [id_ for id_ in dict.fromkeys(ids) if id_ in appointments or id_ in stored]
        return tuple(judge(id_, appointments.get(id_), stored.get(id_), self._now()) for id_ in known)

    def slices(self, cursor: Cursor) -> Iterator[Slice]:
        """Judge the rest of a window, and yield each slice when it is done.

        Raises a ReconciliationError where it cannot look, and what the client of DynamoDB raises. The cursor of the
        last slice continues the run.
        """
        starts = self._stored.starting(cursor.done[:19], cursor.until[:19])
        self.index_is_missing = starts is None
        while not cursor.is_done:
            last = min(instants.later(cursor.done, SLICE_SECONDS), cursor.until)
            for done in self._part(cursor, last, starts or {}):
                cursor = done.cursor
                yield done

    def _part(self, cursor: Cursor, last: str, starts: dict[str, str]) -> Iterator[Slice]:
        """Judge from ``cursor.done`` to ``last``, in parts if the listing of the whole changes while it is read."""
        middle = _middle(cursor.done, last)
        rows = self.api.between(
            instants.later(cursor.done, -1),
            instants.later(last, LONGEST_SECONDS),
            can_be_split=middle is not None,
        )
        if rows.is_complete or middle is None:
            if not rows.is_complete:
                cursor = cursor._replace(unsure=(*cursor.unsure, (cursor.done, last)))
            yield self._judged(cursor, last, rows.appointments, starts)
            return
        for end in (middle, last):
            for done in self._part(cursor, end, starts):
                cursor = done.cursor
                yield done

    def _judged(self, cursor: Cursor, last: str, listed: dict[str, EngageAppointment], starts: dict[str, str]) -> Slice:
        first = cursor.done

        def is_here(start: str | None) -> bool:
            return start is not None and first[:19] <= start[:19] < last[:19]

        here = {id_: each for id_, each in listed.items() if is_here(_start(each)) and id_ not in cursor.moved}
        elsewhere = [
            id_ for id_, start in starts.items() if is_here(start) and id_ not in here and id_ not in cursor.moved
        ]
        stored = self._stored.current([*here, *elsewhere])
        # The index can be older than the item, which then belongs to another slice.
        kept = [id_ for id_ in elsewhere if id_ in stored and is_here(stored[id_].get("start", {}).get("S"))]
        appointments = listed | self.api.with_ids([id_ for id_ in kept if id_ not in listed])
        now = self._now()
        verdicts = tuple(judge(id_, appointments.get(id_), stored.get(id_), now) for id_ in (*here, *kept))
        moved = {verdict.appointment_id for verdict in verdicts if _is_later(verdict, last, cursor.until)}
        return Slice(verdicts, cursor._replace(done=last, moved=cursor.moved | moved))


def _is_later(verdict: Verdict, last: str, until: str) -> bool:
    """Whether the API or the table has the appointment in a later slice of the window, which then leaves it out."""
    starts = [
        None if verdict.appointment is None else _start(verdict.appointment),
        None if verdict.stored is None else verdict.stored.get("start", {}).get("S"),
    ]
    return any(start is not None and last[:19] <= start[:19] < until[:19] for start in starts)


def _start(appointment: EngageAppointment) -> str | None:
    start = appointment.document["start"]
    return None if start is None else instants.utc(start)


def _middle(first: str, last: str) -> str | None:
    """Return the middle of a slice in whole seconds; None if its halves would be too short."""
    seconds = int(instants.epoch_seconds(last) - instants.epoch_seconds(first))
    return instants.later(first, seconds // 2) if seconds >= 2 * LEAST_SLICE_SECONDS else None
