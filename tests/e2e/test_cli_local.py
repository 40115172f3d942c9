"""The installed command on the stack of `make serve`, which it finds by build/serve.json."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from appointments_cli.main import main
from appointments_cli.screen import Screen
from local.engage.access import EngageAccess
from local.engage.server import EngageServer
from local.engage.world import World
from local.run import post, receive
from local.serve import described
from local.stack import Options, Stack
from tests.builders import TOKEN, body, delivery
from tests.project import ROOT

OPERATIONS = ROOT / "docs" / "operations.md"
RECONCILE = "local-ReconcileFunction"
COMMAND = str(Path(sys.executable).parent / "appointments")
LOST = body(delivery(id="e-3", event_type="REOPEN", updated_at="2026-03-02T11:00:00Z"))
"""A delivery that Engage knows and the stack never got."""
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the file of a served stack that has got three deliveries of one appointment."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with EngageServer(World()) as engage, ExitStack() as running:
            options = Options(port=0, aws_port=0, log=folder / "functions.log", engage=EngageAccess.to(engage))
            stack = running.enter_context(Stack(options))
            running.enter_context(described(stack))
            first = body(delivery(id="e-1"))
            later = body(delivery(id="e-2", event_type="CANCEL", updated_at="2026-03-02T10:00:00Z", status="CANCELLED"))
            assert [post(stack.gateway.url, content, HEADERS)[0] for content in (first, later, later)] == [
                202,
                202,
                200,
            ]
            assert post(stack.gateway.url, first, {**HEADERS, "authorization": "Bearer wrong"})[0] == 401
            receive(stack, 2)
            for content in (first, later, LOST):
                engage.world.deliver(content)
            invoke(folder, RECONCILE)
            yield folder


def run(folder: Path, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    answer = subprocess.run(  # noqa: S603
        [COMMAND, *arguments, "--local", "--json"],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == code, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_the_trail_of_an_appointment_is_complete(served: Path) -> None:
    found, latest, first = run(served, "history", "a-1")
    assert found["marks"] == ["reconciliation: behind"]
    assert [latest["envelopeId"], first["envelopeId"]] == ["e-2", "e-1"]
    assert latest["changes"] == [{"path": "status", "from": "ACCEPTED", "to": "CANCELLED"}]
    assert latest["marks"] == ["1 duplicate"]
    assert all(each["publishedAt"] and each["eventId"] for each in (latest, first))


def test_a_lost_delivery_is_found_in_the_api_that_is_served_too(served: Path) -> None:
    (record,) = run(served, "reconcile", "--since", "2026-03-01", "--until", "2026-04-01", code=1)
    assert (record["verdict"], record["appointmentId"], record["differing"]) == ("behind", "a-1", ["status"])


def invoke(served: Path, function: str, **options: str) -> Any:
    document = json.loads((served / "build" / "serve.json").read_text())
    lambda_ = boto3.client("lambda", endpoint_url=document["aws"], region_name=document["region"])
    return lambda_.invoke(FunctionName=function, **options)


def test_the_reconciliation_runs_when_it_is_invoked_and_the_commands_say_what_it_found(served: Path) -> None:
    answer = invoke(served, RECONCILE)
    assert (answer["StatusCode"], json.load(answer["Payload"])) == (200, {"outcome": "complete"})
    facts = {each["what"]: each for each in run(served, "status", code=1)}
    assert facts["reconciliation"]["detail"].endswith("1 missed of 1 (1 behind): see reconcile")
    (found,) = [each for each in run(served, "history", "a-1") if each["eventType"] is None]
    assert (found["marks"], found["detail"]) == (["reconciliation: behind"], "differs in status")


def test_an_unknown_function_cannot_be_invoked(served: Path) -> None:
    with pytest.raises(ClientError, match="Function not found"):
        invoke(served, "local-Unknown")


STATUS = re.compile(r"(?<=<!-- status -->\n```\n).*?(?=```)", re.DOTALL)


def test_the_runbook_shows_what_status_shows(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers and times are those of a day, and the rest must be the same."""
    monkeypatch.chdir(served)
    monkeypatch.setattr(Screen, "is_terminal", property(lambda screen: not screen.as_json))
    for name, value in {"COLUMNS": "100", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    output = CliRunner().invoke(main, ["status", "--local", "--tz", "UTC"]).output
    page = OPERATIONS.read_text(encoding="utf-8")
    (shown,) = STATUS.findall(page)
    if os.environ.get("REWRITE_DOCS"):
        OPERATIONS.write_text(STATUS.sub(lambda _: output, page), encoding="utf-8")
        shown = output
    assert normal(shown) == normal(output)


def normal(text: str) -> list[str]:
    return [re.sub(r"\s+", " ", re.sub(r"[0-9]+( (s|min|h|d)\b)?", "0", line)).strip() for line in text.splitlines()]


@pytest.mark.nightly
def test_an_event_is_found_without_its_appointment(served: Path) -> None:
    (event,) = run(served, "event", "e-1")
    assert (event["appointmentId"], event["published"]) == ("a-1", "published")
    assert [line["result"] for line in event["lines"]] == ["stored", "published"]


@pytest.mark.nightly
def test_nothing_is_missing_and_the_deliveries_are_shown_as_they_came(served: Path) -> None:
    assert run(served, "verify", "--since", "1h") == []
    results = [line["result"] for line in run(served, "tail", "--since", "1h", "--count", "6")]
    assert sorted(results) == ["duplicate", "published", "published", "refused", "stored", "stored"]


def test_the_status_has_what_the_local_stack_knows(served: Path) -> None:
    facts = {each["what"]: each for each in run(served, "status", code=1)}
    assert [what for what, fact in facts.items() if fact["state"] == "unknown"] == []
    assert facts["BacklogFunction mapping"]["detail"] == "Enabled, OK"
    assert facts["iterator age"]["detail"].endswith(" s at most in 15 min")


@pytest.mark.nightly
def test_the_status_knows_the_deliveries_of_this_hour(served: Path) -> None:
    facts = {each["what"]: each for each in run(served, "status", code=1)}  # the alarms notify nobody
    assert facts["Accepted in 1 h"]["detail"].startswith("2,")
    assert facts["PublisherFailureQueue"]["detail"] == "empty"
    assert facts["alarms notify"]["state"] == "wrong"


@pytest.mark.nightly
def test_an_export_has_the_state_and_the_history_of_a_customer(served: Path) -> None:
    records = run(served, "export", "--customer", "7")
    assert [each["source"] for each in records] == ["current", "event", "event"]
    assert {each["item"]["pk"] for each in records} == {"APPOINTMENT#a-1"}


def states(served: Path) -> dict[str, str]:
    return {each["what"]: each["state"] for each in run(served, "status", code=1)}  # the alarms notify nobody


def test_a_mapping_that_somebody_stopped_is_seen_and_continues_where_it_stopped(served: Path) -> None:
    document = json.loads((served / "build" / "serve.json").read_text())
    lambda_ = boto3.client("lambda", endpoint_url=document["aws"], region_name=document["region"])
    (mapping,) = lambda_.list_event_source_mappings(FunctionName="local-PublisherFunction")["EventSourceMappings"]
    assert states(served)["PublisherFunction mapping"] == "ok"
    assert lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)["State"] == "Disabled"
    content = body(delivery(id="e-3", appointment_id="a-3"))
    assert post(document["webhook"], content, HEADERS)[0] == 202
    assert states(served)["PublisherFunction mapping"] == "wrong"
    assert run(served, "history", "a-3")[0]["publishedAt"] is None
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    assert states(served)["PublisherFunction mapping"] == "ok"
    while run(served, "history", "a-3")[0]["publishedAt"] is None:
        pass
    with pytest.raises(ClientError, match="does not exist"):
        lambda_.get_event_source_mapping(UUID=str(uuid4()))
