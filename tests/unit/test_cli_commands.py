"""Every command has its proofs and its documentation: a new one fails here until it has them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from appointments_cli.main import main
from tests.integration.test_cli_errors import COMMANDS
from tests.project import ROOT

COMMAND_PAGE = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PERMISSIONS = COMMAND_PAGE.partition("\n## Permissions\n")[2]


def leaves(group: click.Group, *parents: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command that is no group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, *parents, name)
        else:
            yield (*parents, name)


ALL = [pytest.param(words, id=" ".join(words)) for words in leaves(main)]


def rows() -> Iterator[str]:
    """Yield the commands in the table of permissions; a row can name two of a group: ``quarantine list, show``."""
    for row in re.findall(r"^\| `([a-z][^`]*)` \| `ReaderPolicy`", PERMISSIONS, re.MULTILINE):
        group, _, names = row.rpartition(" ") if ", " not in row else row.partition(" ")
        for name in names.split(", "):
            yield f"{group} {name}".strip()


@pytest.mark.parametrize("words", ALL)
def test_the_exit_codes_of_bad_input_are_proven(words: tuple[str, ...]) -> None:
    tried = [tuple(arguments[: len(words)]) for arguments in COMMANDS]
    assert words in tried, "add the command to COMMANDS of tests/integration/test_cli_errors.py"


@pytest.mark.parametrize("words", ALL)
def test_the_permissions_of_a_command_are_listed_and_so_recorded(words: tuple[str, ...]) -> None:
    """tests/integration/test_cli_permissions.py compares the rows with recorded calls."""
    named = " ".join(words)
    listed = list(rows())
    assert any(row == named or row.startswith(f"{named} --") for row in listed), "add a row to docs/command.md"


@pytest.mark.parametrize("words", ALL)
def test_a_command_is_documented(words: tuple[str, ...]) -> None:
    text = COMMAND_PAGE + OPERATIONS
    assert re.search(rf"(\$ |`)appointments {' '.join(words)}\b", text), "show the command and its output"


def test_every_command_is_found() -> None:
    found = [" ".join(parameter.values[0]) for parameter in ALL]  # type: ignore[arg-type] # each has one value, the words
    assert len(found) > 20
    assert {"status", "quarantine redrive", "erase"} <= set(found)
