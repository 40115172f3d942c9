"""Bounds on the content of a body: any body that Lambda accepts fits the memory and the deadline of the function."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st

from appointments.contract import document as document_module
from appointments.contract.document import VALUES, _exceeds_values, _separators
from appointments.contract.parsing import parse_body
from appointments.contract.violations import Violation
from appointments.errors import AppointmentsError, ContractError
from local.template import Template
from tests import profiles
from tests.builders import body, delivery

PAYLOAD_BYTES = 5_900_000
"""The largest body. Lambda accepts an event of six megabytes, which includes the members that API Gateway adds."""
TRANSLATIONS, PARTICIPANTS, UNKNOWN = ("subject", "translations", "name"), ("participants",), ("unknown",)
ARRAYS = [
    (TRANSLATIONS, "{}"),
    (PARTICIPANTS, "{}"),
    (PARTICIPANTS, "1"),
    (PARTICIPANTS, "[]"),
    (PARTICIPANTS, '{"type":"CUSTOMER","role":"PRIMARY","customer":{"id":1}}'),
    (UNKNOWN, "{}"),
    (UNKNOWN, '{"a":1}'),
]
PARSE = """
import sys
from appointments.errors import AppointmentsError
from appointments.contract.parsing import parse_body

body = sys.stdin.buffer.read()
try:
    parse_body(body)
except AppointmentsError as error:
    print(error)
# Not resource.getrusage, whose peak includes that of the parent process.
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


def delivery_with_array(place: tuple[str, ...], element: str, elements: int) -> bytes:
    """Return a delivery that has an array of equal elements at a place."""
    document: Any = delivery(subject={"id": "s-1", "translations": {}})
    inner = document["data"]["appointment"]
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = "here"
    head, tail = json.dumps(document, separators=(",", ":")).split('"here"')
    return f"{head}[{','.join([element] * elements)}]{tail}".encode()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak memory of a process is read from /proc")
@pytest.mark.parametrize("refused", [False, True], ids=["accepted", "refused"])
@pytest.mark.parametrize(("place", "element"), ARRAYS, ids=[f"{place[-1]} {element}" for place, element in ARRAYS])
def test_no_body_needs_more_memory_than_the_function_has(place: tuple[str, ...], element: str, refused: bool) -> None:
    allowed = (VALUES - 500) // (values([json.loads(element)]) - 1)
    content = delivery_with_array(place, element, PAYLOAD_BYTES // (len(element) + 1) if refused else allowed)
    child = subprocess.run([sys.executable, "-c", PARSE], input=content, capture_output=True, check=True)  # noqa: S603
    mebibytes = int(child.stdout.split()[-1]) / 1024
    assert 15 < mebibytes < Template().function("WebhookFunction").memory_mb * 0.6


def values(document: Any) -> int:
    """Count the values of a document recursively."""
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return 1 + sum(map(values, inner))


def test_a_body_of_too_many_values_is_refused_and_a_body_of_fewer_is_accepted() -> None:
    document = delivery()
    document["unknown"] = []
    room = VALUES - 1 - _separators(json.dumps(document).encode())
    document["unknown"] = [1] * room
    assert parse_body(body(document)).violations == ()
    document["unknown"] += [1] * 2
    with pytest.raises(ContractError) as raised:
        parse_body(json.dumps(document, separators=(",", ":")).encode())
    assert raised.value.violations == (Violation("$", "maxValues", str(VALUES)),)


def test_commas_and_brackets_inside_texts_are_not_counted() -> None:
    notes = ',[{\\"' * VALUES
    assert parse_body(body(delivery(internalNotes=notes))).violations == ()


def test_a_body_of_too_many_values_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "from_json", lambda *_, **__: pytest.fail("decoded"))
    for content in (b"[" * 200_001, b"[" + b"[],[]," * 100_000 + b"[]]", b'{"a":' * 100_001, b"," * 200_001):
        with pytest.raises(ContractError):
            parse_body(content)


@given(st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_the_number_of_commas_and_brackets_is_an_upper_bound_of_the_values(document: Any) -> None:
    assert values(document) <= 1 + _separators(json.dumps(document).encode())


TEXTS = st.lists(st.text(st.sampled_from('\\",[{a'), max_size=6), max_size=20)


@given(TEXTS, st.integers(1, 7))
def test_a_separator_inside_a_string_is_never_counted(texts: list[str], block: int) -> None:
    """The count is exact: it accepts a body at the limit, and refuses it when the limit is one lower."""
    separators = 1 + len(texts) - bool(texts)
    content = json.dumps(texts, ensure_ascii=False).encode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(document_module, "_BLOCK", block)
        patched.setattr(document_module, "VALUES", 1 + separators)
        assert not _exceeds_values(content)
        patched.setattr(document_module, "VALUES", separators)
        assert _exceeds_values(content)


@given(st.recursive(st.sampled_from([0, "", None]), st.lists, max_leaves=30))
def test_a_value_has_at_least_two_bytes(value: Any) -> None:
    """Therefore the values of a short body need not be counted."""
    text = json.dumps({"": value}, separators=(",", ":"))
    assert 2 * values({"": value}) - 1 <= len(text)


ELEMENTS = [
    *(element for _, element in ARRAYS),
    '{"answerType":"NEW"}',
    '{"value":"x","language":"xx"}',
    '{"a":' * 9 + "1" + "}" * 9,
    "1.5e300",
    "9" * 4300,
    '""',
    '"ab"',
    '"\\\\\\""',
]
PLACES = [TRANSLATIONS, PARTICIPANTS, UNKNOWN, ("answers",), ("metadata",)]
MEGABYTE = 1_000_000
HIGHEST_RATIO = 200
"""The highest CPU time allowed for a body, as a multiple of a typical one, which takes 0.4 ms.

A tenth of the deadline is 75 ms of CPU at the share of a CPU that 512 MB have.
"""
TYPICAL = (Path(__file__).parents[2] / "events" / "deliveries" / "reschedule.json").read_bytes()


def cpu_seconds(content: bytes, runs: int = 2) -> float:
    """Return the lowest CPU time of several runs, because other processes disturb single runs."""
    measured = []
    for _ in range(runs):
        begin = time.process_time()
        with suppress(AppointmentsError):
            parse_body(content)
        measured.append(time.process_time() - begin)
    return min(measured)


def ratio_to_typical(content: bytes) -> float:
    """Return the CPU time of a body as a multiple of a typical one. Repeats a measurement that is too high."""
    ratio = float("inf")
    for _ in range(5):
        ratio = min(ratio, cpu_seconds(content) / cpu_seconds(TYPICAL, runs=20))
        if ratio < HIGHEST_RATIO:
            break
    target(ratio)
    return ratio


@given(
    place=st.sampled_from(PLACES),
    element=st.sampled_from(ELEMENTS),
    depth=st.sampled_from([0, 1, 9, 190]),
    escaped=st.booleans(),
    accepted=st.booleans(),
)
@settings(deadline=None, max_examples=profiles.examples(40))
def test_no_body_of_a_megabyte_needs_more_than_a_tenth_of_the_deadline(
    place: tuple[str, ...], element: str, depth: int, escaped: bool, accepted: bool
) -> None:
    nested = "[" * depth + element + "]" * depth
    each = values(json.loads(f"[{nested}]")) - 1
    number = (MEGABYTE - 2000) // (len(nested) + 1)
    if accepted:
        number = min(number, (VALUES - 600) // each)
    content = delivery_with_array(place, nested, number)
    if escaped:  # an escaped colon needs the slower check of the members' names
        content = content.replace(b'"e-1"', b'"\\u003a"', 1)
    assert ratio_to_typical(content) < HIGHEST_RATIO
