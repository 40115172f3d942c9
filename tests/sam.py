"""Runs the SAM CLI on this project."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import runtime

ROOT = Path(__file__).parent.parent

needs_sam = pytest.mark.skipif(shutil.which("sam") is None, reason="the SAM CLI is not installed: make setup-sam")


def sam(*arguments: str, folder: Path = ROOT, seconds: int = 300) -> subprocess.CompletedProcess[str]:
    # The environment reaches the container, so leave out the variables that other tests set.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POWERTOOLS_"))}
    environment = {**inherited, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-1"}
    return subprocess.run(  # noqa: S603
        ["sam", *arguments],  # noqa: S607 - make puts it on the path
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def build(into: Path, folder: Path = ROOT) -> Path:
    """Build the project in ``folder`` into ``into``, so that a build of the user is not changed."""
    if shutil.which("sam") is None:
        pytest.skip("the SAM CLI is not installed: make setup-sam")
    runtime.python()
    answer = sam("build", "--build-dir", str(into), "--cache-dir", str(into / "cache"), folder=folder)
    assert answer.returncode == 0, answer.stderr
    return into
