"""What moto computed for each stack is computed once."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
import yaml
from moto.cloudformation.models import Stack

from local.moto_speed import make_stacks_fast
from tests.template import DOCUMENT

YAML = "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub 'a-${AWS::Region}'}}}"


def test_a_template_in_json_is_not_parsed_as_yaml_and_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    make_stacks_fast()
    text = json.dumps(DOCUMENT)
    expected = yaml.load(text, Loader=yaml.Loader)  # noqa: S506 - as moto does
    loads: list[Any] = []
    monkeypatch.setattr(yaml, "load", lambda *arguments, **_: loads.append(arguments))
    assert Stack.parse_template(text) == expected
    assert loads == []


def test_a_template_in_yaml_is_parsed_as_before() -> None:
    make_stacks_fast()
    assert Stack.parse_template(YAML)["Resources"]["Queue"]["Properties"] == {
        "QueueName": {"Fn::Sub": "a-${AWS::Region}"}
    }


def test_all_keys_of_one_kind_are_one_key() -> None:
    make_stacks_fast()
    make_stacks_fast()
    kms: Any = importlib.import_module("moto.kms.models")
    assert kms.generate_private_key("RSA_2048") is kms.generate_private_key("RSA_2048")
    assert kms.generate_private_key("RSA_2048") is not kms.generate_private_key("RSA_3072")
