"""A long table on a terminal: paged by the pager of the environment, and by none in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from appointments_cli.main import main
from tests.builders import body, delivery
from tests.deployment import STACK, Deployment
from tests.terminals import terminal

EVENTS = 200
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
    with terminal(monkeypatch, "stdin", "stdout") as shown:
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
    with terminal(monkeypatch, "stdin", "stdout") as shown:
        run(*arguments)
    assert not paged.exists()
    assert shown.getvalue().count(b"2026-03-02 ") == (EVENTS if "a-1" in arguments else 1)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_nothing_is_paged_in_a_pipe(deployed: Deployment, paged: Path, form: tuple[str, ...]) -> None:
    assert len(deployed.run(*HISTORY[:2], *form).stdout.splitlines()) == EVENTS
    assert not paged.exists()
