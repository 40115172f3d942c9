"""The import of moto's CloudFormation without the services that the local stack does not use.

moto's CloudFormation imports 30 services for their resource types. EC2 alone reads 100 MB of data, API Gateway imports
a validator of OpenAPI documents with its packages, and the import takes longer than all else at the start.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

UNUSED = (
    *("apigateway", "autoscaling", "awslambda", "awslambda.utils", "batch", "datapipeline", "ec2", "ec2.models.core"),
    *("ecr", "ecs", "efs", "elb", "elbv2", "emr", "iot", "kinesis", "rds", "redshift", "route53", "sagemaker"),
    *("ssm", "stepfunctions"),
)
"""The modules of moto that get a placeholder while CloudFormation is imported."""


class _Placeholder(ModuleType):
    """A module in which every name is an empty class. CloudFormation needs the names, but never calls them here."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def cloudformation_parsing() -> Any:
    """Import moto's CloudFormation, and return its module ``parsing``.

    A module of ``UNUSED`` that another program imports later is not a placeholder.
    """
    placeholders = [name for name in (f"moto.{name}" for name in UNUSED) if name not in sys.modules]
    sys.modules.update({name: _Placeholder(name) for name in placeholders})
    try:
        importlib.import_module("moto.cloudformation.models")
        return importlib.import_module("moto.cloudformation.parsing")
    finally:
        for name in placeholders:
            del sys.modules[name]
