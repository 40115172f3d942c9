"""The parameters that leave indexes out: the table that template.yaml declares for each of them."""

from __future__ import annotations

from itertools import product
from typing import Any

import boto3
import pytest
from moto import mock_aws

from appointments.storage import items
from bench.dynamodb import DECLARED
from local.template import Template
from tests.template import DOCUMENT

CHOICES = [dict(zip(items.INDEXES, kept, strict=True)) for kept in product([True, False], repeat=len(items.INDEXES))]


def table(kept: dict[str, bool]) -> dict[str, Any]:
    """The table with these values of the parameters, which have the names of the indexes."""
    return Template().table({name: str(value).lower() for name, value in kept.items()})


@pytest.mark.parametrize("kept", CHOICES)
def test_each_parameter_keeps_or_leaves_out_the_index_of_its_name(kept: dict[str, bool]) -> None:
    declared = table(kept)
    names = [index["IndexName"] for index in declared.get("GlobalSecondaryIndexes", [])]
    assert names == [name for name, value in kept.items() if value]


@pytest.mark.parametrize("kept", CHOICES)
def test_the_table_defines_exactly_the_attributes_that_are_keys(kept: dict[str, bool]) -> None:
    """DynamoDB refuses a definition that no key uses, and an empty list of indexes."""
    declared = table(kept)
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="t", **{key: declared[key] for key in DECLARED if key in declared}
        )
    keys = {key for name, value in kept.items() if value for key in items.INDEXES[name]}
    defined = [attribute["AttributeName"] for attribute in declared["AttributeDefinitions"]]
    assert sorted(defined) == sorted({items.PARTITION_KEY, items.SORT_KEY} | keys)
    assert declared.get("GlobalSecondaryIndexes") != []


def test_every_index_is_kept_by_default() -> None:
    assert [index["IndexName"] for index in Template().table()["GlobalSecondaryIndexes"]] == list(items.INDEXES)
    assert all(DOCUMENT["Parameters"][name]["AllowedValues"] == ["true", "false"] for name in items.INDEXES)
