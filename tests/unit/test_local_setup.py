"""A failed installation gets no stamp file, and an installation prints a line in each pause. A script replaces pip."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PYTHON = """\
#!/bin/bash
# Copies itself into a new environment, and runs the commands of the test instead of pip.
case "$*" in
  *"-m venv"*) folder="${@: -1}"; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python";;
  *"--require-hashes"*) echo "Collecting first==1.0 (from -r requirements)"; echo "  Downloading it"; eval "$PIP_CODE";;
  *"-e ."*) eval "${EDITABLE_CODE:-true}";;
esac
"""
STAMPS = {"run": ".venv/.installed-run", "setup": ".venv/.installed", "setup-sam": ".venv-sam/.installed"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the Makefile, the locks and a Python that installs nothing."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def make(
    project: Path, *arguments: str, output: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run make. Its output is in the result, or in the file ``output`` while make still runs."""
    with output.open("w") if output else nullcontext(subprocess.PIPE) as stdout:
        return subprocess.run(  # noqa: S603
            ["make", *([] if "PYTHON=" in arguments else [f"PYTHON={project / 'python'}"]), *arguments],  # noqa: S607
            cwd=project,
            env={**os.environ, "MAKEFLAGS": "", **variables},
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def stamps(project: Path) -> list[str]:
    return [str(path.relative_to(project)) for path in sorted(project.glob(".venv*/.installed*"))]


@pytest.mark.parametrize("target", STAMPS.values())
def test_a_failed_installation_is_repeated(project: Path, target: str) -> None:
    for _ in range(2):
        failed = make(project, target, PIP_CODE="echo 'no index' >&2; exit 1")
        assert failed.returncode != 0
        assert "no index" in failed.stdout
        assert stamps(project) == []
    assert make(project, target, PIP_CODE="true").returncode == 0
    assert target in stamps(project)
    assert "up to date" in make(project, target, PIP_CODE="exit 1").stdout


def test_a_failed_editable_installation_is_repeated(project: Path) -> None:
    for _ in range(2):
        assert make(project, "setup", PIP_CODE="true", EDITABLE_CODE="exit 1").returncode != 0
        assert stamps(project) == []


def test_make_run_installs_only_its_lock(project: Path) -> None:
    assert make(project, STAMPS["run"], PIP_CODE='echo "$*" >>pip.log').returncode == 0
    assert re.findall(r"requirements/(\w+)\.txt", (project / "pip.log").read_text()) == ["run"]
    assert make(project, "-n", "run").stdout.count("pip install") == 0
    assert make(project, "-n", "serve").stdout.count("pip install") == 0
    assert make(project, "-n", "setup").stdout.count("requirements/dev.txt") >= 1


def test_an_installation_prints_the_collected_packages_and_a_line_in_each_pause(project: Path) -> None:
    # The installation pauses until the line is there, so the test does not depend on the clock.
    pause = "until grep -q 'still installing' output; do sleep 0.1; done; echo 'Installing collected packages: x'"
    assert make(project, STAMPS["run"], "QUIET_SECONDS=1", output=project / "output", PIP_CODE=pause).returncode == 0
    lines = (project / "output").read_text().splitlines()
    order = ("Collecting first==1.0", "  still installing ...", "Installing collected packages: x")
    assert [line for line in dict.fromkeys(lines) if line in order] == list(order)
    assert not any("Downloading" in line for line in lines)


def test_a_pause_in_the_output_does_not_end_an_installation(project: Path) -> None:
    start = time.monotonic()
    answer = make(project, STAMPS["run"], PIP_CODE="sleep 2.5; echo 'Installing collected packages: y'")
    assert time.monotonic() - start >= 2.5
    assert "Installing collected packages: y" in answer.stdout
    assert "still installing" not in answer.stdout


def test_a_machine_without_python_gets_a_clear_error(project: Path) -> None:
    for target in STAMPS.values():
        answer = make(project, "PYTHON=", target)
        assert answer.returncode != 0
        assert "Python 3.11 or newer is needed" in answer.stdout
