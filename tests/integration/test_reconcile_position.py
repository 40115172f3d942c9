"""The position of a pass: one run at a time holds it, and the next one continues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from appointments.errors import UnavailableError
from appointments.reconciliation.position import KEY, STALE_SECONDS, NotHeldError, Position
from tests.builders import make_bucket

CURSOR = '{"done": "2026"}'


class Runs:
    """Runs that share a bucket and a clock."""

    def __init__(self) -> None:
        make_bucket("bodies")
        self.s3: Any = boto3.client("s3")
        self.now = 1_000.0

    def new(self) -> Position:
        return Position(self.s3, "bodies", clock=lambda: self.now)


@pytest.fixture
def runs() -> Iterator[Runs]:
    with mock_aws():
        yield Runs()


def test_the_first_run_begins_and_the_next_one_continues(runs: Runs) -> None:
    first = runs.new()
    assert first.take(900) is None
    first.save("an earlier one")
    first.save(CURSOR)
    first.release(CURSOR)
    assert runs.new().take(900) == CURSOR


def test_a_run_after_a_complete_pass_begins_a_new_one(runs: Runs) -> None:
    first = runs.new()
    first.take(900)
    first.release(None)
    assert runs.new().take(900) is None


def test_nobody_else_holds_it_until_the_time_of_a_killed_run_is_up(runs: Runs) -> None:
    killed = runs.new()
    killed.take(900)
    killed.save(CURSOR)
    runs.now += 899
    with pytest.raises(NotHeldError):
        runs.new().take(900)
    runs.now += 1
    assert runs.new().take(900) == CURSOR


def test_of_two_runs_at_once_one_holds_it(runs: Runs) -> None:
    """Both have read that nobody holds it; S3 takes one of the two conditional puts."""
    runs.new().take(0)
    first, second = runs.new(), runs.new()
    get = runs.s3.get_object
    raced: list[str] = []

    def read_while_the_other_takes(**named: Any) -> Any:
        answer = get(**named)
        if not raced:
            raced.append("begun")
            second.take(900)
        return answer

    runs.s3.get_object = read_while_the_other_takes
    with pytest.raises(NotHeldError):
        first.take(900)
    second.save(CURSOR)


def test_a_run_whose_time_is_up_does_not_overwrite_the_position_of_the_next(runs: Runs) -> None:
    frozen, other = runs.new(), runs.new()
    frozen.take(900)
    runs.now += 900
    other.take(900)
    other.save(CURSOR)
    for write in (frozen.save, frozen.release):
        with pytest.raises(NotHeldError):
            write("old")
    other.save(CURSOR)


def test_a_repeated_request_that_fails_by_its_own_first_attempt_has_succeeded(runs: Runs) -> None:
    run = runs.new()
    put = runs.s3.put_object
    runs.s3.put_object = lambda **named: (put(**named), put(**named))[1]
    assert run.take(900) is None
    run.save(CURSOR)
    run.release(CURSOR)
    runs.s3.put_object = put
    assert runs.new().take(900) == CURSOR


def test_a_pass_that_began_long_ago_is_not_continued(runs: Runs) -> None:
    for seconds in (STALE_SECONDS - 1, 2):
        run = runs.new()
        run.take(900)
        run.release(CURSOR)
        runs.now += seconds
    assert runs.new().take(900) is None


@pytest.mark.parametrize("content", [b"", b"no JSON", b"[]", b"{}", b'{"cursor": null}'])
def test_a_position_that_cannot_be_read_begins_a_new_pass(runs: Runs, content: bytes) -> None:
    runs.s3.put_object(Bucket="bodies", Key=KEY, Body=content)
    run = runs.new()
    assert run.take(900) is None
    run.save(CURSOR)


def test_without_the_bucket_nothing_is_held(runs: Runs) -> None:
    with pytest.raises(UnavailableError, match="NoSuchBucket"):
        Position(runs.s3, "elsewhere").take(900)
