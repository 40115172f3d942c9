"""template.yaml as plain data, with its conditions resolved, and as SAM translates it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import boto3
from cfnlint.decode import cfn_yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local import conditions

PATH = Path(__file__).parent.parent / "template.yaml"
DOCUMENT: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(PATH))))
DEFAULTS = {name: parameter.get("Default") for name, parameter in DOCUMENT["Parameters"].items()}

Resources = dict[str, dict[str, Any]]


def default_conditions() -> set[str]:
    """Return the conditions that hold when every parameter has its default."""
    return conditions.holding(DOCUMENT["Conditions"], DEFAULTS)


def every_condition() -> set[str]:
    return set(DOCUMENT["Conditions"])


def resources(names: set[str]) -> Resources:
    """Return the resources under these conditions, with Fn::If resolved and Globals merged into functions."""
    present = {
        name: resource
        for name, resource in DOCUMENT["Resources"].items()
        if "Condition" not in resource or resource["Condition"] in names
    }
    chosen: Resources = conditions.resolve(present, names)
    for resource in chosen.values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"] = {
                **conditions.resolve(DOCUMENT["Globals"]["Function"], names),
                **resource["Properties"],
            }
    return chosen


def shared_variables(names: set[str]) -> dict[str, Any]:
    """Return the environment variables that all functions share under these conditions."""
    variables = DOCUMENT["Globals"]["Function"]["Environment"]["Variables"]
    shared: dict[str, Any] = conditions.resolve(variables, names)
    return shared


def resolved(node: Any, stack_name: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """The node in the stack of this name: each reference to a resource contains the stack's name, as a generated one.

    Parameters keep their names; with ``parameters`` they have these values, or their defaults. Of pseudo parameters,
    only the name of the stack differs between two stacks.
    """
    return _Resolver(stack_name, {} if parameters is None else {**DEFAULTS, **parameters}).resolve(node)


class _Resolver:
    def __init__(self, stack_name: str, parameters: Mapping[str, Any]) -> None:
        self._stack_name = stack_name
        self._parameters = parameters

    def resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.resolve(part) for part in node]
        if not isinstance(node, dict):
            return node
        match node:
            case {"Ref": str(name)}:
                return self._reference(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return f"{self._reference(name)}.{attribute}"
            case {"Fn::Sub": str(text)}:
                return self._substituted(text, {})
            case {"Fn::Sub": [str(text), variables]}:
                return self._substituted(text, self.resolve(variables))
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.resolve(parts))
            case {"Fn::FindInMap": [name, {"Ref": str(parameter)}, key]}:
                value = self._parameters.get(parameter, DEFAULTS[parameter])
                return DOCUMENT["Mappings"][name][str(value)][key]
        return {name: self.resolve(value) for name, value in node.items()}

    def _substituted(self, text: str, variables: Mapping[str, str]) -> str:
        def value(found: re.Match[str]) -> str:
            return variables.get(found[1]) or str(self._reference(found[1])) + found[2]

        return re.sub(r"\$\{([\w:]+)((?:\.\w+)?)\}", value, text)

    def _reference(self, name: str) -> Any:
        if name == "AWS::StackName":
            return self._stack_name
        if name in self._parameters:
            return self._parameters[name]
        return name if name.startswith("AWS::") or name in DOCUMENT["Parameters"] else f"{self._stack_name}/{name}"


def of_type(candidates: Resources, *types: str) -> Resources:
    return {name: resource for name, resource in candidates.items() if resource["Type"] in types}


def translate(
    document: dict[str, Any] = DOCUMENT, *, code: str = "1", new_layers: Collection[str] = ()
) -> dict[str, Any]:
    """Return SAM's translation of the template after upload, with new content for the layers in ``new_layers``."""
    packaged = copy.deepcopy(document)
    packaged["Globals"]["Function"]["CodeUri"] = f"s3://bucket/{code}"
    for name, resource in of_type(packaged["Resources"], "AWS::Serverless::LayerVersion").items():
        resource["Properties"]["ContentUri"] = f"s3://bucket/{name}{'-new' * (name in new_layers)}"
    translator = Translator({}, Parser(), [], boto3.Session(region_name="eu-west-1"))
    translated: dict[str, Any] = json.loads(json.dumps(translator.translate(packaged, {})))
    return translated
