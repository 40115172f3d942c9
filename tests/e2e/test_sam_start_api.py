"""`sam local start-api` answers deliveries with the built function, and uses the AWS of `make serve`."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws import EmbeddedAws
from local.template import Template
from samples import SAMPLES
from tests.sam import docker, environment, needs_sam, skip_pull_options

ROOT = Path(__file__).parent.parent.parent
TOKEN = "local-token"
START_SECONDS = 120

pytestmark = needs_sam


@pytest.fixture(scope="module")
def url(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not docker("info"):
        pytest.skip("sam local needs Docker, and no engine answers here")
    aws = EmbeddedAws(Template(), token=TOKEN, host="0.0.0.0")  # noqa: S104 - the container must reach it
    variables = json.loads((ROOT / "events" / "env.json").read_text())["Parameters"]
    variables |= {name: url.replace("127.0.0.1", "host.docker.internal") for name, url in aws.endpoints.items()}
    folder = tmp_path_factory.mktemp("sam-local")
    (folder / "env.json").write_text(json.dumps({"Parameters": variables}))
    port = _free_port()
    options = ["-t", str(built / "template.yaml"), "--config-file", str(ROOT / "samconfig.toml")]
    options += ["--env-vars", str(folder / "env.json"), "--port", str(port)]
    options += skip_pull_options()
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(  # noqa: S603
            ["sam", "local", "start-api", *options],  # noqa: S607 - make puts it on the path
            cwd=ROOT,
            env=environment(),
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(port, server, folder / "log")
        yield f"http://127.0.0.1:{port}/webhooks/appointments"
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(30)
        finally:
            server.kill()
            server.wait()
            aws.stop()


def test_a_delivery_is_answered_as_its_sample_says_and_its_repetition_is_a_duplicate(url: str) -> None:
    sample = SAMPLES[0]
    request = json.loads((ROOT / "events" / "webhook" / f"{sample.name}.json").read_text())
    assert _deliver(url, request) == (sample.expected_status, sample.expected_outcome)
    assert _deliver(url, request) == (200, "duplicate")


def test_a_slash_at_the_end_reaches_the_function_and_nobody_gets_in_without_the_token(url: str) -> None:
    request = json.loads((ROOT / "events" / "webhook" / f"{SAMPLES[0].name}.json").read_text())
    assert _deliver(url + "/", request) == (200, "duplicate")
    assert _deliver(url, {**request, "headers": {"content-type": "application/json"}})[0] == 401


def _deliver(url: str, request: dict[str, Any]) -> tuple[int, str | None]:
    headers = {name: value for name, value in request["headers"].items() if name not in ("host", "content-length")}
    delivery = urllib.request.Request(url, request["body"].encode(), headers)  # noqa: S310 - the test's own server
    try:
        with urllib.request.urlopen(delivery, timeout=60) as answer:  # noqa: S310
            return answer.status, json.load(answer).get("outcome")
    except urllib.error.HTTPError as error:
        return error.code, None


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"sam local start-api did not open its port:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
