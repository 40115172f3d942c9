"""The installed command against an embedded AWS over HTTP: named by its stack, killed, and on a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appointments.outcome import Outcome
from appointments.storage.quarantine import Quarantine, QuarantineMetadata
from local.aws import BUCKETS, CREDENTIALS, STACK, EmbeddedAws
from local.template import Template
from tests.builders import body, delivery

COMMAND = str(Path(sys.executable).parent / "appointments")
COUNT = 40


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    embedded = EmbeddedAws(Template(), token="local-token")
    quarantine = Quarantine(embedded.client("s3"), BUCKETS["QuarantineBucket"])
    for number in range(COUNT):
        content = body(delivery(id=f"e-{number}", appointment_id=f"a-{number % 5}"))
        quarantine.keep(content, Outcome.CONTRACT, QuarantineMetadata(received_at="2026-03-02T09:00:00.000000000Z"))
    yield embedded
    embedded.stop()


def start(aws: EmbeddedAws, *arguments: str, stack: str = STACK) -> subprocess.Popen[str]:
    environment = {**os.environ, **CREDENTIALS, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(  # noqa: S603
        [COMMAND, "quarantine", *arguments, "--stack", stack, "--endpoint-url", aws.url],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(aws: EmbeddedAws, *arguments: str, stack: str = STACK) -> tuple[int, list[str], str]:
    with start(aws, *arguments, stack=stack) as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, out.splitlines(), err


def events(aws: EmbeddedAws) -> list[str]:
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName="appointments")
    items: list[Any] = [item for page in pages for item in page["Items"]]
    return sorted(item["sk"]["S"] for item in items if item["sk"]["S"] != "CURRENT")


def test_the_command_needs_only_the_name_of_a_stack(aws: EmbeddedAws) -> None:
    assert len(run(aws, "list")[1]) == COUNT
    status, _, err = run(aws, "redrive", "--limit", "1", "--yes")
    assert (status, err.splitlines()[-1]) == (0, "1 object: 1 stored")
    assert len(events(aws)) == 1


def test_an_unknown_stack_is_reported_in_one_line_with_the_existing_stacks(aws: EmbeddedAws) -> None:
    status, _, err = run(aws, "list", stack="none")
    assert (status, err.startswith("Error: there is no stack none in account 123456789012, ")) == (2, True), err
    assert f"the stacks of this application there are {STACK}\n" in err
    assert err.count("\n") == 1


def test_a_body_is_raw_in_a_pipe_and_escaped_on_a_terminal(aws: EmbeddedAws) -> None:
    content = b'{"note": "\x1b[2J\xff"}'
    quarantine = Quarantine(aws.client("s3"), BUCKETS["QuarantineBucket"])
    key = quarantine.keep(content, Outcome.MALFORMED, QuarantineMetadata(received_at="2026-03-02T09:00:00.000000000Z"))
    command = [COMMAND, "quarantine", "show", key, "--body", "--stack", STACK, "--endpoint-url", aws.url]
    environment = {**os.environ, **CREDENTIALS}
    assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout == content  # noqa: S603
    reader, terminal = os.openpty()
    subprocess.run(command, env=environment, stdout=terminal, check=True)  # noqa: S603
    os.close(terminal)
    assert os.read(reader, 1000) == b'{"note": "\\x1b[2J\\xff"}\r\n'
    os.close(reader)


def test_a_second_redrive_completes_a_killed_one(aws: EmbeddedAws) -> None:
    with start(aws, "redrive", "--execute") as process:
        assert process.stdout is not None
        for _ in range(COUNT // 3):
            process.stdout.readline()
        process.kill()
    assert COUNT // 3 <= len(events(aws)) < COUNT
    status, _, err = run(aws, "redrive", "--execute")
    assert status == 0
    assert "skipped, redriven before" in err.splitlines()[-1]
    assert events(aws) == sorted(f"EVENT#e-{number}" for number in range(COUNT))
    assert run(aws, "redrive", "--execute")[1:] == ([], f"0 objects; {COUNT} skipped, redriven before\n")
