"""``appointments quarantine redrive``, over moto and over DynamoDB Local."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest
from click.testing import Result

from appointments.outcome import Outcome
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from appointments_cli.target import Target
from tests.builders import body, delivery
from tests.shell import CANARY, Operator, broken


def closing(answer: Result) -> str:
    return [line for line in answer.stderr.splitlines() if line not in ("", "Aborted!")][-1]


def test_a_dry_run_is_the_default_tells_what_would_be_accepted_and_writes_nothing(operator: Operator) -> None:
    good, bad = operator.keep(body(delivery())), operator.keep(broken(id="e-2"))
    answer = operator.run("redrive")
    assert closing(answer) == "dry run, nothing is written without --yes: 2 objects: 1 contract, 1 deliverable"
    assert answer.exit_code == 1
    assert operator.events() == []
    assert [operator.outcome(key) for key in (good, bad)] == [None, None]


CONFLICT = "conflicting-duplicate"


def table(operator: Operator) -> list[Any]:
    return operator.dynamodb.scan(TableName=operator.table_name, ConsistentRead=True)["Items"]


def expire_events(operator: Operator) -> None:
    for item in table(operator):
        if item["sk"]["S"] != "CURRENT":
            key = {"pk": item["pk"], "sk": item["sk"]}
            operator.dynamodb.delete_item(TableName=operator.table_name, Key=key)


def conflicting(operator: Operator, *, expired: bool) -> str:
    """The key of a conflicting duplicate whose first event is in the table or has expired."""
    operator.keep(body(delivery(id="e-1")), reason=Outcome.UNDELIVERABLE)
    assert operator.run("redrive", "--execute").exit_code == 0
    if expired:
        expire_events(operator)
    return operator.keep(body(delivery(id="e-1", note=CANARY)), reason=Outcome.CONFLICT)


@pytest.mark.parametrize("arguments", [[], ["--reason", CONFLICT], ["--reason", CONFLICT, "--again"], ["--limit", "1"]])
@pytest.mark.parametrize("execute", [[], ["--execute"]])
@pytest.mark.parametrize("expired", [True, False])
def test_a_conflicting_duplicate_is_not_redriven_by_filters(
    operator: Operator, *, expired: bool, execute: list[str], arguments: list[str]
) -> None:
    key = conflicting(operator, expired=expired)
    before = table(operator)
    answer = operator.run("redrive", *arguments, *execute)
    (line,) = (line for line in answer.stdout.splitlines() if key in line)
    assert line.split(maxsplit=2)[::2] == [
        CONFLICT,
        "not redriven: another event has its envelope id; compare both, then give its key with --conflict",
    ]
    assert closing(answer).endswith("; 1 skipped, conflicting-duplicate")
    assert answer.exit_code == 1
    assert operator.outcome(key) is None
    assert table(operator) == before


@pytest.mark.parametrize("execute", [[], ["--execute"]])
def test_a_conflicting_duplicate_is_not_redriven_by_key_alone(operator: Operator, execute: list[str]) -> None:
    key = conflicting(operator, expired=True)
    before = table(operator)
    answer = operator.run("redrive", key, *execute)
    assert answer.exit_code == 1
    assert "deliverable" not in answer.stdout
    assert "then give its key with --conflict" in answer.stdout
    assert (table(operator), operator.outcome(key)) == (before, None)


def test_a_conflicting_duplicate_is_redriven_by_key_with_its_flag(operator: Operator) -> None:
    key = conflicting(operator, expired=True)
    answer = operator.run("redrive", key, "--conflict", "--execute")
    assert (closing(answer), answer.exit_code) == ("1 object: 1 stored", 0)
    assert (operator.events(), operator.outcome(key)) == (["e-1"], "stored")
    assert CANARY not in answer.output


def test_a_dry_run_with_the_flag_says_what_the_table_has_and_never_deliverable(operator: Operator) -> None:
    key = conflicting(operator, expired=True)
    answer = operator.run("redrive", key, "--conflict")
    (line,), last = answer.stdout.splitlines(), answer.stderr.splitlines()[-1]
    assert line.startswith(f"{CONFLICT}\t{key}\tthe table does not have this event any more: --yes stores this")
    assert last == "dry run, nothing is written without --yes: 1 object: 1 conflicting-duplicate"
    assert (operator.events(), operator.outcome(key)) == ([], None)


@pytest.mark.parametrize("execute", [[], ["--execute"]])
def test_a_redrive_with_the_flag_never_replaces_an_event(operator: Operator, execute: list[str]) -> None:
    key = conflicting(operator, expired=False)
    before = table(operator)
    answer = operator.run("redrive", key, "--conflict", *execute)
    assert f"{key}\tthe table has this event with other content, and keeps it" in answer.stdout
    assert (answer.exit_code, table(operator)) == (1, before)


def test_an_object_that_turned_out_to_be_a_conflict_is_not_redriven_after_the_first_event_expired(
    operator: Operator,
) -> None:
    operator.keep(body(delivery(id="e-1")), reason=Outcome.UNDELIVERABLE)
    operator.run("redrive", "--execute")
    other = operator.keep(body(delivery(id="e-1", note=1)), reason=Outcome.CONTRACT)
    operator.run("redrive", other, "--execute")
    assert operator.outcome(other) == CONFLICT
    expire_events(operator)
    for arguments in ([], ["--execute"], [other], [other, "--execute"]):
        assert "deliverable " not in operator.run("redrive", *arguments).stdout
    assert operator.events() == []
    assert operator.run("redrive", other, "--conflict", "--execute").exit_code == 0
    assert operator.events() == ["e-1"]


def test_skipped_conflicts_do_not_count_for_the_limit(operator: Operator) -> None:
    operator.keep(body(delivery(id="e-0")), reason=Outcome.CONFLICT)
    operator.keep(body(delivery(id="e-1")), reason=Outcome.CONTRACT)
    answer = operator.run("redrive", "--limit", "1", "--execute")
    assert closing(answer) == "1 object: 1 stored; 1 skipped, conflicting-duplicate"


def test_many_are_redriven_each_outcome_is_kept_and_the_closing_line_counts(operator: Operator) -> None:
    stored = operator.keep(body(delivery(id="e-1")), reason=Outcome.CONTRACT)
    stale = operator.keep(body(delivery(id="e-0", updated_at="2020-01-01T00:00:00Z")), reason=Outcome.MEDIA_TYPE)
    bad, cut = operator.keep(broken(id="e-2")), operator.keep(b'{"id": "c4n4ry"')
    conflict = operator.keep(body(delivery(id="e-1", note=1)), reason=Outcome.UNDELIVERABLE)
    duplicate = operator.keep(body(delivery(id="e-1")), reason=Outcome.UNDELIVERABLE)
    answer = operator.run("redrive", stored, stale, bad, cut, conflict, duplicate, "--execute")
    assert closing(answer) == (
        "6 objects: 1 conflicting-duplicate, 1 contract, 1 duplicate, 1 malformed, 1 stale, 1 stored"
    )
    assert answer.exit_code == 1
    assert operator.events() == ["e-0", "e-1"]
    kept = [operator.outcome(key) for key in (stored, stale, bad, cut, conflict, duplicate)]
    assert kept == ["stored", "stale", "contract", "malformed", "conflicting-duplicate", "duplicate"]
    (line,) = (line for line in answer.stdout.splitlines() if bad in line)
    assert "$.data.appointment.meetingType enum" in line
    assert CANARY not in answer.output


def test_a_redrive_in_tolerant_mode_takes_in_what_a_release_of_the_vendors_brought(operator: Operator) -> None:
    document = delivery(meetingType=CANARY)
    del document["data"]["appointment"]["office"]
    key = operator.keep(body(document))
    assert closing(operator.run("redrive", "--execute")) == "1 object: 1 contract"
    answer = operator.run("redrive", "--contract-mode", "tolerant", "--execute")
    assert closing(answer) == "1 object: 1 stored"
    assert (operator.outcome(key), operator.events()) == ("stored", ["e-1"])
    assert CANARY not in answer.output


def test_a_redriven_body_is_the_one_received_then_and_expires_from_now(operator: Operator) -> None:
    operator.keep(body(delivery()), day=5)
    assert operator.run("redrive", "--yes", "--history-retention-days", "30").exit_code == 0
    items = operator.dynamodb.scan(TableName=operator.table_name)["Items"]
    (event,) = (item for item in items if item["sk"]["S"] != "CURRENT")
    assert event["receivedAt"] == {"S": "2026-03-05T09:00:00.000000000Z"}
    assert event["storedAt"]["S"] > event["receivedAt"]["S"]
    assert abs(int(event["expiresAt"]["N"]) - time.time() - 30 * 86_400) < 60


def test_what_is_settled_is_skipped_unless_asked_for_again_and_what_failed_is_tried_again(operator: Operator) -> None:
    good, bad = operator.keep(body(delivery())), operator.keep(broken(id="e-2"))
    operator.run("redrive", "--execute")
    second = operator.run("redrive", "--execute")
    assert closing(second) == "1 object: 1 contract; 1 skipped, redriven before"
    third = operator.run("redrive", "--execute", "--again")
    assert closing(third) == "2 objects: 1 contract, 1 duplicate"
    assert [operator.outcome(good), operator.outcome(bad)] == ["duplicate", "contract"]
    assert operator.events() == ["e-1"]


def test_a_limit_stops_and_the_same_command_goes_on_from_there(operator: Operator) -> None:
    for number in range(5):
        operator.keep(body(delivery(id=f"e-{number}", appointment_id=f"a-{number}")))
    counts: list[int] = []
    while not counts or counts[-1] < 5:
        answer = operator.run("redrive", "--execute", "--limit", "2")
        assert answer.exit_code == 0
        counts.append(len(operator.events()))
    assert counts == [2, 4, 5]
    assert closing(operator.run("redrive", "--execute", "--limit", "2")) == "0 objects; 5 skipped, redriven before"


@pytest.mark.parametrize("step", ["before-call.dynamodb.TransactWriteItems", "before-call.s3.PutObjectTagging"])
def test_interrupted_anywhere_it_loses_nothing_and_does_nothing_twice(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    for number in range(6):
        operator.keep(body(delivery(id=f"e-{number}", appointment_id=f"a-{number}")))
    client: Any = operator.dynamodb if "dynamodb" in step else operator.s3
    monkeypatch.setattr(Target, "s3", operator.s3)
    calls = []

    def control_c(**_: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    client.meta.events.register(step, control_c)
    answer = operator.run("redrive", "--execute")
    assert answer.exit_code == 1
    assert closing(answer).startswith("interrupted, the same command continues from here: 2 objects: 2 stored")
    # A write that had begun goes on by itself: its object has no outcome yet, and is a duplicate the next time.
    assert len(operator.events()) in ({2, 3} if "dynamodb" in step else {3})
    again = operator.run("redrive", "--execute")
    assert again.exit_code == 0
    assert "; 2 skipped, redriven before" in closing(again)
    assert operator.events() == [f"e-{number}" for number in range(6)]
    assert {operator.outcome(one["key"]) for one in operator.listed()} <= {"stored", "duplicate"}


def test_a_store_that_is_down_is_given_up_and_no_outcome_is_kept(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [operator.keep(body(delivery(id=f"e-{number}"))) for number in range(5)]
    gone = Store(operator.dynamodb, "no-such-table", lambda: Bodies(operator.s3, "bodies"))
    with monkeypatch.context() as outage:
        outage.setattr(Target, "store", gone)
        answer = operator.run("redrive", "--execute")
    assert answer.exit_code == 1
    assert closing(answer) == "stopped, the same command continues from here: 3 objects: 3 unavailable"
    assert "DynamoDB answered ResourceNotFoundException" in answer.stdout
    assert {operator.outcome(key) for key in keys} == {None}
    assert operator.run("redrive", "--execute").exit_code == 0


def test_a_body_too_large_for_the_table_is_redriven_by_claim_check(operator: Operator) -> None:
    operator.keep(body(delivery(internalNotes="x" * 2_000_000)))
    assert operator.run("redrive", "--execute").exit_code == 0
    assert operator.events() == ["e-1"]
    assert operator.s3.list_objects_v2(Bucket="bodies")["KeyCount"] == 1


def test_redrive_takes_the_same_filters(operator: Operator) -> None:
    operator.keep(body(delivery(id="e-1", appointment_id="a-1")), day=3, reason=Outcome.CONTRACT)
    operator.keep(body(delivery(id="e-2", appointment_id="a-2")), day=4, reason=Outcome.CONTRACT)
    operator.keep(body(delivery(id="e-3", appointment_id="a-3")), day=4, reason=Outcome.MEDIA_TYPE)
    assert operator.run("redrive", "--execute", "--reason", "contract", "--since", "2026-03-04").exit_code == 0
    assert operator.events() == ["e-2"]


def test_a_long_run_tells_how_far_it_is(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appointments_cli.quarantine.output.PROGRESS_SECONDS", 0.0)
    operator.keep(body(delivery()))
    answer = operator.run("redrive", "--execute")
    assert answer.stderr == "... 1 object: 1 stored\n1 object: 1 stored\n"
