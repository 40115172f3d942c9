"""The resources and parameters of a CloudFormation stack of this application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appointments_cli.errors import WrongTargetError

LISTED = 20
"""The error for a wrong stack names at most this many stacks."""
OUTPUTS = {
    "AppointmentsBus": "EventBusName",
    "AppointmentsTable": "TableName",
    "BacklogQueue": "BacklogQueueUrl",
    "BodiesBucket": "BodiesBucketName",
    "PublisherFailureQueue": "PublisherFailureQueueUrl",
    "QuarantineBucket": "QuarantineBucketName",
    "WebhookSecret": "WebhookSecretArn",
}
"""The outputs that name a resource: of the stack on this machine, some resources are no part of the stack."""
OURS = frozenset({"EventSource", "EventDetail", "ContractMode", "HistoryRetentionDays"})
"""A stack with these parameters is one of this application."""


class Stack:
    """A stack by its name. It is read once, and only if something of it is needed.

    ``account`` returns the account of the credentials, for an error.
    """

    def __init__(self, client: Any, name: str, account: Any) -> None:
        self._client = client
        self._account = account
        self.name = name

    @cached_property
    def resources(self) -> dict[str, str]:
        """The physical id of each resource by its logical id."""
        self._check_application()
        with self._checked_name():
            pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
            summaries = [resource for page in pages for resource in page.get("StackResourceSummaries", ())]
        self.types = {each["LogicalResourceId"]: each.get("ResourceType", "") for each in summaries}
        outputs = self._described[1]
        named = {name: outputs[output] for name, output in OUTPUTS.items() if output in outputs}
        return named | {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in summaries
            if resource.get("PhysicalResourceId")
        }

    def of_type(self, kind: str) -> dict[str, str]:
        """Return the physical ids of the resources of a type by their logical ids."""
        return {name: value for name, value in self.resources.items() if self.types.get(name) == kind}

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The value of each parameter by its name."""
        self._check_application()
        return self._described[0]

    @property
    def account(self) -> str:
        """The account of the stack, of its ARN."""
        self._check_application()
        return self._described[2].split(":")[4]

    @cached_property
    def _described(self) -> tuple[dict[str, str], dict[str, str], str]:
        """The parameters, the outputs and the ARN."""
        with self._checked_name():
            found: list[dict[str, Any]] = self._client.describe_stacks(StackName=self.name).get("Stacks", [])
        stack = found[0] if found else {}
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}
        return _parameters(stack), outputs, stack.get("StackId", ":::::")

    def _check_application(self) -> None:
        if not self._described[0].keys() >= OURS:
            raise self._wrong(f"the stack {self.name} is not one of this application")

    @contextmanager
    def _checked_name(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise self._wrong(f"there is no stack {self.name}") from None

    def _wrong(self, problem: str) -> WrongTargetError:
        where = f"in account {self._account()}, {self._client.meta.region_name}"
        return WrongTargetError(f"{problem} {where}: {self._others()}")

    def _others(self) -> str:
        try:
            names = list(self._names())
        except (ClientError, BotoCoreError):
            return "check the name, --region and --profile"
        if not names:
            return "no stack there is one of this application; check --region and --profile"
        more = " and others" if len(names) > LISTED else ""
        return f"the stacks of this application there are {', '.join(names[:LISTED])}{more}"

    def _names(self) -> Iterator[str]:
        for page in self._client.get_paginator("describe_stacks").paginate():
            for stack in page.get("Stacks", ()):
                if "ParentId" not in stack and _parameters(stack).keys() >= OURS:
                    yield stack["StackName"]


def _parameters(stack: Any) -> dict[str, str]:
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", ())}
