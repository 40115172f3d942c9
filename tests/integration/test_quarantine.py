"""Quarantine stores a body byte for byte, in one object with metadata, also after repeated and concurrent attempts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from appointments.contract.violations import Violation
from appointments.errors import QuarantineUnavailableError
from appointments.outcome import QUARANTINED, Outcome
from appointments.storage.quarantine import Quarantine, QuarantineMetadata
from tests import profiles
from tests.builders import make_bucket

BUCKET = "quarantine"
RECEIVED_AT = "2026-03-02T09:00:01.000000000Z"
VIOLATIONS = (
    Violation("$.data.appointment.status", "enum", "ACCEPTED, CANCELLED"),
    Violation("$.id", "type", "string"),
)


@pytest.fixture
def quarantine() -> Iterator[Quarantine]:
    with mock_aws():
        make_bucket(BUCKET)
        yield Quarantine(boto3.client("s3"), BUCKET)


def keys() -> list[str]:
    return [summary["Key"] for summary in boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def content(key: str) -> bytes:
    return boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()


@given(body=st.binary(max_size=2000), reason=st.sampled_from(QUARANTINED))
@settings(max_examples=profiles.examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_is_stored_byte_for_byte(quarantine: Quarantine, body: bytes, reason: Outcome) -> None:
    key = quarantine.keep(body, reason, QuarantineMetadata(received_at=RECEIVED_AT))
    assert key == f"{reason}/{hashlib.sha256(body).hexdigest()}"
    assert content(key) == body


def test_an_object_has_its_reason_violations_and_time_of_receipt_in_its_metadata(quarantine: Quarantine) -> None:
    key = quarantine.keep(
        b"\xff",
        Outcome.CONTRACT,
        QuarantineMetadata(
            received_at=RECEIVED_AT,
            violations=VIOLATIONS,
            violation_count=len(VIOLATIONS),
            request_id="r-1",
            content_type="application/json; charset=ütf-8\r\nx: y",
        ),
    )
    head = boto3.client("s3").head_object(Bucket=BUCKET, Key=key)
    assert head["Metadata"]["reason"] == "contract"
    assert QuarantineMetadata.from_metadata(head["Metadata"]) == QuarantineMetadata(
        RECEIVED_AT, VIOLATIONS, 2, "r-1", "application/json; charset=?tf-8??x: y"
    )
    assert head["ContentType"] == "application/octet-stream"


def test_three_attempts_leave_one_object_with_the_metadata_of_the_first(quarantine: Quarantine) -> None:
    times = [f"2026-03-02T09:00:0{second}.000000000Z" for second in (1, 3, 8)]
    (key,) = {quarantine.keep(b"{", Outcome.MALFORMED, QuarantineMetadata(received_at=time)) for time in times}
    assert keys() == [key]
    metadata = boto3.client("s3").head_object(Bucket=BUCKET, Key=key)["Metadata"]
    assert metadata["received-at"] == times[0]


def test_a_late_attempt_keeps_the_tags_of_the_object(quarantine: Quarantine) -> None:
    key = quarantine.keep(b"{", Outcome.MALFORMED, QuarantineMetadata(received_at=RECEIVED_AT))
    tags: Any = {"TagSet": [{"Key": "outcome", "Value": "stored"}]}
    boto3.client("s3").put_object_tagging(Bucket=BUCKET, Key=key, Tagging=tags)
    quarantine.keep(b"{", Outcome.MALFORMED, QuarantineMetadata(received_at=RECEIVED_AT))
    assert boto3.client("s3").get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"] == tags["TagSet"]


def test_concurrent_attempts_leave_one_object_for_each_body(quarantine: Quarantine) -> None:
    bodies = [bytes([number]) * 100 for number in range(5)]
    with ThreadPoolExecutor(8) as pool:
        names = pool.map(
            lambda body: quarantine.keep(body, Outcome.CONTRACT, QuarantineMetadata(received_at=RECEIVED_AT)),
            bodies * 8,
        )
        assert sorted(set(names)) == keys()
    assert sorted(map(content, keys())) == bodies


class ConflictingClient:
    """S3 that refuses the first ``times`` writes because of a concurrent write to the same key. moto never does."""

    def __init__(self, client: Any, times: int) -> None:
        self._client = client
        self._times = times

    def put_object(self, **request: Any) -> Any:
        if self._times:
            self._times -= 1
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict", "Message": ""}}, "PutObject")
        return self._client.put_object(**request)


@pytest.mark.usefixtures("quarantine")
def test_a_write_conflict_is_retried_and_the_third_one_is_an_error() -> None:
    client: Any = ConflictingClient(boto3.client("s3"), times=2)
    assert (
        content(Quarantine(client, BUCKET).keep(b"{", Outcome.MALFORMED, QuarantineMetadata(received_at=RECEIVED_AT)))
        == b"{"
    )
    client = ConflictingClient(boto3.client("s3"), times=3)
    with pytest.raises(QuarantineUnavailableError, match="ConditionalRequestConflict"):
        Quarantine(client, BUCKET).keep(b"[", Outcome.MALFORMED, QuarantineMetadata(received_at=RECEIVED_AT))


def test_quarantine_is_unavailable_if_s3_fails_and_the_error_contains_nothing_of_the_body(
    quarantine: Quarantine,
) -> None:
    unreachable = Quarantine(boto3.client("s3", endpoint_url="http://127.0.0.1:1"), BUCKET)
    boto3.client("s3").delete_bucket(Bucket=BUCKET)
    for broken, code in ((quarantine, "NoSuchBucket"), (unreachable, "EndpointConnectionError")):
        with pytest.raises(QuarantineUnavailableError, match=code) as caught:
            broken.keep(b"c4n4ry", Outcome.CONTRACT, QuarantineMetadata(received_at=RECEIVED_AT))
        assert "c4n4ry" not in repr(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
