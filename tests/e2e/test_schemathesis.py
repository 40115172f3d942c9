"""Schemathesis with docs/openapi.yaml against the local stack: no 5xx, no hang, no undocumented answer.

FUZZ_EXAMPLES sets the number of random requests. `make fuzz` sends many. Before them it sends more than ten thousand
requests that vary one member each.
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
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "15")
PHASES = "coverage,fuzzing" if "FUZZ_EXAMPLES" in os.environ else "fuzzing"
NOT_CHECKED = {
    # Some documents that the schema calls invalid are accepted: a broken limit is only reported, by design.
    "negative_data_rejection",
    # Some documents that it calls valid are refused: a schema cannot express every rule for dates and ids.
    "positive_data_acceptance",
    # The local gateway answers 404 to a method without a route, as API Gateway does.
    "unsupported_method",
    "allow_header_conformance",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("schemathesis") / "functions.log"
    with Stack(Options(port=0, aws_port=0, webhooks=1, log=log)) as stack:
        yield stack.gateway.url.removesuffix("/webhooks/appointments")


@pytest.mark.timeout(0)
@pytest.mark.parametrize(
    "credentials", [["--header", f"Authorization: Bearer {TOKEN}"], []], ids=["authenticated", "unauthenticated"]
)
def test_every_answer_is_documented(url: str, credentials: list[str], tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    arguments = {
        "--url": url,
        "--phases": PHASES,
        "--max-examples": EXAMPLES,
        "--exclude-checks": ",".join(NOT_CHECKED),
        "--request-timeout": "60",  # finds a hang; test_faults.py measures the time of an answer, in the function
        "--suppress-health-check": "all",
    }
    options = [word for option in arguments.items() for word in option]
    process = subprocess.run(  # noqa: S603
        [program, "run", str(ROOT / "docs" / "openapi.yaml"), *options, *credentials],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout[-8000:] + process.stderr
