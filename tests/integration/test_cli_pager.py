"""A long table on a terminal: paged by the pager of the environment, and by none in a pipe."""

from __future__ import annotations

import io
import os
import pty
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from moto import mock_aws

from appointments_cli.main import main
from tests.builders import body, delivery
from tests.deployment import STACK, Deployment

EVENTS = 200
LINES = 40
HISTORY = ("history", "a-1", "--stack", STACK, "--tz", "UTC")


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployment]:
    with mock_aws():
        deployment = Deployment()
        for number in range(EVENTS):
            at = f"2026-03-02T{number // 60:02}:{number % 60:02}:00Z"
            deployment.receive(body(delivery(id=f"e-{number}", updated_at=at, office={"id": f"o-{number}"})))
        deployment.receive(body(delivery(id="short", appointment_id="a-2")))
        yield deployment


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.BytesIO]:
    """A terminal of 100 columns and 40 lines in the place of stdin and stdout, and what it shows."""
    outside, inside = pty.openpty()
    shown = io.BytesIO()

    def read() -> None:
        try:
            while chunk := os.read(outside, 65536):
                shown.write(chunk)
        except OSError:
            pass  # the other side is closed

    reader = threading.Thread(target=read)
    reader.start()
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", str(LINES))
    with (
        os.fdopen(os.dup(inside), "w", encoding="utf-8") as out,
        os.fdopen(os.dup(inside), encoding="utf-8") as stdin,
        monkeypatch.context() as patch,
    ):
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stdin", stdin)
        yield shown
    os.close(inside)
    reader.join(timeout=60)
    os.close(outside)


@pytest.fixture
def paged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A pager that writes what it gets to this file."""
    pager, file = tmp_path / "pager", tmp_path / "paged"
    pager.write_text(f"#!/bin/sh\ncat > '{file}'\n")
    pager.chmod(0o755)
    monkeypatch.setenv("PAGER", str(pager))
    return file


def run(*arguments: str) -> None:
    main.main([*arguments], standalone_mode=False)


@pytest.mark.usefixtures("deployed")
def test_a_history_that_is_higher_than_the_terminal_is_paged(
    paged: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with terminal(monkeypatch) as shown:
        run(*HISTORY)
    lines = paged.read_text().splitlines()
    assert lines[0].startswith("sent (UTC)")
    assert sum(line.startswith("2026-03-02 ") for line in lines) == EVENTS
    assert max(map(len, lines)) <= 100
    assert shown.getvalue() == b""
    assert f"{EVENTS} events of appointment a-1" in capsys.readouterr().err


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("arguments", [(*HISTORY, "--no-pager"), ("history", "a-2", "--stack", STACK)])
def test_a_short_history_or_no_pager_goes_to_the_terminal(
    paged: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    with terminal(monkeypatch) as shown:
        run(*arguments)
    assert not paged.exists()
    assert shown.getvalue().count(b"2026-03-02 ") == (EVENTS if "a-1" in arguments else 1)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_nothing_is_paged_in_a_pipe(deployed: Deployment, paged: Path, form: tuple[str, ...]) -> None:
    assert len(deployed.run(*HISTORY[:2], *form).stdout.splitlines()) == EVENTS
    assert not paged.exists()
