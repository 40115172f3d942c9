"""What the local stack needs of template.yaml: its resources, its functions and how they are invoked.

Everything here is read from the template itself, so the local stack cannot drift from what is deployed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml

PATH = Path(__file__).parent.parent / "template.yaml"
EMBEDDED = {
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
}
"""The types that the embedded CloudFormation creates; roles, logs, alarms and the API have no part in a delivery."""


class ParameterError(Exception):
    """A value that a parameter of the template does not take."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the template. ``environment`` maps each variable to its value or intrinsic function.

    ``events`` maps the type of an event source to its properties; ``routes`` are the methods and paths of the API.
    """

    logical_id: str
    handler: str
    timeout_seconds: int
    memory_mb: int
    environment: dict[str, Any]
    events: dict[str, Any]
    routes: tuple[tuple[str, str], ...] = ()


class Template:
    """template.yaml, read once."""

    def __init__(self, path: Path = PATH) -> None:
        self._document: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(path))))  # plain types

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

    def type_of(self, logical_id: str) -> str:
        return str(self._document["Resources"][logical_id]["Type"])

    def default(self, parameter: str) -> str | None:
        """None for what is not a parameter."""
        declared = self._document["Parameters"].get(parameter)
        return None if declared is None else str(declared["Default"])

    def check_parameter(self, name: str, value: str) -> None:
        """What CloudFormation checks and the embedded one does not. Raises ParameterError."""
        declared = self._document["Parameters"][name]
        allowed = declared.get("AllowedValues", [value])
        if value not in allowed:
            raise ParameterError(f"{name} is one of {', '.join(map(str, allowed))}")
        if not re.fullmatch(declared.get("AllowedPattern", ".*"), value):
            raise ParameterError(f"{name} has to match {declared['AllowedPattern']}")
        if declared["Type"] == "Number" and not value.isdecimal():
            raise ParameterError(f"{name} is a number")

    def embeddable(self, names: dict[str, dict[str, Any]], made: dict[str, str]) -> dict[str, Any]:
        """The part of the template that an embedded CloudFormation creates, as a template of its own.

        ``names`` replaces properties by logical id, ``made`` is what a Ref to a resource that exists already gives.
        Each function's environment variable becomes an output (see :func:`output_key`), so that CloudFormation
        resolves its value.
        """
        resources = {
            logical_id: resource
            for logical_id, resource in self._document["Resources"].items()
            if resource["Type"] in EMBEDDED
        }
        for logical_id, properties in names.items():
            resources[logical_id] = {**resources[logical_id], "Properties": properties}
        functions = [
            self.function(logical_id)
            for logical_id, resource in self._document["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Function"
        ]
        return {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Parameters": {
                **self._document["Parameters"],
                **{logical_id: {"Type": "String", "Default": value} for logical_id, value in made.items()},
            },
            "Conditions": self._document.get("Conditions", {}),
            "Resources": resources,
            "Outputs": {
                output_key(function.logical_id, name): {"Value": value}
                for function in functions
                for name, value in function.environment.items()
            },
        }


def output_key(logical_id: str, variable: str) -> str:
    """The output that holds a function's environment variable; output names are alphanumeric."""
    return logical_id + variable.title().replace("_", "")
