"""Members that the contract does not know are found by path, and nothing that is personal is part of a path."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.contract import unknown_members as module
from appointments.contract.unknown_members import unknown_members
from samples import SAMPLES
from tests.builders import delivery
from tests.project import ROOT

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PATH = re.compile(r"\$(\[\*\]|\.[A-Za-z_][A-Za-z0-9_]{0,63}|\.\(not logged\))+")
UNLISTED = {
    "answers[*].files",
    "messageForCustomer",
    "subject.deletedAt",
}
"""The members of the samples' appointments that the vendor's page does not have."""


def with_member(path: list[str | int], name: str, value: Any = "x") -> dict[str, Any]:
    """Return a delivery with another member in the object at the path."""
    document = delivery(answers=[{"answerType": "QUALIFICATION"}], previous={"status": "ACCEPTED"})
    inside: Any = document
    for part in path:
        inside = inside[part]
    inside[name] = value
    return document


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ([], "$.brandNew"),
        (["data"], "$.data.brandNew"),
        (["data", "appointment"], "$.data.appointment.brandNew"),
        (["data", "appointment", "office"], "$.data.appointment.office.brandNew"),
        (["data", "appointment", "participants", 1], "$.data.appointment.participants[*].brandNew"),
        (
            ["data", "appointment", "participants", 0, "employee"],
            "$.data.appointment.participants[*].employee.brandNew",
        ),
        (["data", "appointment", "answers", 0], "$.data.appointment.answers[*].brandNew"),
        (["data", "previousAppointment"], "$.data.previousAppointment.brandNew"),
    ],
)
def test_an_unknown_member_is_found_at_every_level(path: list[str | int], found: str) -> None:
    assert unknown_members(with_member(path, "brandNew")) == (found,)


def test_a_member_of_every_participant_is_one_path() -> None:
    document = delivery()
    for participant in document["data"]["appointment"]["participants"]:
        participant["brandNew"] = 1
    assert unknown_members(document) == ("$.data.appointment.participants[*].brandNew",)


@pytest.mark.parametrize("name", ["metadata", "callbackRequest"])
def test_the_names_in_a_map_are_the_customers_and_are_not_searched(name: str) -> None:
    assert unknown_members(with_member(["data", "appointment"], name, {"brandNew": 1})) == ()


def test_the_inside_of_an_unknown_member_is_not_searched() -> None:
    document = with_member(["data"], "byName", {"Lotte Peeters": {"Lotte": 1}})
    assert unknown_members(document) == ("$.data.byName",)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "lotte@example.com",
        "Lotte Peeters",
        "é",
        "\x1b[2J",
        "1a",
        "a" * 41,
        "a.b",
        "a\n",
        "c4n4ry",
        "a1b2",
        "user1234",
    ],
)
def test_a_name_that_does_not_look_like_one_is_not_shown(name: str) -> None:
    assert unknown_members(with_member(["data"], name)) == ("$.data.(not logged)",)


@pytest.mark.parametrize("name", ["office365CalendarUrl", "line2", "snake_case", "_id", "a" * 40])
def test_a_name_of_letters_with_one_number_is_shown(name: str) -> None:
    assert unknown_members(with_member(["data"], name)) == (f"$.data.{name}",)


def test_a_document_lists_a_limited_number_of_paths() -> None:
    document = delivery() | {f"m{number}": 0 for number in range(5_000)}
    assert len(unknown_members(document)) == module.MOST


@given(document=JSON, place=st.sampled_from([[], ["data"], ["data", "appointment"]]), value=JSON)
def test_any_json_is_searched_and_every_path_consists_of_names_and_stars(document: Any, place: Any, value: Any) -> None:
    mixed = copy.deepcopy(delivery())
    inside: Any = mixed
    for part in place:
        inside = inside[part]
    for name in list(inside):
        inside[name] = value
    for one in (document, mixed):
        assert all(PATH.fullmatch(path) for path in unknown_members(one))


def test_the_vendors_sample_has_no_unknown_member() -> None:
    sample = json.loads((ROOT / "tests" / "fixtures" / "vendor-sample.json").read_text(encoding="utf-8"))
    assert unknown_members(sample) == ()


def test_the_samples_have_only_the_unknown_members_that_they_show_on_purpose() -> None:
    documents = [json.loads(sample.body) for sample in SAMPLES if sample.name != "malformed"]
    found = {path.removeprefix("$.data.appointment.") for document in documents for path in unknown_members(document)}
    assert found == UNLISTED
