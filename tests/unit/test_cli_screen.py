"""The one module that decides how the command shows anything."""

from __future__ import annotations

import json
import sys
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from appointments_cli.moments import Zone
from appointments_cli.screen import Column, Kind, Screen

BRUSSELS = Zone("Europe/Brussels", ZoneInfo("Europe/Brussels"))
COLUMNS = (
    Column("at", "received", Kind.INSTANT, essential=True),
    Column("id", kind=Kind.ID, essential=True),
    Column("text", importance=5, least=12),
    Column("path", kind=Kind.PATH, importance=6, least=10),
    Column("count", kind=Kind.NUMBER, importance=1),
)
RECORD = {
    "at": "2026-03-31T08:00:00.000000000Z",
    "id": "4f1c2b7e",
    "text": "a text that is long enough to be cut",
    "path": "$.data.appointment.office",
    "count": 7,
}


@pytest.fixture(params=[60, 80, 200])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """A terminal of a width, without colour."""
    monkeypatch.setattr("appointments_cli.screen.Screen.is_terminal", True)
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("NO_COLOR", "1")
    return int(request.param)


def shown(capsys: pytest.CaptureFixture[str], *records: dict[str, Any], columns: Any = COLUMNS) -> list[str]:
    Screen(BRUSSELS).table(columns, records)
    return capsys.readouterr().out.splitlines()


def test_a_table_has_a_row_for_each_record_and_fits_its_terminal(
    terminal: int, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(capsys, RECORD, RECORD)
    assert len(lines) == 3
    assert max(map(cell_len, lines)) <= terminal
    assert lines[0].startswith("received (Europe/Brussels)  id")
    assert lines[1].startswith("2026-03-31 10:00:00")


def test_the_least_important_columns_are_dropped_first_and_named(
    terminal: int, capsys: pytest.CaptureFixture[str]
) -> None:
    Screen(BRUSSELS).table(COLUMNS, [RECORD])
    output = capsys.readouterr()
    if terminal == 200:
        assert "  count" in output.out
        assert output.err == ""
    if terminal == 60:
        assert "not shown, because the terminal has 60 columns: count" in output.err
        assert "$.data.appointment.office"[-9:] in output.out


def test_a_dropped_text_comes_back_in_the_room_that_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("appointments_cli.screen.Screen.is_terminal", True)
    monkeypatch.setenv("NO_COLOR", "1")
    columns = (COLUMNS[0], COLUMNS[1], Column("path", kind=Kind.PATH, importance=6, least=28))
    wide = RECORD | {"path": "$.data.appointment.office.location.geolocation"}
    for width, cut in ((58, "  \u2026ocation.geolocation"), (50, "")):
        monkeypatch.setenv("COLUMNS", str(width))
        heading, line = shown(capsys, wide, columns=columns)
        assert max(cell_len(heading), cell_len(line)) <= width
        assert heading.startswith("received (Europe/Brussels)  id")
        assert line == f"2026-03-31 10:00:00         4f1c2b7e{cut}"


@given(
    st.lists(st.tuples(st.text(max_size=90), st.text(max_size=90)), min_size=1, max_size=4), st.sampled_from([60, 80])
)
def test_whatever_was_sent_a_row_is_one_line_that_fits(texts: list[tuple[str, str]], width: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("appointments_cli.screen.Screen.width", width)
        patch.setattr("appointments_cli.screen.Screen.is_terminal", True)
        lines: list[str] = []
        patch.setattr("appointments_cli.screen.show_lines", lines.extend)
        columns = (COLUMNS[0], Column("id", essential=True), Column("text", below=True))
        Screen(BRUSSELS).table(columns, [RECORD | {"id": one, "text": [other]} for one, other in texts])
    below = sum(bool(other) for _, other in texts)
    assert len(lines) == 1 + len(texts) + below
    assert all(cell_len(line) <= width for line in lines)
    assert all(char.isprintable() for line in lines for char in line)


def test_a_list_continues_under_its_row(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    columns = (COLUMNS[1], Column("changes", "change", below=True))
    assert shown(capsys, {"id": "e-1", "changes": ["a -> b", "c -> d"]}, {"id": "e-2"}, columns=columns) == [
        "id",
        "e-1",
        "    a -> b",
        "    c -> d",
        "e-2",
    ]


def test_a_pipe_gets_one_tab_separated_line_a_record_without_heading_and_colour(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    (line,) = shown(capsys, RECORD | {"text": ["one", "two\twith a tab", "\x1b[2J"]})
    assert line.split("\t") == [
        "2026-03-31T10:00:00.000+02:00",
        "4f1c2b7e",
        "one; two\\twith a tab; \\x1b[2J",
        "$.data.appointment.office",
        "7",
    ]


def test_json_is_one_object_a_line_with_instants_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(BRUSSELS, as_json=True)
    screen.table(COLUMNS, [RECORD | {"_changes": ["for a terminal"]}])
    screen.facts(RECORD, COLUMNS)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [RECORD, RECORD]


def test_facts_are_a_line_for_each_member_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(BRUSSELS).facts({"id": "e-1", "text": None, "count": 0}, COLUMNS)
    assert capsys.readouterr().out == "id\te-1\n"


def test_colour_is_written_unless_no_color_is_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    columns = (Column("state", essential=True),)
    assert "\x1b[" in shown(capsys, {"state": "wrong"}, columns=columns)[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in "".join(shown(capsys, {"state": "wrong"}, columns=columns))


@pytest.mark.parametrize(
    ("count", "more", "sentence"),
    [
        (0, False, "nothing found: no event of appointment a-1\n"),
        (1, False, "1 event of appointment a-1\n"),
        (2, True, "2 events of appointment a-1: there are more, give a higher --limit\n"),
    ],
)
def test_the_closing_line_says_how_many_and_whether_there_are_more(
    capsys: pytest.CaptureFixture[str], count: int, more: bool, sentence: str
) -> None:
    Screen(BRUSSELS).close(count, "event", more=more, within=" of appointment a-1")
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", sentence)
