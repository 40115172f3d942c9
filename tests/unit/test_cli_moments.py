"""Times as an operator writes and reads them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
import pytest

from appointments_cli.moments import Zone, ago, parse, parse_day

BRUSSELS = Zone("Europe/Brussels", ZoneInfo("Europe/Brussels"))
NOW = datetime(2026, 3, 29, 12, 30, tzinfo=UTC)
"""14:30 in Brussels, on the day when summer time begins."""


@pytest.fixture
def machine_in_brussels(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zone]:
    monkeypatch.setenv("TZ", "Europe/Brussels")
    time.tzset()
    yield Zone.of(None)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2h", "2026-03-29T10:30:00.000000000Z"),
        ("90m", "2026-03-29T11:00:00.000000000Z"),
        ("7d", "2026-03-22T12:30:00.000000000Z"),
        ("now", "2026-03-29T12:30:00.000000000Z"),
        ("today", "2026-03-28T23:00:00.000000000Z"),
        ("yesterday", "2026-03-27T23:00:00.000000000Z"),
        ("14:30", "2026-03-29T12:30:00.000000000Z"),
        ("14:31", "2026-03-28T13:31:00.000000000Z"),
        ("22:00", "2026-03-28T21:00:00.000000000Z"),
        ("2026-03-30", "2026-03-29T22:00:00.000000000Z"),
        ("2026-03-28T09:00", "2026-03-28T08:00:00.000000000Z"),
        ("2026-03-28 09:00:00", "2026-03-28T08:00:00.000000000Z"),
        ("2026-03-28T09:00:00.5Z", "2026-03-28T09:00:00.500000000Z"),
        ("2026-03-28T09:00:00+05:30", "2026-03-28T03:30:00.000000000Z"),
    ],
)
def test_a_time_has_many_forms_and_means_its_zone(text: str, instant: str, machine_in_brussels: Zone) -> None:
    assert parse(text, BRUSSELS, NOW, "--since") == instant
    assert parse(text, machine_in_brussels, NOW, "--since") == instant


@pytest.mark.parametrize("text", ["", "soon", "2", "h", "25:00", "2026-02-30", "2026-13-01", "2h30m", "99999999999w"])
def test_any_other_text_is_an_error_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(click.BadParameter) as raised:
        parse(text, BRUSSELS, NOW, "--since")
    assert str(raised.value) == (
        f"{text!r} is not a time: give 2h, yesterday, 22:00, 2026-03-02, 2026-03-02T09:00 or 2026-03-02T09:00:00Z"
    )


def test_a_day_is_as_long_as_it_is_in_its_zone(machine_in_brussels: Zone) -> None:
    for zone in (BRUSSELS, machine_in_brussels):
        expected = ("2026-03-28T23:00:00.000000000Z", "2026-03-29T22:00:00.000000000Z")
        assert parse_day("today", zone, NOW, "--day") == parse_day("2026-03-29", zone, NOW, "--day") == expected
        assert parse_day("tomorrow", zone, NOW, "--day")[0] == expected[1]
    with pytest.raises(click.BadParameter, match="is not a day: give today, tomorrow, yesterday or 2026-03-02"):
        parse_day("friday", BRUSSELS, NOW, "--day")


def test_an_instant_is_shown_in_its_zone_and_any_other_text_unchanged() -> None:
    assert BRUSSELS.show("2026-03-29T12:30:00.000000000Z") == "2026-03-29 14:30:00"
    assert BRUSSELS.iso("2026-03-29T12:30:00.123456789Z") == "2026-03-29T14:30:00.123+02:00"
    for text in ("0000-01-01T00:00:00.000000000Z", "9999-12-31T23:59:59.999999999Z", "soon"):
        assert (BRUSSELS.show(text), BRUSSELS.iso(text)) == (text, text)


def test_an_unknown_zone_is_an_error_that_names_the_option() -> None:
    for name in ("Mars/Base", "../etc/passwd", ""):
        with pytest.raises(click.BadParameter, match="is not a time zone"):
            Zone.of(name)


@pytest.mark.parametrize(
    ("instant", "text"),
    [("2026-03-29T12:29:30Z", "30 s"), ("2026-03-29T12:00:00Z", "30 min"), ("2026-03-27T12:00:00Z", "2 d"), ("x", "?")],
)
def test_the_time_since_an_instant_is_in_its_largest_unit(instant: str, text: str) -> None:
    assert ago(instant, NOW) == text
