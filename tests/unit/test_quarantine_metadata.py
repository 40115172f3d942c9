"""The metadata of an object in quarantine, within S3's limit of 2 KB."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appointments.contract.essentials import Ids
from appointments.contract.violations import Kind, Violation
from appointments.outcome import QUARANTINED, Outcome
from appointments.storage.quarantine import METADATA_BYTES, QuarantineMetadata

LONG = st.builds(lambda text, times: text * times, st.text(max_size=20), st.integers(0, 200))
VIOLATION = st.builds(Violation, LONG, st.text(max_size=20), LONG, st.just(Kind.STRUCTURE))
PATHS = st.from_regex(r"\A\$(\.[a-zA-Z]{1,12}|\[[0-9]{1,5}\]){1,6}\Z")
PLAIN = st.builds(
    Violation,
    PATHS,
    st.sampled_from(["type", "required"]),
    st.sampled_from(["string", "A, B, C"]),
    st.just(Kind.STRUCTURE),
)
METADATA = st.builds(
    lambda received_at, violations, request_id, content_type, *ids: QuarantineMetadata(
        received_at,
        tuple(violations),
        len(violations),
        request_id,
        content_type,
        content_encoding=content_type,
        function_request_id=request_id,
        ids=Ids(*ids),
    ),
    LONG,
    st.lists(VIOLATION, max_size=60),
    LONG,
    LONG,
    *[LONG] * len(Ids._fields),
)


@given(original=METADATA, reason=st.sampled_from(QUARANTINED))
def test_metadata_is_always_printable_ascii_of_at_most_2_kb(original: QuarantineMetadata, reason: Outcome) -> None:
    metadata = original.as_metadata(reason)
    assert sum(len(f"x-amz-meta-{name}") + len(value) for name, value in metadata.items()) <= METADATA_BYTES
    for name, value in metadata.items():
        assert (name + value).isascii()
        assert (name + value).isprintable()
        assert value == value.strip() != ""


@given(violations=st.lists(PLAIN, min_size=1, max_size=5).map(lambda few: few * 20))
def test_as_many_violations_as_fit_are_read_back_unchanged(violations: list[Violation]) -> None:
    original = QuarantineMetadata(
        "2026-03-02T09:00:01.000000000Z", tuple(violations), len(violations), "r-1", "application/json"
    )
    metadata = original.as_metadata(Outcome.CONTRACT)
    read = QuarantineMetadata.from_metadata(metadata)
    assert read.violations == original.violations[: len(read.violations)]
    assert read.violation_count == len(violations)
    assert (read.received_at, read.request_id, read.content_type) == (
        original.received_at,
        original.request_id,
        original.content_type,
    )
    used = sum(len(f"x-amz-meta-{name}") + len(value) for name, value in metadata.items())
    assert read.violations == original.violations or used > METADATA_BYTES - 200


@given(ids=st.lists(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\Z"), min_size=4, max_size=4))
def test_ids_are_read_back_unchanged(ids: list[str]) -> None:
    original = QuarantineMetadata("2026-03-02T09:00:01.000000000Z", function_request_id="f-1", ids=Ids(*ids))
    read = QuarantineMetadata.from_metadata(original.as_metadata(Outcome.CONTRACT))
    assert (read.ids, read.function_request_id) == (Ids(*ids), "f-1")


def test_an_id_that_does_not_look_like_one_is_left_out() -> None:
    document = {"id": "Lotte Peeters", "data": {"eventType": "lotte", "appointment": {"id": 7}}, "correlationId": []}
    metadata = QuarantineMetadata("", ids=Ids.of(document)).as_metadata(Outcome.CONTRACT)
    assert metadata == {"reason": "contract", "appointment-id": "7", "violation-count": "0"}


@given(metadata=st.dictionaries(st.sampled_from(["violations", "violation-count", "received-at"]), st.text()))
def test_invalid_metadata_raises_no_error(metadata: dict[str, str]) -> None:
    QuarantineMetadata.from_metadata(metadata)


def test_violations_of_the_wrong_shape_are_left_out() -> None:
    for text in ("{}", "[[1]]", "[1]", '[["a","b","c","d"]]', "null", "[" * 100_000):
        assert QuarantineMetadata.from_metadata({"violations": text, "violation-count": "3"}).violations == ()
