"""Runs the SAM CLI on this project."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import runtime

ROOT = Path(__file__).parent.parent
IMAGE = "public.ecr.aws/lambda/python:3.13-x86_64"

needs_sam = pytest.mark.skipif(shutil.which("sam") is None, reason="the SAM CLI is not installed: make setup-sam")


def docker(*arguments: str) -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", *arguments], capture_output=True, check=False).returncode == 0  # noqa: S603, S607


def skip_pull_options() -> list[str]:
    """Use the image that is here, for machines that cannot reach its registry."""
    return ["--skip-pull-image"] if docker("image", "inspect", IMAGE) else []


def environment() -> dict[str, str]:
    """Return the environment of the SAM CLI. It reaches the container, so it has no variable that other tests set."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POWERTOOLS_"))}
    return {**inherited, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-1"}


def sam(*arguments: str, folder: Path = ROOT, seconds: int = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        ["sam", *arguments],  # noqa: S607 - make puts it on the path
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def build(into: Path, folder: Path = ROOT, **parameters: str) -> Path:
    """Build the project in ``folder`` into ``into``, so that a build of the user is not changed."""
    if shutil.which("sam") is None:
        pytest.skip("the SAM CLI is not installed: make setup-sam")
    runtime.python()
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    options = ["--parameter-overrides", *overrides] if overrides else []
    answer = sam("build", "--build-dir", str(into), "--cache-dir", str(into / "cache"), *options, folder=folder)
    assert answer.returncode == 0, answer.stderr
    return into
