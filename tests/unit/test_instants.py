"""Date-times in every notation become texts of one fixed width, and these texts sort in the order of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appointments.contract.instants import FIRST, LAST, is_date_time, utc

FIRST_DAY, LAST_DAY = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001 - hypothesis adds the zone
MOMENTS = st.datetimes(FIRST_DAY, LAST_DAY, timezones=st.just(UTC))
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59)


def format_instant(moment: datetime, offset_minutes: int, digits: str) -> str:
    local = moment.astimezone(timezone(timedelta(minutes=offset_minutes)))
    sign, minutes = "-" if offset_minutes < 0 else "+", abs(offset_minutes)
    fraction = f".{digits}" if digits else ""
    return f"{local.year:04}-{local:%m-%dT%H:%M:%S}{fraction}{sign}{minutes // 60:02}:{minutes % 60:02}"


@given(MOMENTS, OFFSETS, st.text("0123456789", max_size=12))
@example(datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC), 0, "")
@example(datetime(2024, 3, 1, tzinfo=UTC), 60, "1")
def test_every_notation_of_an_instant_gives_the_same_text(moment: datetime, offset: int, digits: str) -> None:
    expected = f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}.{digits[:9]:0<9}Z"
    assert utc(format_instant(moment, offset, digits)) == expected


@given(st.lists(st.tuples(MOMENTS, OFFSETS), min_size=2, max_size=2))
def test_the_texts_sort_in_the_order_of_time(pair: list[tuple[datetime, int]]) -> None:
    texts = [utc(format_instant(moment, offset, f"{moment.microsecond:06}")) for moment, offset in pair]
    assert (texts[0] < texts[1]) == (pair[0][0] < pair[1][0])
    assert (texts[0] == texts[1]) == (pair[0][0] == pair[1][0])


@given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
def test_a_date_is_accepted_if_the_calendar_has_it(year: int, month: int, day: int) -> None:
    # The calendar repeats every 400 years, and datetime knows no year 0.
    try:
        datetime(2000 + year % 400, month, day)  # noqa: DTZ001 - a date has no zone
        exists = True
    except ValueError:
        exists = False
    for notation in ("Z", "+00:00", "+02:00"):
        text = f"{year:04}-{month:02}-{day:02}T12:00:00{notation}"
        assert is_date_time(text) == exists
        if not exists:
            with pytest.raises(ValueError, match=r"day|date-time|month"):
                utc(text)


@pytest.mark.parametrize("notation", ["Z", "z", "+00:00", "-00:00"])
def test_a_date_time_in_utc_keeps_its_time(notation: str) -> None:
    assert utc(f"2026-03-02t09:00:00.5{notation}") == "2026-03-02T09:00:00.500000000Z"


def test_an_instant_outside_the_years_0_to_9999_is_clamped() -> None:
    assert utc("0000-01-01T00:00:00+00:01") == FIRST
    assert utc("9999-12-31T23:59:59-00:01") == LAST
    assert utc("0000-01-01T00:00:00Z") == FIRST


@pytest.mark.parametrize(
    "text", ["", "2026-03-02", "2026-03-02T09:00:00", "2026-03-02T09:00:60Z", "٢026-03-02T09:00:00Z"]
)
def test_a_text_that_is_not_a_date_time_with_an_offset_is_refused(text: str) -> None:
    assert not is_date_time(text)
    with pytest.raises(ValueError, match="RFC 3339"):
        utc(text)
