"""The measured handlers: the built functions and the reference handlers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench import folders
from local.template import Template

NO_OP, FLOOR, WEBHOOK, TYPICAL = "no-op", "floor", "webhook", "typical"
FASTAPI = "fastapi"
PUBLISHER, UNBATCHED = "publisher", "put_events for each record"
STACK = "bench"
ROOTS = "amazon-roots.pem"
"""The authorities that the functions trust, in the folder of the layers."""
ACCOUNT = "123456789012"
REFERENCE_ENVIRONMENT = {
    "POWERTOOLS_METRICS_NAMESPACE": "Appointments",
    "POWERTOOLS_SERVICE_NAME": "reference",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "EVENT_BUS_NAME": "AppointmentsBus",
    "EVENT_SOURCE": "pexip.engage",
    "TABLE_NAME": "AppointmentsTable",
    "WEBHOOK_SECRET_ARN": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:WebhookSecret",
}
"""The variables of every reference handler."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A handler, the folder of its code, the folders of its layers, and its environment variables.

    A deployment makes one archive of each folder in ``packages``. ``trusted`` is the file of certificate authorities
    that the handler trusts; None for a handler that makes no call.
    """

    name: str
    handler: str
    task: Path
    layers: tuple[Path, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    packages: tuple[Path, ...] = ()
    memory_mb: int = 512
    trusted: Path | None = None


def webhooks(build: Path) -> list[Variant]:
    """Return the webhook and its reference handlers in the order of the tables."""
    return [
        _reference(NO_OP, "no_op", None),
        replace(_reference(FLOOR, "floor", None), trusted=build / "DependenciesLayer" / "python" / ROOTS),
        _built(WEBHOOK, "WebhookFunction", build),
        _reference(TYPICAL, "typical", "bench-typical"),
        _reference(FASTAPI, "fast_api", "bench-fastapi"),
    ]


def publishers(build: Path) -> list[Variant]:
    """Return the publisher and its reference handler."""
    return [_built(PUBLISHER, "PublisherFunction", build), _reference(UNBATCHED, "unbatched", "bench-typical")]


def _built(name: str, logical_id: str, build: Path) -> Variant:
    template = Template()
    function = template.function(logical_id)
    task, opt = folders.task(logical_id, build), folders.layers(build)
    return Variant(
        name,
        function.handler,
        task,
        (opt,),
        {
            variable: _resolved(template, value)
            for variable, value in function.environment.items()
            if variable != "AWS_CA_BUNDLE"
        },
        (task, *(build / layer / "python" for layer in folders.LAYERS)),
        function.memory_mb,
        opt / ROOTS,
    )


def _reference(name: str, module: str, lock: str | None) -> Variant:
    folder = folders.reference(module, lock)
    return Variant(
        name,
        f"handlers.{module}.lambda_handler",
        folder,
        environment=REFERENCE_ENVIRONMENT,
        packages=(folder,),
        trusted=folder / "botocore" / "cacert.pem" if lock else None,
    )


def _resolved(template: Template, value: Any) -> str:
    """Return the value of a variable: the default of a parameter, or a value made of a resource's logical id."""
    match value:
        case {"Ref": str(name)}:
            default = template.default(name)
            return _reference_to(template, name) if default is None else default
        case {"Fn::Sub": str(text)}:
            return text.replace("${AWS::StackName}", STACK)
        case str() | int():
            return str(value)
        case _:
            raise ValueError(f"the benchmark cannot resolve the variable {value}: add a case to bench/variants.py")


def _reference_to(template: Template, logical_id: str) -> str:
    """Return what CloudFormation's Ref returns for the resource, in the form that the functions expect."""
    match template.type_of(logical_id):
        case "AWS::SQS::Queue":
            return f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/{logical_id}"
        case "AWS::SecretsManager::Secret":
            return f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{logical_id}"
        case _:
            return logical_id
