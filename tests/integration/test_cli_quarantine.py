"""``appointments quarantine list`` and ``show``, and how the command is told what it is about."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appointments.contract.instants import utc
from appointments.outcome import Outcome
from cli.main import main
from cli.target import Target
from tests import profiles
from tests.shell import BUCKET, CANARY, Operator, broken

pytestmark = pytest.mark.parametrize("dynamodb", ["moto"], indirect=True)  # the table has no part in it


def test_a_list_is_filtered_by_reason_time_and_path_and_limited(operator: Operator) -> None:
    broken_type = operator.keep(broken(id="e-1"), day=3)
    broken_office = operator.keep(broken(id="e-2", meetingType="OFFICE", office={"id": 1}), day=4)
    cut = operator.keep(b"{", day=5)

    def keys(*arguments: str) -> set[str]:
        return {one["key"] for one in operator.listed(*arguments)}

    assert keys() == {broken_type, broken_office, cut}
    assert keys("--reason", "malformed") == {cut}
    assert keys("--reason", "malformed", "--reason", "contract") == {broken_type, broken_office, cut}
    assert keys("--since", "2026-03-04") == {broken_office, cut}
    assert keys("--since", "2026-03-04T09:00:00Z", "--until", "2026-03-05T10:00:00+01:00") == {broken_office}
    assert keys("--until", "2026-03-03T09:00:00") == set()
    assert keys("--path", "$.data.appointment.office.id") == {broken_office}
    assert keys("--path", "$.data.appointment.office") == {broken_office}
    assert keys("--path", "$.data.appointment") == {broken_type, broken_office}
    assert keys("--path", "$.data.appointment.off") == set()
    assert len(keys("--limit", "2")) == 2


def test_what_was_kept_before_a_time_is_not_even_looked_at(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    key = operator.quarantine.keep(b"{", Outcome.MALFORMED, received_at=utc(now.isoformat()))
    looks: list[Any] = []
    operator.s3.meta.events.register("before-call.s3.HeadObject", lambda **_: looks.append(1))
    monkeypatch.setattr(Target, "s3", operator.s3)
    assert operator.listed("--since", (now + timedelta(hours=1)).isoformat()) == []
    assert looks == []
    assert [one["key"] for one in operator.listed("--since", (now - timedelta(seconds=1)).isoformat())] == [key]


def test_a_path_that_cannot_be_looked_for_in_whole_is_told(operator: Operator) -> None:
    people = [{"type": "CUSTOMER", "role": CANARY, "customer": {"id": 1}} for _ in range(60)]
    key = operator.keep(broken(meetingType="OFFICE", participants=people))
    answer = operator.run("list", "--path", "$.data.appointment.participants[59]")
    assert key not in answer.stdout
    assert f"{key}: skipped" in answer.stderr


def test_more_than_a_page_is_listed_whole(operator: Operator) -> None:
    for number in range(1100):
        operator.s3.put_object(Bucket=BUCKET, Key=f"contract/{number}", Body=b"{}")
    assert len(operator.listed()) == 1100


def test_the_table_shows_what_and_why_and_no_value(operator: Operator) -> None:
    key = operator.keep(broken())
    answer = operator.run("list")
    head, row = answer.stdout.splitlines()
    assert head.split()[:4] == ["received", "violations", "redriven", "key"]
    assert row.split() == ["2026-03-02T09:00:00Z", "1", key, "$.data.appointment.meetingType", "enum"]


@given(content=st.binary(max_size=500))
@settings(max_examples=profiles.examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_show_gives_the_body_to_the_byte_and_only_when_asked(operator: Operator, content: bytes) -> None:
    key = operator.quarantine.keep(content, Outcome.MALFORMED, received_at="2026-03-02T09:00:00.000000000Z")
    assert operator.run("show", key, "--body").stdout_bytes == content
    shown = json.loads(operator.run("show", key, "--json").stdout)
    assert shown["key"] == key
    assert shown["size"] == len(content)


def test_show_tells_all_but_values(operator: Operator) -> None:
    key = operator.keep(broken(id="e-1"))
    operator.run("redrive", key, "--execute")
    answer = operator.run("show", key)
    for fact in (key, "contract", "2026-03-02T09:00:00.000000000Z", "$.data.appointment.meetingType enum (OFFICE, "):
        assert fact in answer.stdout
    assert "outcome         contract" in answer.stdout
    assert CANARY not in answer.output


@pytest.mark.parametrize("command", [["show"], ["redrive"], ["redrive", "--execute"]])
def test_a_key_that_is_not_there_is_told(operator: Operator, command: list[str]) -> None:
    answer = operator.run(*command, "contract/none")
    assert answer.exit_code == 1
    assert "Error: there is no contract/none in quarantine" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["redrive", "a", "--reason", "contract"], "give either keys or filters"),
        (["list", "--since", "yesterday"], "is no time: give 2026-03-02 or"),
        (["list", "--since", "2026-02-30"], "is no time: give 2026-03-02 or"),
        (["list", "--reason", "other"], "'other' is not one of"),
        (["list", "--limit", "0"], "not in the range"),
    ],
)
def test_what_makes_no_sense_is_refused(operator: Operator, arguments: list[str], told: str) -> None:
    answer = operator.run(*arguments)
    assert answer.exit_code == 2
    assert told in answer.stderr


def test_what_aws_refuses_is_a_line_and_no_traceback(operator: Operator) -> None:
    operator.s3.delete_bucket(Bucket=BUCKET)
    answer = operator.run("list")
    assert (answer.exit_code, answer.stderr) == (1, "Error: ListObjectsV2 was refused: NoSuchBucket\n")


@pytest.mark.usefixtures("operator")
def test_without_a_name_it_says_which_option_gives_it() -> None:
    answer = CliRunner().invoke(main, ["quarantine", "list"])
    assert answer.exit_code == 2
    assert "give --stack or --quarantine-bucket" in answer.stderr


def test_options_of_the_target_may_come_before_the_command(operator: Operator) -> None:
    operator.keep(b"{")
    answer = CliRunner().invoke(main, ["--quarantine-bucket", BUCKET, "quarantine", "list", "--json"])
    assert len(answer.stdout.splitlines()) == 1
