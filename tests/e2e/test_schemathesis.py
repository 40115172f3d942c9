"""Schemathesis against the served stack and the project's own OpenAPI document: no 5xx, no hang, no answer unforeseen.

FUZZ_EXAMPLES sets how many random requests are tried; `make fuzz` tries many, and before them every variation of
every member by itself, which are more than ten thousand.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import Options, Stack
from tests.builders import TOKEN

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "25")
PHASES = "coverage,fuzzing" if "FUZZ_EXAMPLES" in os.environ else "fuzzing"
NOT_CHECKED = {
    # What the schema calls invalid is not always refused: a broken limit is reported and accepted, by design.
    "negative_data_rejection",
    # What it calls valid is not always accepted: a schema cannot say everything about a date or an id's length.
    "positive_data_acceptance",
    # The local gateway, as API Gateway, answers 404 to a method that has no route.
    "unsupported_method",
    "allow_header_conformance",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("schemathesis") / "functions.log"
    with Stack(Options(port=0, aws_port=0, log=log)) as stack:
        yield stack.gateway.url.removesuffix("/webhooks/appointments")


@pytest.mark.timeout(0)
@pytest.mark.parametrize("credentials", [["--header", f"Authorization: Bearer {TOKEN}"], []], ids=["inside", "outside"])
def test_every_answer_is_foreseen(url: str, credentials: list[str], tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    how = {
        "--url": url,
        "--phases": PHASES,
        "--max-examples": EXAMPLES,
        "--exclude-checks": ",".join(NOT_CHECKED),
        "--max-response-time": "3",
        "--request-timeout": "10",
        "--suppress-health-check": "all",
    }
    options = [word for option in how.items() for word in option]
    process = subprocess.run(  # noqa: S603
        [program, "run", str(ROOT / "docs" / "openapi.yaml"), *options, *credentials],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout[-8000:] + process.stderr
