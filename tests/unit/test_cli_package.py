"""What the command imports, and what its wheel adds to an environment."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest

from appointments_cli.main import COMMANDS, main
from tests.project import ROOT

HEAVY = ("boto3", "aws_lambda_powertools", "moto")
SCRIPT = """
import sys
from appointments_cli.main import main
try:
    main({arguments!r})
except SystemExit as ended:
    assert not ended.code, ended.code
print([name for name in {heavy!r} if name in sys.modules])
"""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options_as_the_page_says(shell: str) -> None:
    page = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
    assert f"_APPOINTMENTS_COMPLETE={shell}_source appointments" in page
    words = {"bash": ("appointments hist", "1"), "zsh": ("appointments hist", "1"), "fish": ("appointments", "hist")}
    given, current = words[shell]
    command = str(Path(sys.executable).parent / "appointments")
    answers = [
        subprocess.run(  # noqa: S603
            [command],
            env={"PATH": "/usr/bin:/bin", "_APPOINTMENTS_COMPLETE": f"{shell}_{what}", **variables},
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        for what, variables in (("source", {}), ("complete", {"COMP_WORDS": given, "COMP_CWORD": current}))
    ]
    assert "_APPOINTMENTS_COMPLETE" in answers[0]
    assert "history" in answers[1]


def test_no_help_text_imports_boto3_or_powertools() -> None:
    """One process for each command would take a minute: they are asked one after the other."""
    context = click.Context(main)
    requests = [["--help"], ["--version"]]
    for name in COMMANDS:
        command = main.get_command(context, name)
        subcommands = command.list_commands(context) if isinstance(command, click.Group) else []
        requests += [[name, *([other] if other else []), "--help"] for other in ("", *subcommands)]
    script = "\n".join(SCRIPT.format(arguments=request, heavy=HEAVY) for request in requests)
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    assert answer.stdout.count("Usage: ") == len(requests) - 1
    assert answer.stdout.count("\n[]\n") == len(requests)


def test_the_wheel_adds_only_names_of_its_own(tmp_path: Path) -> None:
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    command = [sys.executable, "-c", build, str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    (wheel,) = tmp_path.glob("*.whl")
    target = tmp_path / "site-packages"
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target), str(wheel)],
        check=True,
        capture_output=True,
    )
    names = {path.name for path in target.iterdir() if not path.name.endswith(".dist-info")}
    assert names == {"appointments", "appointments_cli", "bin"}
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert b"appointments = appointments_cli.process:run" in archive.read(entry_points)
    environment = {"PYTHONPATH": str(target), "PATH": "/usr/bin"}
    answer = subprocess.run(
        [sys.executable, "-P", "-c", "import appointments_cli; print(appointments_cli.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.startswith(str(target))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_listed_with_a_help_text(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    assert command.name == name
