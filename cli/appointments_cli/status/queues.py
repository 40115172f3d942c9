"""Checks of what waits: the backlog, the failure queues and the quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from appointments_cli.queues import counts, oldest_seconds
from appointments_cli.status.facts import INFO, OK, UNKNOWN, WRONG, Fact, Look

OLDEST_SECONDS = 900
"""BacklogAgeAlarm fires at this age."""
LOOKED_AT = 1000
"""The status reads the metadata of at most this many objects, the newest."""
GROUPS = 5
FAILURE_QUEUES = {
    "PublisherFailureQueue": "see failures list",
    "BacklogFailureQueue": "see backlog list",
    "BusFailureQueue": "see docs/operations.md",
}


def backlog(look: Look) -> Iterator[Fact]:
    url = look.target.resource("BacklogQueue")
    if url is None:
        yield Fact(UNKNOWN, "backlog", "the stack has no BacklogQueue")
        return
    visible, in_flight = counts(look.target.sqs, url)
    oldest = oldest_seconds(look, url)
    age = "unknown" if oldest is None and visible + in_flight else f"{oldest or 0:.0f} s"
    late = (oldest or 0) > OLDEST_SECONDS
    state = WRONG if late else INFO if visible + in_flight else OK
    advice = "" if state == OK else ": see docs/operations.md, Backlog"
    yield Fact(state, "backlog", f"{visible} waiting, {in_flight} in flight, oldest {age}{advice}")


def failure_queues(look: Look) -> Iterator[Fact]:
    for name, advice in FAILURE_QUEUES.items():
        url = look.target.resource(name)
        if url is None:
            if name != "BusFailureQueue":  # it exists only with KmsKeyArn
                yield Fact(UNKNOWN, name, "the stack does not have it")
            continue
        visible, in_flight = counts(look.target.sqs, url)
        count = visible + in_flight
        detail = f"{visible} visible, {in_flight} held: {advice}" if count else "empty"
        yield Fact(WRONG if count else OK, name, detail)


def quarantine(look: Look) -> Iterator[Fact]:
    from appointments_cli.quarantine.objects import Filters, Finder
    from appointments_cli.quarantine.output import groups
    from appointments_cli.quarantine.redrive import SETTLED

    found = Finder(look.target.s3, look.target.quarantine_bucket).find(Filters(), newest_first=True)
    entries = list(islice(found, LOOKED_AT))
    unsettled = [entry for entry in entries if entry.outcome not in SETTLED]
    harmless = [entry for entry in unsettled if entry.reason == "callback-request"]
    if harmless:
        yield Fact(INFO, "quarantine", f"{len(harmless)} callback-request: of the vendor's other webhook entity")
    unsettled = [entry for entry in unsettled if entry.reason != "callback-request"]
    more = f", of the newest {LOOKED_AT}" if len(entries) == LOOKED_AT else ""
    if not unsettled:
        yield Fact(OK, "quarantine", f"nothing unsettled{more}")
        return
    yield Fact(WRONG, "quarantine", f"{len(unsettled)} unsettled{more}: see quarantine list")
    for group in groups(unsettled)[:GROUPS]:
        path = ".".join(group["path"].split(".")[-2:])
        yield Fact(INFO, "quarantine", f"{group['objects']} {path} {group['rule']}".strip())
