"""Replays a time from the archive of the bus to one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appointments_cli.errors import WrongTargetError
from appointments_cli.publish.destinations import is_of_archive
from appointments_cli.screen import Column, Kind, Record

if TYPE_CHECKING:
    from appointments_cli.options import Window
    from appointments_cli.screen import Screen
    from appointments_cli.target import Target

FACTS = (
    Column("rule"),
    Column("since", kind=Kind.INSTANT),
    Column("until", kind=Kind.INSTANT),
    Column("replay"),
    Column("state"),
)
ARCHIVE = "AppointmentsArchive"


def replay(target: Target, screen: Screen, window: Window, rule: str, *, yes: bool) -> None:
    """Start a replay of what was published in a time, for one rule alone; without ``yes`` say what it would be."""
    from datetime import datetime

    from appointments.contract.instants import utc

    events = target.client("events")
    name = target.resource(ARCHIVE)
    if name is None:
        raise WrongTargetError(
            f"the stack {target.stack.name} keeps no archive: use queue:URL, and set ArchiveRetentionDays for later"
        )
    found = _rules(events, target.bus_name)
    if rule not in found:
        raise WrongTargetError(f"the bus has no rule {rule}: its rules are {', '.join(sorted(found)) or 'none'}")
    until = window.until or utc(screen.now().isoformat())
    record: Record = {"rule": rule, "since": window.since, "until": until, "replay": None, "state": "would start"}
    if yes:
        started = events.start_replay(
            ReplayName=f"{target.stack.name}-{screen.now():%Y%m%dT%H%M%S}"[:64],
            EventSourceArn=events.describe_archive(ArchiveName=name)["ArchiveArn"],
            EventStartTime=datetime.fromisoformat(str(window.since)),
            EventEndTime=datetime.fromisoformat(until),
            Destination={
                "Arn": events.describe_event_bus(Name=target.bus_name)["Arn"],
                "FilterArns": [found[rule]],
            },
        )
        record |= {"replay": started["ReplayArn"].rpartition("/")[2], "state": started["State"]}
    screen.facts(record, FACTS)
    dry = "" if yes else "dry run, nothing is sent without --yes: "
    screen.say(f"{dry}only the rule {rule} gets what the archive has of this time, with replay-name outside of detail")


def _rules(events: Any, bus: str) -> dict[str, str]:
    pages = events.get_paginator("list_rules").paginate(EventBusName=bus)
    return {rule["Name"]: rule["Arn"] for page in pages for rule in page["Rules"] if not is_of_archive(rule)}
