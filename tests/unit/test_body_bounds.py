"""What a body may be made of: whatever fits six megabytes is answered within the function's memory."""

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
from appointments.contract.document import _STRING, VALUES, _bound
from appointments.contract.parsing import parse_body
from appointments.contract.violations import Violation
from appointments.errors import AppointmentsError, ContractError
from local.template import Template
from tests import profiles
from tests.builders import body, delivery

PAYLOAD_BYTES = 5_900_000
"""Lambda takes an event of six megabytes, with what API Gateway puts around the body."""
TRANSLATIONS, PARTICIPANTS, UNKNOWN = ("subject", "translations", "name"), ("participants",), ("unknown",)
HEAPS = [
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
# Not resource.getrusage: its peak is that of the process that started this one, where that was larger.
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


def filled(place: tuple[str, ...], element: str, elements: int) -> bytes:
    """A delivery with an array of so many times the same element."""
    document: Any = delivery(subject={"id": "s-1", "translations": {}})
    inner = document["data"]["appointment"]
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = "here"
    head, tail = json.dumps(document, separators=(",", ":")).split('"here"')
    return f"{head}[{','.join([element] * elements)}]{tail}".encode()


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="a process's peak of memory is read as Linux tells it"
)
@pytest.mark.parametrize("refused", [False, True], ids=["just taken in", "six megabytes"])
@pytest.mark.parametrize(("place", "element"), HEAPS, ids=[f"{place[-1]} {element}" for place, element in HEAPS])
def test_no_body_takes_more_memory_than_the_function_has(place: tuple[str, ...], element: str, refused: bool) -> None:
    most = (VALUES - 500) // (values([json.loads(element)]) - 1)
    content = filled(place, element, PAYLOAD_BYTES // (len(element) + 1) if refused else most)
    child = subprocess.run([sys.executable, "-c", PARSE], input=content, capture_output=True, check=True)  # noqa: S603
    mebibytes = int(child.stdout.split()[-1]) / 1024
    assert 30 < mebibytes < Template().function("WebhookFunction").memory_mb * 0.6


def values(document: Any) -> int:
    """The number of values of a document, counted by walking through it."""
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return 1 + sum(map(values, inner))


def test_a_body_of_more_values_is_refused_by_name_and_one_of_fewer_is_not() -> None:
    document = delivery()
    document["unknown"] = []
    room = VALUES - _bound(json.dumps(document).encode())
    document["unknown"] = [1] * room
    assert parse_body(body(document)).violations == ()
    document["unknown"] += [1] * 2
    with pytest.raises(ContractError) as raised:
        parse_body(json.dumps(document, separators=(",", ":")).encode())
    assert raised.value.violations == (Violation("$", "maxValues", str(VALUES)),)


def test_commas_and_brackets_inside_texts_are_no_values() -> None:
    notes = ',[{\\"' * VALUES
    assert parse_body(body(delivery(internalNotes=notes))).violations == ()


def test_a_body_of_too_many_values_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "from_json", lambda *_, **__: pytest.fail("decoded"))
    for content in (b"[" * 200_001, b"[" + b"[],[]," * 100_000 + b"[]]", b'{"a":' * 100_001, b"," * 200_001):
        with pytest.raises(ContractError):
            parse_body(content)


@given(st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_commas_and_brackets_bound_the_number_of_values(document: Any) -> None:
    text = json.dumps(document).encode()
    assert values(document) <= _bound(text)
    assert values(document) <= _bound(_STRING.sub(b"", text))


@given(st.text(), st.sampled_from(["", "\\", '"', '\\"']))
def test_a_text_is_left_out_whole(text: str, end: str) -> None:
    assert _STRING.sub(b"", json.dumps([text + end, 1]).encode()) == b"[, 1]"


@given(st.recursive(st.sampled_from([0, "", None]), st.lists, max_leaves=30))
def test_a_value_takes_two_bytes_at_least(value: Any) -> None:
    """A short body therefore needs no count."""
    text = json.dumps({"": value}, separators=(",", ":"))
    assert 2 * values({"": value}) - 1 <= len(text)


ELEMENTS = [
    *(element for _, element in HEAPS),
    '{"answerType":"NEW"}',
    '{"value":"x","language":"xx"}',
    '{"a":' * 9 + "1" + "}" * 9,
    "1.5e300",
    "9" * 4300,
]
PLACES = [TRANSLATIONS, PARTICIPANTS, UNKNOWN, ("answers",), ("metadata",)]
MEGABYTE = 1_000_000
DEAREST = 200
"""A tenth of the deadline at the share of a CPU that 512 MB have is 75 ms of CPU, and a usual body takes 0.4 ms."""
USUAL = (Path(__file__).parents[2] / "events" / "deliveries" / "reschedule.json").read_bytes()


def cpu_seconds(content: bytes, runs: int = 2) -> float:
    """The least of several runs, because other processes disturb each."""
    taken = []
    for _ in range(runs):
        begin = time.process_time()
        with suppress(AppointmentsError):
            parse_body(content)
        taken.append(time.process_time() - begin)
    return min(taken)


def ratio_to_usual(content: bytes) -> float:
    """The CPU of a body in units of a usual one. A measurement that is too large is repeated: a busy machine disturbs
    single ones.
    """
    ratio = float("inf")
    for _ in range(5):
        ratio = min(ratio, cpu_seconds(content) / cpu_seconds(USUAL, runs=20))
        if ratio < DEAREST:
            break
    target(ratio)
    return ratio


@given(
    place=st.sampled_from(PLACES),
    element=st.sampled_from(ELEMENTS),
    depth=st.sampled_from([0, 1, 9, 190]),
    escaped=st.booleans(),
)
@settings(deadline=None, max_examples=profiles.examples(40))
def test_no_megabyte_takes_more_than_a_tenth_of_the_deadline(
    place: tuple[str, ...], element: str, depth: int, escaped: bool
) -> None:
    nested = "[" * depth + element + "]" * depth
    each = values(json.loads(f"[{nested}]")) - 1
    number = min((VALUES - 600) // each, (MEGABYTE - 2000) // (len(nested) + 1))
    content = filled(place, nested, number)
    if escaped:  # an escaped colon takes the dearer look at the names of members
        content = content.replace(b'"e-1"', b'"\\u003a"', 1)
    assert ratio_to_usual(content) < DEAREST
