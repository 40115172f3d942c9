"""The resources and parameters of a CloudFormation stack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

LISTED = 20
"""The error for an unknown stack names at most this many other stacks."""


class Stack:
    """A stack by its name. It is read once, and only if something of it is needed."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    @cached_property
    def resources(self) -> dict[str, str]:
        """The physical id of each resource by its logical id."""
        with self._checked_name():
            pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
            return {
                resource["LogicalResourceId"]: resource["PhysicalResourceId"]
                for page in pages
                for resource in page.get("StackResourceSummaries", ())
                if "PhysicalResourceId" in resource
            }

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The value of each parameter by its name."""
        with self._checked_name():
            stacks = self._client.describe_stacks(StackName=self.name).get("Stacks", ())
            return {
                parameter["ParameterKey"]: parameter["ParameterValue"]
                for stack in stacks
                for parameter in stack.get("Parameters", ())
            }

    @contextmanager
    def _checked_name(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            region = self._client.meta.region_name
            raise click.ClickException(f"there is no stack {self.name} in {region}: {self._others()}") from None

    def _others(self) -> str:
        try:
            names = list(islice(self._names(), LISTED + 1))
        except (ClientError, BotoCoreError):
            return "check the name, --region and --profile"
        if not names:
            return "there is no stack at all; check --region and --profile"
        more = " and others" if len(names) > LISTED else ""
        return f"the stacks are {', '.join(names[:LISTED])}{more}; check the name, --region and --profile"

    def _names(self) -> Iterator[str]:
        for page in self._client.get_paginator("list_stacks").paginate():
            for stack in page.get("StackSummaries", ()):
                if stack["StackStatus"] != "DELETE_COMPLETE" and "ParentId" not in stack:
                    yield stack["StackName"]
