"""template.yaml as the local stack needs it: resources, functions and how they are invoked.

Everything is read from the template, so the local stack cannot drift from what is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local import conditions
from local.errors import StartError

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, ten times as fast, but not everywhere
PATH = Path(__file__).parent.parent / "template.yaml"
EMBEDDED = {
    "AWS::CloudWatch::Alarm",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
    "AWS::Serverless::Function",
    "AWS::Serverless::HttpApi",
}
"""The resource types that the embedded CloudFormation creates. It needs no roles, policies, layers and domains."""


ACCESS_LOG_FORMAT = "AccessLogFormat"
"""The output of the embedded stack with the format of the API's access log."""


class ParameterError(StartError):
    """A parameter of the template does not allow a value."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the template.

    ``environment`` maps each variable to its value or intrinsic function. ``events`` maps the type of an event source
    to its properties. ``routes`` are the methods and paths of the API.
    """

    logical_id: str
    handler: str
    timeout_seconds: int
    memory_mb: int
    environment: dict[str, Any]
    events: dict[str, Any]
    routes: tuple[tuple[str, str], ...] = ()


class Template:
    """The parsed template.yaml."""

    def __init__(self, path: Path = PATH) -> None:
        self._document: dict[str, Any] = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a SafeLoader

    def function(self, logical_id: str) -> Function:
        defaults = self._document["Globals"]["Function"]
        properties = self._document["Resources"][logical_id]["Properties"]
        sources = [(event["Type"], event["Properties"]) for event in properties["Events"].values()]
        return Function(
            logical_id=logical_id,
            handler=properties["Handler"],
            timeout_seconds=properties["Timeout"],
            memory_mb=properties["MemorySize"],
            environment={**defaults["Environment"]["Variables"], **properties["Environment"]["Variables"]},
            events={kind: source for kind, source in sources if kind != "HttpApi"},
            routes=tuple((source["Method"], source["Path"]) for kind, source in sources if kind == "HttpApi"),
        )

    def properties(self, logical_id: str) -> dict[str, Any]:
        return dict(self._document["Resources"][logical_id]["Properties"])

    def table(self, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the properties of the table for these values of the parameters, each condition resolved."""
        return dict(conditions.resolve(self.properties("AppointmentsTable"), self._holding(parameters or {})))

    def existing(self, kind: str) -> list[dict[str, Any]]:
        """Return the properties of the resources of this type that exist with the default parameters."""
        names = self._holding({})
        resources = [each for each in self._document["Resources"].values() if each["Type"] == kind]
        present = [each for each in resources if each.get("Condition", "") in {"", *names}]
        return [dict(conditions.resolve(each["Properties"], names)) for each in present]

    def _holding(self, parameters: Mapping[str, str]) -> set[str]:
        """Return the names of the conditions that hold."""
        defaults = {name: parameter.get("Default") for name, parameter in self._document["Parameters"].items()}
        return conditions.holding(self._document["Conditions"], {**defaults, **parameters})

    def type_of(self, logical_id: str) -> str:
        return str(self._document["Resources"][logical_id]["Type"])

    def default(self, parameter: str) -> str | None:
        """Return the default of a parameter, or None if there is no such parameter."""
        declared = self._document["Parameters"].get(parameter)
        return None if declared is None else str(declared["Default"])

    def check_parameter(self, name: str, value: str) -> None:
        """Check a value as CloudFormation does and moto does not. Raises ParameterError."""
        declared = self._document["Parameters"][name]
        allowed = declared.get("AllowedValues", [value])
        if value not in allowed:
            raise ParameterError(f"{name} is {value!r}. Set it to one of {', '.join(map(str, allowed))}")
        if not re.fullmatch(declared.get("AllowedPattern", ".*"), value):
            raise ParameterError(f"{name} is {value!r}. Set it to a value that matches {declared['AllowedPattern']}")
        if declared["Type"] == "Number" and not value.isdecimal():
            raise ParameterError(f"{name} is {value!r}. Set it to a number")

    def logical_ids(self, resource_type: str) -> list[str]:
        """Return the logical ids of the resources of a type."""
        return [name for name, resource in self._document["Resources"].items() if resource["Type"] == resource_type]

    def embeddable(self, overrides: dict[str, dict[str, Any]], outputs: dict[str, str]) -> dict[str, Any]:
        """Return the template that the embedded CloudFormation can create.

        ``overrides`` replaces the properties of resources, by logical id; ``outputs`` replaces the values of outputs.
        Another output that needs a resource of another type is left out.
        Each environment variable of a function becomes an output too (see :func:`output_key`), so that CloudFormation
        resolves its value.
        """
        resources = {
            logical_id: resource
            for logical_id, resource in self._document["Resources"].items()
            if resource["Type"] in EMBEDDED
        }
        missing = self._document["Resources"].keys() - resources.keys()
        for logical_id, properties in overrides.items():
            resources[logical_id] = {**resources[logical_id], "Properties": properties}
        functions = [self.function(logical_id) for logical_id in self.logical_ids("AWS::Serverless::Function")]
        return {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Parameters": self._document["Parameters"],
            "Mappings": self._document.get("Mappings", {}),
            "Conditions": self._document.get("Conditions", {}),
            "Resources": resources,
            "Outputs": {
                **{
                    name: {**output, "Value": outputs.get(name, output["Value"])}
                    for name, output in self._document["Outputs"].items()
                    if name in outputs or not missing & set(references(output["Value"]))
                },
                ACCESS_LOG_FORMAT: {"Value": self.properties("WebhookApi")["AccessLogSettings"]["Format"]},
                **{
                    output_key(function.logical_id, name): {"Value": value}
                    for function in functions
                    for name, value in function.environment.items()
                },
            },
        }


def references(node: Any) -> Iterator[str]:
    """Yield every name that Ref, Fn::GetAtt or Fn::Sub refers to, at any depth."""
    if isinstance(node, list):
        for part in node:
            yield from references(part)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "Ref":
                yield value
            elif name == "Fn::GetAtt":
                yield value[0]
            elif name == "Fn::Sub":
                text, variables = (value, {}) if isinstance(value, str) else value
                named = (part.partition("}")[0].partition(".")[0] for part in text.split("${")[1:])
                yield from (name for name in named if name not in variables)
                yield from references(variables)
            else:
                yield from references(value)


def output_key(logical_id: str, variable: str) -> str:
    """Return the name of the output for a function's environment variable. Output names are alphanumeric."""
    return logical_id + variable.title().replace("_", "")


class _Loader(_SafeLoader):  # type: ignore[misc]
    """Loads CloudFormation's short forms (``!Ref``, ``!GetAtt`` ...) as their full forms."""


def _full_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _full_form)
