"""Checks of what arrives and of what is published: from the metrics of the functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from appointments_cli.moments import ago
from appointments_cli.status.facts import INFO, OK, WRONG, Fact, Look, Metric, total, values

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
DELIVERED = ("Accepted", "Duplicate", "Stale", "Deferred", "Invalid")
OUTCOMES = (*DELIVERED, "Quarantined", "Unauthorized", "NotStored")
TOLERATED_401 = 5
"""Fewer than six 401s in an hour can be a stranger; six are all attempts of two deliveries."""
SECTIONS = {"NotStored": "Deliveries are being lost", "Unauthorized": "Unauthorized requests"}
"""By outcome, the section of docs/operations.md that says what to do."""
PUBLISHING = "see docs/operations.md, Publishing failures"
SETTLED_AFTER = timedelta(minutes=5)
"""An event that was stored later than this can still be on its way to the bus."""


def last_delivery(look: Look) -> Iterator[Fact]:
    for begin, period in ((timedelta(hours=3), 60), (timedelta(days=14), 3600)):
        found = values(look, _of("webhook", look, DELIVERED), begin, period=period)
        moments = [moment for points in found.values() for moment, value in points.items() if value]
        if moments:
            instant = max(moments).isoformat()
            about = f"{ago(instant, look.now)} ago, {look.screen.zone.show(instant)}"
            yield Fact(OK, "last delivery", about)
            return
    yield Fact(INFO, "last delivery", "none within 14 days")


def outcomes(look: Look) -> Iterator[Fact]:
    metrics = _of("webhook", look, OUTCOMES)
    now = values(look, metrics, HOUR)
    before = values(look, metrics, WEEK + HOUR, WEEK)
    for metric in metrics:
        count, same = total(now[metric]), total(before[metric])
        if not count and not same and metric.name not in ("Accepted",):
            continue
        bad = (metric.name == "NotStored" and count) or (metric.name == "Unauthorized" and count > TOLERATED_401)
        advice = f": see docs/operations.md, {SECTIONS[metric.name]}" if bad else ""
        yield Fact(WRONG if bad else OK, f"{metric.name} in 1 h", f"{count}, same hour last week {same}{advice}")


def published(look: Look) -> Iterator[Fact]:
    """Compare what was stored with what was published: a stopped mapping has no iterator age."""
    stored_metrics = [metric for service in ("webhook", "backlog") for metric in _of(service, look, STORED)]
    done_metrics = _of("publisher", look, ("Published", "PublishParked"))
    stored = sum(map(total, values(look, stored_metrics, HOUR + SETTLED_AFTER, SETTLED_AFTER).values()))
    done = values(look, done_metrics, HOUR + SETTLED_AFTER)
    out, parked = (total(done[metric]) for metric in done_metrics)
    state = WRONG if stored > out + parked else OK
    detail = f"{stored} stored until 5 min ago, {out} published, {parked} parked in 1 h"
    detail += f": 'appointments verify' names them, {PUBLISHING}" if state == WRONG else ""
    yield Fact(state, "stored against published", detail)


STORED = ("Accepted", "Stale")


def iterator_age(look: Look) -> Iterator[Fact]:
    function = look.target.resource("PublisherFunction")
    if function is None:
        return
    metric = Metric("AWS/Lambda", "IteratorAge", (("FunctionName", function),), "Maximum")
    points = values(look, [metric], timedelta(minutes=15))[metric]
    if not points:
        yield Fact(INFO, "iterator age", "no data in 15 min: nothing was published")
        return
    seconds = max(points.values()) / 1000
    late = seconds > 600
    advice = f": {PUBLISHING}" if late else ""
    yield Fact(WRONG if late else OK, "iterator age", f"{seconds:.0f} s at most in 15 min{advice}")


def _of(service: str, look: Look, names: tuple[str, ...]) -> list[Metric]:
    return [Metric(look.namespace, name, (("service", service),)) for name in names]
