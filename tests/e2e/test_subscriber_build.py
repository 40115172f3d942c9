"""The subscriber to copy is built by SAM as its README says, and its function starts from what was built."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import sam
from tests.project import ROOT


@pytest.mark.nightly
@sam.needs_sam
def test_the_subscriber_to_copy_is_built_and_its_handler_is_there(tmp_path: Path) -> None:
    copied = shutil.copytree(ROOT / "examples" / "subscriber", tmp_path / "copied")
    assert sam.sam("validate", "--lint", folder=copied).returncode == 0
    built = sam.build(tmp_path / "built", folder=copied)
    (function,) = [path for path in built.iterdir() if path.is_dir() and path.name.endswith("Function")]
    assert (function / "subscriber" / "handler.py").is_file()
    names = {"RECORDS_TABLE_NAME": "r", "APPOINTMENTS_TABLE_NAME": "a", "BODIES_BUCKET_NAME": "b"}
    started = subprocess.run(
        [sys.executable, "-c", "from subscriber import handler; print(callable(handler.lambda_handler))"],
        cwd=function,
        env={"AWS_DEFAULT_REGION": "eu-west-1", "PYTHONPATH": str(function), **names},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (started.stdout, started.returncode) == ("True\n", 0), started.stderr
