"""docs/privacy.md has a class for each member, and a row for each place that holds data."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from generate import privacy_page
from generate.privacy_members import CLASSES
from samples.files import EVENTS
from tests.project import ROOT
from tests.template import DOCUMENT, of_type
from tests.unit.test_data_at_rest import HOLDERS

PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
NO_CONTENT = {"WebhookSecret"}
"""Holders without anything of a delivery."""


def test_a_member_without_a_class_is_an_error_that_names_it() -> None:
    classes = copy.deepcopy(CLASSES)
    classes["Customer"]["personal"] = classes["Customer"]["personal"].replace("notes ", "")
    with pytest.raises(ValueError, match=r"unknown: Customer\.notes: edit generate/privacy_members\.py"):
        privacy_page.check(classes)


def test_a_member_with_two_classes_is_an_error() -> None:
    classes = copy.deepcopy(CLASSES)
    classes["Office"]["neither"] += " email"
    with pytest.raises(ValueError, match="Office twice"):
        privacy_page.check(classes)


def test_an_object_without_classes_is_an_error() -> None:
    classes = {name: members for name, members in CLASSES.items() if name != "Form"}
    with pytest.raises(ValueError, match=r"Form\.id"):
        privacy_page.check(classes)


def test_each_url_and_token_of_a_participant_is_a_capability() -> None:
    for name in ("EmployeeParticipant", "CustomerParticipant", "PreviousParticipant"):
        members = privacy_page.members_of_the_contract()[name]
        urls = {member for member in members if member.lower().endswith(("url", "token"))}
        assert set(CLASSES[name]["capability"].split()) == urls


def values(node: Any, names: set[str]) -> set[str]:
    """The texts of the members with these names, at any depth."""
    if isinstance(node, list):
        return {text for element in node for text in values(element, names)}
    if not isinstance(node, dict):
        return set()
    own = {value for name, value in node.items() if name in names and isinstance(value, str)}
    return own | {text for value in node.values() for text in values(value, names)}


CAPABILITIES = {name for of in CLASSES.values() for name in of.get("capability", "").split()}
NAMING = {"firstName", "lastName", "email", "communicationEmail", "phoneNumber", "notes", "internalNotes", "street1"}


@pytest.mark.parametrize("path", sorted((EVENTS / "eventbridge").iterdir()), ids=lambda path: path.stem)
def test_metadata_and_routing_hold_no_capability_and_no_name(path: Any) -> None:
    """The vendor's own sample has "string" for every text, so it is left out."""
    detail = json.loads(path.read_text(encoding="utf-8"))["detail"]
    private = values(detail["data"], CAPABILITIES | NAMING) - {"string"}
    shown = json.dumps([detail["metadata"], detail["routing"]], ensure_ascii=False)
    assert [text for text in private if text in shown] == []
    if detail["metadata"]["detail"] == "reference":
        assert private == set()


def test_each_holder_of_data_has_a_row() -> None:
    table = PAGE.partition("## Where, how long, how erased")[2].partition("\n## ")[0]
    holders = {
        name
        for name, resource in of_type(DOCUMENT["Resources"], *HOLDERS, "AWS::Events::EventBus").items()
        if resource["Type"] != "AWS::Logs::LogGroup"
    }
    assert {name for name in holders if f"`{name}`" not in table} == NO_CONTENT


def test_each_parameter_of_the_page_exists() -> None:
    named = set(re.findall(r"`([A-Z]\w+(?:Days|Accounts|Source|Detail|Arn|InDays))`", PAGE))
    assert named
    assert named <= set(DOCUMENT["Parameters"])
