"""``appointments quarantine list`` and ``show``, and the options that name a deployment."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from appointments.contract.instants import utc
from appointments.contract.violations import Violation
from appointments.outcome import Outcome
from appointments.storage.quarantine import QuarantineMetadata
from appointments_cli.main import main
from appointments_cli.target import Target
from appointments_cli.terminal import echo_body
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


def test_an_object_written_before_since_is_not_read(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    key = operator.quarantine.keep(b"{", Outcome.MALFORMED, QuarantineMetadata(received_at=utc(now.isoformat())))
    looks: list[Any] = []
    operator.s3.meta.events.register("before-call.s3.HeadObject", lambda **_: looks.append(1))
    operator.s3.meta.events.register("before-call.s3.GetObjectTagging", lambda **_: looks.append(1))
    monkeypatch.setattr(Target, "s3", operator.s3)
    assert operator.listed("--since", (now + timedelta(hours=1)).isoformat()) == []
    assert looks == []
    assert [one["key"] for one in operator.listed("--since", (now - timedelta(seconds=1)).isoformat())] == [key]


def test_an_object_whose_listed_violations_do_not_decide_about_a_path_is_named(operator: Operator) -> None:
    people = [{"type": "CUSTOMER", "role": CANARY, "customer": {"id": 1}} for _ in range(60)]
    key = operator.keep(broken(meetingType="OFFICE", participants=people))
    answer = operator.run("list", "--path", "$.data.appointment.participants[59]")
    assert key not in answer.stdout
    assert f"{key}: skipped" in answer.stderr


def test_all_pages_of_the_bucket_are_listed(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    for number in range(25):
        operator.s3.put_object(Bucket=BUCKET, Key=f"contract/{number}", Body=b"{}")
    assert operator.s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 10
    assert len(operator.listed("--limit", "2000")) == 25


def test_objects_of_one_time_are_listed_and_redriven_in_the_order_of_their_keys(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC)
    clock = [second]
    monkeypatch.setattr("moto.s3.models.utcnow", lambda: clock[0].replace(tzinfo=None))
    keys = [operator.keep(broken(id=f"e-{number}")) for number in range(20)]
    assert [one["key"] for one in operator.listed()] == sorted(keys)
    assert [one["key"] for one in operator.listed("--limit", "5")] == sorted(keys)[:5]
    redriven = operator.run("redrive", "--json").stdout.splitlines()
    assert [json.loads(line)["key"] for line in redriven] == sorted(keys)
    clock[0] += timedelta(seconds=1)
    later = operator.keep(broken(id="e-later"))  # received at the same time, written later
    assert [one["key"] for one in operator.listed()] == sorted([*keys, later])
    redriven = operator.run("redrive", "--json").stdout.splitlines()
    assert [json.loads(line)["key"] for line in redriven] == [*sorted(keys), later]


def test_the_list_shows_each_object_with_a_rule_and_no_value(operator: Operator) -> None:
    key = operator.keep(broken())
    answer = operator.run("list")
    (row,) = answer.stdout.splitlines()
    first = "$.data.appointment.meetingType enum"
    assert row.split("\t")[:4] == ["2026-03-02T09:00:00.000+00:00", key, first, "1"]
    assert answer.stderr == "1 object in quarantine\n"


@given(content=st.binary(max_size=500))
@settings(max_examples=profiles.examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_show_writes_the_body_byte_for_byte_only_with_its_option(operator: Operator, content: bytes) -> None:
    key = operator.quarantine.keep(
        content, Outcome.MALFORMED, QuarantineMetadata(received_at="2026-03-02T09:00:00.000000000Z")
    )
    assert operator.run("show", key, "--body").stdout_bytes == content
    shown = json.loads(operator.run("show", key, "--json").stdout)
    assert shown["key"] == key
    assert shown["size"] == len(content)


def test_show_prints_the_metadata_and_no_value(operator: Operator) -> None:
    key = operator.keep(broken(id="e-1"))
    operator.run("redrive", key, "--execute")
    answer = operator.run("show", key)
    for fact in (key, "contract", "2026-03-02T09:00:00.000+00:00", "$.data.appointment.meetingType enum (OFFICE, "):
        assert fact in answer.stdout
    assert "redriven\tcontract" in answer.stdout
    assert CANARY not in answer.output


HOSTILE = "\x1b[2J\x9b\u202e\x07"


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["show"], ["show", "--json"], ["redrive"]])
def test_metadata_and_keys_cannot_send_escape_sequences_to_a_terminal(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    key = f"contract/{HOSTILE}"
    broken_rule = Violation(f"$.{HOSTILE}", HOSTILE, HOSTILE)
    hostile = QuarantineMetadata("2026-03-02T09:00:00Z", (broken_rule,), 1, HOSTILE, HOSTILE)
    monkeypatch.setattr(QuarantineMetadata, "from_metadata", lambda _: hostile)
    operator.s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    answer = operator.run(*command, *([] if command[0] == "list" else [key]))
    escaped = r"contract/\u001b[2J\u009b\u202e\u0007" if "--json" in command else r"contract/\x1b[2J\x9b\u202e\x07"
    assert escaped in answer.stdout
    assert all(char.isprintable() or char in "\n\t" for char in answer.output)


@given(content=st.text(max_size=200))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(content="\x1b[2J{\r\n\t}\x9b")
@pytest.mark.usefixtures("dynamodb")
def test_a_body_on_a_terminal_is_escaped(capsys: pytest.CaptureFixture[str], content: str) -> None:
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.stdout, "isatty", lambda: True)
        echo_body(content.encode() + b"\xff\x1b")
    shown = capsys.readouterr().out
    assert shown.endswith("\\xff\\x1b\n")
    assert all(char.isprintable() or char in "\n\t" for char in shown)


@pytest.mark.parametrize("command", [["show"], ["redrive"], ["redrive", "--execute"]])
def test_an_unknown_key_is_one_line(operator: Operator, command: list[str]) -> None:
    answer = operator.run(*command, "contract/none")
    assert answer.exit_code == 3
    expected = "Error: there is no contract/none in quarantine: 'appointments quarantine list' shows all"
    assert answer.stderr.splitlines()[0] == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["redrive", "a", "--reason", "contract"], "give either keys or filters"),
        (["list", "--since", "soon"], "is not a time: give 2h, yesterday, 22:00, 2026-03-02"),
        (["list", "--since", "2026-02-30"], "is not a time: give 2h, yesterday, 22:00, 2026-03-02"),
        (["list", "--reason", "other"], "'other' is not one of"),
        (["list", "--limit", "0"], "not in the range"),
        (["list", "--limit", "9" * 20], "not in the range"),
        (["list", "--since", "2026-03-03", "--until", "2026-03-02"], "--since must be earlier than --until"),
        (["redrive", "--since", "2026-03-02", "--until", "2026-03-02"], "--since must be earlier than --until"),
        (["list", "--path", "data.appointment"], "give $ or a path such as $.data.appointment.office"),
        (["list", "--path", "$data"], "give $ or a path such as $.data.appointment.office"),
        (["redrive", "--path", "$.data."], "give $ or a path such as $.data.appointment.office"),
        (["redrive", "--conflict"], "--conflict needs the keys of the objects"),
        (["redrive", "--history-retention-days", "3651"], "not in the range"),
        (["show"], "Missing argument 'KEY...'"),
        (["show", ""], "the key is empty"),
        (["show", "\udcff"], "is not valid UTF-8"),
        (["list", "--quarantine-bucket", "a b"], "Invalid bucket name"),
        (["list", "--region", "eu west"], "doesn't match a supported format"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(
    operator: Operator, arguments: list[str], message: str
) -> None:
    answer = operator.run(*arguments)
    assert answer.exit_code == 2
    assert message in answer.stderr
    assert answer.stderr.startswith("Error: ")
    assert answer.stderr.count("\n") == 1


@pytest.mark.usefixtures("operator")
def test_a_missing_name_is_an_error_that_names_the_option() -> None:
    answer = CliRunner().invoke(main, ["quarantine", "list"])
    assert answer.exit_code == 2
    assert "or give --quarantine-bucket" in answer.stderr


def test_options_of_the_target_may_come_before_the_command(operator: Operator) -> None:
    operator.keep(b"{")
    answer = CliRunner().invoke(main, ["--region", "eu west", "quarantine", "list", "--quarantine-bucket", BUCKET])
    assert (answer.exit_code, "doesn't match a supported format" in answer.stderr) == (2, True)
