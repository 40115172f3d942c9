"""docs/operations.md shows the output of the commands: each command runs here, in the order of the page."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from appointments.contract.parsing import parse_body
from appointments.contract.violations import Violation
from appointments.errors import ContractError, MalformedBodyError
from appointments.outcome import Outcome
from samples import SAMPLES
from tests.shell import Operator

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
ALREADY_FIXED = Violation("$.data.appointment.office.location.geolocation", "type", "object")

pytestmark = pytest.mark.parametrize("dynamodb", ["moto"], indirect=True)


def fill(operator: Operator) -> None:
    """Put into quarantine what the samples leave there, and a body that an older release refused."""
    for sample in SAMPLES:
        metadata: Any = {
            "received_at": sample.received_at,
            "request_id": "Kd1xPj0cDoEEMjw=",
            "content_type": "application/json",
            "function_request_id": "5a4f0b0e-8f3b-4c11-9d5e-2f1d0a6c7b11",
        }
        try:
            parse_body(sample.body)
        except ContractError as error:
            found: Any = {"violations": error.violations, "ids": error.ids}
            operator.quarantine.keep(sample.body, Outcome.CONTRACT, **found, **metadata)
        except MalformedBodyError:
            operator.quarantine.keep(sample.body, Outcome.MALFORMED, **metadata)
        if sample.name == "reassign":
            operator.quarantine.keep(sample.body, Outcome.CONTRACT, violations=(ALREADY_FIXED,), **metadata)


def test_every_command_on_the_page_prints_the_output_on_the_page(operator: Operator) -> None:
    fill(operator)
    page = PAGE.read_text(encoding="utf-8")

    def with_output(block: re.Match[str]) -> str:
        lines = []
        for line in block[0].splitlines():
            if line.startswith("$ "):
                _, _, *arguments = shlex.split(line.removeprefix("$ ").replace(" --stack engage", ""))
                lines += [line, *operator.run(*arguments).stdout.splitlines()]
        return "\n".join(lines) + "\n"

    current = BLOCK.sub(with_output, page)
    if os.environ.get("REWRITE_DOCS"):
        PAGE.write_text(current, encoding="utf-8")
    assert current == page
