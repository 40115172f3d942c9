"""What is measured: the functions as built, and what they are measured beside."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import folders
from local.template import Template

NO_OP, FLOOR, WEBHOOK, TYPICAL = "no-op", "floor", "webhook", "typical"
WITHOUT_BYTECODE = "typical, no bytecode"
"""As `sam build` leaves a package: every cold start compiles what it imports."""
FASTAPI = "fastapi"
PUBLISHER, EACH = "publisher", "put_events for each record"
ACCOUNT = "123456789012"
REFERENCES = {
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
    """A handler, the folder of its code, its layers' folders, and the variables that are its own.

    ``packages`` are the folders that make up what is deployed, one archive each.
    """

    name: str
    handler: str
    task: Path
    layers: tuple[Path, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    packages: tuple[Path, ...] = ()
    memory_mb: int = 512


def webhooks(build: Path) -> list[Variant]:
    """In the order of the table."""
    return [
        _reference(NO_OP, "no_op", None),
        _reference(FLOOR, "floor", None),
        _built(WEBHOOK, "WebhookFunction", build),
        _reference(TYPICAL, "typical", "bench-typical"),
        _reference(WITHOUT_BYTECODE, "typical", "bench-typical", bytecode=False),
        _reference(FASTAPI, "fast_api", "bench-fastapi"),
    ]


def publishers(build: Path) -> list[Variant]:
    return [_built(PUBLISHER, "PublisherFunction", build), _reference(EACH, "each", "bench-typical")]


def _built(name: str, logical_id: str, build: Path) -> Variant:
    template = Template()
    function = template.function(logical_id)
    task, opt = folders.task(logical_id, build), folders.layers(build)
    return Variant(
        name,
        function.handler,
        task,
        (opt,),
        {variable: _resolved(template, value) for variable, value in function.environment.items()},
        (task, *(build / layer / "python" for layer in folders.LAYERS)),
        function.memory_mb,
    )


def _reference(name: str, module: str, lock: str | None, *, bytecode: bool = True) -> Variant:
    folder = folders.reference(_file_name(name), lock, bytecode=bytecode)
    return Variant(name, f"handlers.{module}.lambda_handler", folder, environment=REFERENCES, packages=(folder,))


def _file_name(name: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in name)


def _resolved(template: Template, value: Any) -> str:
    """A variable's value: the parameters have their defaults, and a resource is called by its logical id."""
    match value:
        case {"Ref": str(name)}:
            default = template.default(name)
            return _reference_to(template, name) if default is None else default
        case str() | int():
            return str(value)
        case _:
            raise ValueError(f"no value is known for {value}")


def _reference_to(template: Template, logical_id: str) -> str:
    """What CloudFormation's Ref gives, as far as the functions tell it apart."""
    match template.type_of(logical_id):
        case "AWS::SQS::Queue":
            return f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/{logical_id}"
        case "AWS::SecretsManager::Secret":
            return f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{logical_id}"
        case _:
            return logical_id
