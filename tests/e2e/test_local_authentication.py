"""Each authentication mode over HTTP on the local stack: what is accepted, and that no log line has a credential."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from local.aws import SECRET
from local.engage.server import EngageServer
from local.engage.world import World
from local.run import post, scan
from local.serve import screen
from local.stack import Options, Stack
from tests.builders import body, delivery

ROOT = Path(__file__).parent.parent.parent
TOKEN = "c4n4ry" + "0" * 38
GOOD = body(delivery())
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module", params=["token", "signature", "none"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack for each mode, with its functions at log level DEBUG."""
    parameters = {"WebhookAuth": request.param, "WebhookTokenHeader": "X-Api-Key", "LogLevel": "DEBUG"}
    log = tmp_path_factory.mktemp("stack") / "functions.log"
    with Stack(Options(port=0, aws_port=0, webhooks=1, token=TOKEN, log=log, parameters=parameters)) as running:
        yield running


def mode(stack: Stack) -> str:
    return stack.options.parameters["WebhookAuth"]


def basic(password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"c4n4ry:{password}".encode()).decode()}


def signed(content: bytes, token: str = TOKEN) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(token).sign("c4n4ry", now, content.decode())
    return {
        "webhook-id": "c4n4ry",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1,{'c4n4ry'.ljust(43, 'A')}= {signature}",
    }


def deliver(stack: Stack) -> dict[str, tuple[int, dict[str, Any]]]:
    """Deliver with each kind of credential, valid and invalid. Return the answers by the name of the kind."""
    requests = {
        "bearer": ("", {"authorization": f"Bearer {TOKEN}"}),
        "basic": ("", basic(TOKEN)),
        "header": ("", {"x-api-key": TOKEN}),
        "path": (f"/{TOKEN}", {}),
        "encoded path": ("/" + "".join(f"%{byte:02x}" for byte in TOKEN.encode()), {}),
        "signature": ("", signed(GOOD)),
        "signature with a path": ("/c4n4ry", signed(GOOD)),
        "nothing": ("", {}),
        "wrong": ("/c4n4ry?c4n4ry=c4n4ry", {"authorization": "Bearer c4n4ry", "x-api-key": "c4n4ry"}),
        "wrong password": ("", basic("c4n4ry")),
        "wrong signature": ("", signed(b"c4n4ry")),
    }
    return {name: post(stack.gateway.url + path, GOOD, JSON | headers) for name, (path, headers) in requests.items()}


def test_only_a_valid_credential_of_the_mode_is_accepted(stack: Stack) -> None:
    answers = deliver(stack)
    accepted = {
        "token": ["bearer", "basic", "header", "path", "encoded path"],
        "signature": ["signature", "signature with a path"],
        "none": list(answers),
    }
    assert [name for name, (status, _) in answers.items() if status in (200, 202)] == accepted[mode(stack)]
    assert {status for status, _ in answers.values()} <= {200, 202, 401}
    assert len(scan(stack)) == 2
    assert "c4n4ry" not in json.dumps(answers)


def test_no_log_line_contains_a_credential_a_path_or_a_header_at_debug(stack: Stack) -> None:
    deliver(stack)
    assert stack.options.log is not None
    log = stack.options.log.read_text()
    assert log.count("_aws") >= 11
    for canary in ("c4n4ry", "%63", basic(TOKEN)["authorization"][6:], "/webhooks/"):
        assert canary not in log


def test_the_printed_curl_command_works(stack: Stack) -> None:
    with EngageServer(World()) as engage:
        lines = screen(stack, engage).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(("  t=", "  curl")))
    command = "\n".join(lines[first : lines.index("", first)])
    answer = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S602
    assert '"outcome": ' in answer.stdout


@pytest.mark.parametrize("stack", ["token", "signature"], indirect=True)
def test_a_retry_with_a_new_secret_is_accepted_right_after_the_rotation(stack: Stack) -> None:
    """Sends the three attempts after pauses of 0, 2 and 10 s. This test is the last, because it changes the token."""
    content = body(delivery(id="rotated"))
    new = "n" * 44
    post(stack.gateway.url, content, JSON | {"authorization": "Bearer c4n4ry"} | signed(content, "A" * 44))
    stack.aws.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=new)
    statuses = []
    for pause in (0, 2, 10):
        time.sleep(pause)
        headers = JSON | {"authorization": f"Bearer {new}"} | signed(content, new)
        statuses.append(post(stack.gateway.url, content, headers)[0])
        if statuses[-1] == 202:
            break
    assert statuses[-1] == 202, statuses
    assert post(stack.gateway.url, content, JSON | {"authorization": f"Bearer {TOKEN}"} | signed(content))[0] == 200
