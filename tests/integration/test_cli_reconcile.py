"""``appointments reconcile`` on a deployment in the embedded AWS, against the stand-in of the vendor's API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from click.testing import Result
from moto import mock_aws

from appointments.contract.instants import utc
from appointments.reconciliation import manners, stored
from appointments.reconciliation.engage_api import EngageApi
from appointments_cli.stack import Stack
from appointments_cli.target import Target
from local.engage.faults import Faults
from local.engage.server import CLIENT_ID, CLIENT_SECRET, ENTERPRISE, EngageServer
from local.engage.switches import Switches
from local.engage.world import World
from tests import engage, template
from tests.deployment import Deployment

SECRET = "engage-api"
SWITCHES = Switches(touches="silent")
MISSED = ("missing", "behind", "differs")


class Compared:
    """A deployment with the state of the deliveries that arrived, and the API's server."""

    def __init__(self, deployment: Deployment, server: EngageServer, histories: list[engage.History]) -> None:
        self.deployment, self.server, self.histories = deployment, server, histories
        scenario = engage.Scenario(stored.StoredAppointments(deployment.dynamodb, ""), histories, engage.now())
        self.expected = engage.expected(scenario, SWITCHES)

    def invoke(self, *arguments: str) -> Result:
        where = ["--engage-secret", SECRET, "--engage-enterprise", ENTERPRISE]
        urls = ["--engage-api-url", self.server.url, "--engage-auth-url", self.server.url]
        return self.deployment.invoke("reconcile", *where, *urls, "--calls-per-second", "50", *arguments)

    def run(self, *arguments: str, code: int) -> Result:
        answer = self.invoke(*arguments)
        assert answer.exit_code == code, (answer.exit_code, answer.output, answer.exception)
        return answer

    def records(self, *arguments: str, code: int) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*arguments, "--json", code=code).stdout.splitlines()]

    def one(self, verdict: str) -> str:
        return next(id_ for id_, each in self.expected.items() if each == verdict)


@pytest.fixture(scope="module")
def running() -> Iterator[Compared]:
    with mock_aws(), EngageServer(World()) as server:
        deployment = Deployment()
        boto3.client("secretsmanager").create_secret(Name=SECRET, SecretString=server.credentials())
        histories = engage.histories(60, 11, engage.now(), withheld=0.15)
        for history in histories:
            if (item := history.current_item(SWITCHES)) is not None:
                deployment.dynamodb.put_item(TableName=deployment.table_name, Item=item)
        yield Compared(deployment, server, histories)


@pytest.fixture
def compared(running: Compared, monkeypatch: pytest.MonkeyPatch) -> Compared:
    """The deployment, with the API's server without faults, and no pauses after failures."""
    running.server.world = engage.world(running.histories, SWITCHES)
    running.server.switches, running.server.faults = SWITCHES, Faults()
    monkeypatch.setattr(manners, "FIRST_PAUSE", 0.001)
    return running


def test_the_report_names_what_was_missed_and_ends_with_1(compared: Compared) -> None:
    answer = compared.run("--json", code=1)
    found = {each["appointmentId"]: each["verdict"] for each in map(json.loads, answer.stdout.splitlines())}
    assert found == {id_: each for id_, each in compared.expected.items() if each in (*MISSED, "gone")}
    total = len(compared.expected)
    assert f"{total} appointments compared with {len(compared.server.calls)} calls of the Engage API: " in answer.stderr
    assert "not compared: appointments without a date; --id compares them\n" in answer.stderr


def test_all_shows_every_appointment_once(compared: Compared) -> None:
    found = compared.records("--all", code=1)
    assert sorted((each["appointmentId"], each["verdict"]) for each in found) == sorted(compared.expected.items())


def test_a_record_has_ids_instants_and_names_of_members_only(compared: Compared) -> None:
    behind = compared.one("behind")
    (record,) = compared.records("--id", behind, code=1)
    assert record.keys() == {"verdict", "appointmentId", "differing", "start", "updatedAt", "tableUpdatedAt"}
    assert (record["verdict"], record["appointmentId"]) == ("behind", behind)
    assert set(record["differing"]) <= set(engage.OBSERVED)
    assert record["differing"]
    assert record["updatedAt"] > record["tableUpdatedAt"]


def test_a_pipe_gets_one_line_for_each_record(compared: Compared) -> None:
    missing = compared.one("missing")
    answer = compared.run("--id", missing, "--tz", "UTC", code=1)
    assert answer.stdout.split("\t")[:3] == ["missing", missing, ""]
    assert answer.stderr.startswith("1 appointment compared with 2 calls of the Engage API: 1 missing")


@pytest.mark.parametrize("verdict", ["same", "touched", "gone"])
def test_what_needs_nobody_ends_with_0(verdict: str, compared: Compared) -> None:
    (record,) = compared.records("--id", compared.one(verdict), code=0)
    assert record["verdict"] == verdict


def test_ids_can_be_repeated_and_are_judged_once(compared: Compared) -> None:
    same, missing = compared.one("same"), compared.one("missing")
    found = compared.records("--id", same, "--id", missing, "--id", same, code=1)
    assert [each["verdict"] for each in found] == ["same", "missing"]


def test_an_id_that_nobody_knows_ends_with_3(compared: Compared) -> None:
    answer = compared.run("--id", compared.one("same"), "--id", "none", code=3)
    assert answer.stderr.endswith("Error: neither Engage nor the table knows none\n")


def test_an_id_that_nobody_knows_is_named_beside_one_that_was_missed(compared: Compared) -> None:
    answer = compared.run("--id", compared.one("missing"), "--id", "none", code=1)
    assert "neither Engage nor the table knows none\n" in answer.stderr


def test_a_time_bounds_the_starts(compared: Compared) -> None:
    answer = compared.invoke("--since", "5d", "--until", "tomorrow", "--all", "--tz", "UTC", "--json")
    starts = [each["start"] for each in map(json.loads, answer.stdout.splitlines()) if each["verdict"] == "same"]
    first, last = (utc((engage.now() + timedelta(days=days)).isoformat()) for days in (-5.01, 1))
    assert starts
    assert all(first < start < last for start in starts)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "1d", "--until", "2d"], "--since must be earlier than --until"),
        (["--since", "never"], "'never' is not a time"),
        (["--id", "a", "--since", "1d"], "give either --id or a time"),
        (["--id", ""], "--id is empty"),
        (["--calls-per-second", "51"], "51.0 is not in the range"),
    ],
)
def test_a_wrong_command_line_ends_with_2(arguments: list[str], message: str, compared: Compared) -> None:
    compared.server.calls.clear()
    assert message in compared.run(*arguments, code=2).stderr
    assert compared.server.calls == []


def test_without_credentials_the_command_says_what_to_do(compared: Compared) -> None:
    answer = compared.deployment.run("reconcile", code=2)
    assert answer.stderr == (
        "Error: the stack engage has no credentials of the Engage API: deploy with EngageApiSecretArn and "
        "EngageEnterprise, or give --engage-secret and --engage-enterprise (docs/reconciliation.md)\n"
    )


def test_the_parameters_of_the_stack_give_secret_enterprise_and_addresses(
    compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = compared.server.url
    values = {"EngageApiSecretArn": SECRET, "EngageEnterprise": ENTERPRISE, "EngageApiUrl": url, "EngageAuthUrl": url}
    assert values.keys() <= template.DOCUMENT["Parameters"].keys()
    monkeypatch.setattr(Stack, "parameters", values)
    assert compared.deployment.records("reconcile", "--id", compared.one("same"))[0]["verdict"] == "same"


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        (Faults(busy=1), "the token endpoint of Engage gave no answer 8 times"),
        (Faults(wrong=lambda _: {"data": "canary"}), "$.data breaks the rule type"),
        (Faults(wrong=lambda page: page | {"meta": {}}), "$.meta.offset breaks the rule required"),
        (Faults(wrong=lambda _: b"<html>canary</html>"), "$ breaks the rule format"),
        (Faults(token_seconds=0), "refuses a new token"),
    ],
)
def test_an_api_that_cannot_be_asked_ends_with_2_and_judges_nothing(
    faults: Faults, message: str, compared: Compared
) -> None:
    compared.server.faults = faults
    answer = compared.run("--all", code=2)
    assert answer.stdout == ""
    assert "0 appointments compared" in answer.stderr
    assert message in answer.stderr.splitlines()[-1]
    assert re.search(r"^the vendor finds these calls by X-Correlation-Id [0-9a-f-]{36}$", answer.stderr, re.MULTILINE)
    assert "canary" not in answer.output


def test_a_failure_in_the_middle_shows_what_was_found_and_how_to_continue(compared: Compared) -> None:
    compared.server.calls.clear()
    sound = compared.server.faults

    def wrong(page: Any) -> Any:
        return page if len(compared.server.calls) < 9 else {}

    compared.server.faults = Faults(wrong=wrong)
    first = compared.run("--json", "--all", code=2)
    compared.server.faults = sound
    judged = [json.loads(line)["appointmentId"] for line in first.stdout.splitlines()]
    (advice,) = [line for line in first.stderr.splitlines() if line.startswith("to continue: ")]
    rest = compared.records("--all", *advice.removeprefix("to continue: ").split(), code=1)
    assert judged
    assert sorted({*judged, *(each["appointmentId"] for each in rest)}) == sorted(compared.expected)


def test_ctrl_c_ends_with_what_was_found(compared: Compared, monkeypatch: pytest.MonkeyPatch) -> None:
    between = EngageApi.between
    calls: list[str] = []

    def interrupted(*arguments: Any, **options: Any) -> Any:
        calls.append("between")
        if len(calls) == 3:
            raise KeyboardInterrupt
        return between(*arguments, **options)

    monkeypatch.setattr(EngageApi, "between", interrupted)
    answer = compared.invoke("--json")
    assert answer.exit_code in (1, 2)
    assert "to continue: --since " in answer.stderr
    assert "Traceback" not in answer.output


def test_a_listing_that_never_stands_still_ends_with_2_unless_something_is_missed(compared: Compared) -> None:
    compared.server.faults = Faults(
        wrong=lambda page: page | {"meta": page["meta"] | {"totalCount": page["meta"]["totalCount"] + 1}}
    )
    until = utc((engage.now().replace(hour=0)).isoformat())[:19]
    answer = compared.run("--since", f"{until[:11]}00:00:00Z", "--until", f"{until[:11]}00:00:01Z", code=2)
    assert "not complete from " in answer.stderr
    assert answer.stderr.endswith("Error: a part of the time was not compared: run the command again\n")


def test_a_denied_secret_names_the_action(compared: Compared, monkeypatch: pytest.MonkeyPatch) -> None:
    class Denied:
        def get_secret_value(self, **_: Any) -> Any:
            from botocore.exceptions import ClientError

            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "m"}}, "GetSecretValue")

    known = Target.client
    monkeypatch.setattr(
        Target, "client", lambda self, name, *rest: Denied() if name == "secretsmanager" else known(self, name, *rest)
    )
    assert "lacks a permission" in compared.run(code=4).stderr


def test_a_secret_that_does_not_exist_is_an_error_of_looking(compared: Compared) -> None:
    answer = compared.run("--engage-secret", "nothing", code=2)
    assert "ResourceNotFoundException" in answer.stderr


@pytest.mark.parametrize("text", ["canary", '{"clientId": "canary"}'])
def test_a_secret_of_another_form_is_not_shown(text: str, compared: Compared) -> None:
    boto3.client("secretsmanager").create_secret(Name=f"wrong-{len(text)}", SecretString=text)
    answer = compared.run("--engage-secret", f"wrong-{len(text)}", code=2)
    assert "the secret of the Engage API has another form" in answer.stderr
    assert "canary" not in answer.output


def test_no_value_of_an_answer_is_shown(compared: Compared) -> None:
    for row in compared.server.world.rows():
        texts = dict.fromkeys(("externalId", "internalNotes", "messageForCustomer", "status", "unknown"), "canary")
        compared.server.world.change(row["id"], **texts, answers=[{"value": "canary"}], location={"city": "canary"})
    answer = compared.run("--json", "--all", code=1)
    assert '"differs"' in answer.stdout
    for text in ("canary", CLIENT_ID, CLIENT_SECRET):
        assert text not in answer.output


def test_a_line_says_how_far_a_run_is(compared: Compared) -> None:
    answer = compared.run("--tz", "UTC", code=1)
    lines = [line for line in answer.stderr.splitlines() if line.startswith("... ")]
    assert lines == [f"... days compared: {days} of 120" for days in (35, 70, 105)]


def test_the_command_changes_nothing(compared: Compared) -> None:
    table = compared.deployment.table_name
    before = compared.deployment.dynamodb.scan(TableName=table)["Items"]
    compared.run(code=1)
    assert compared.deployment.dynamodb.scan(TableName=table)["Items"] == before


def test_yes_alone_is_refused(compared: Compared) -> None:
    answer = compared.run("--yes", code=2)
    assert "--yes is for --repair: a comparison changes nothing" in answer.stderr
