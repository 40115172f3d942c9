"""The resource types that moto's CloudFormation lacks, or has wrong, for the stack of template.yaml.

Each class has the static methods that moto asks for. moto finds them as subclasses of its CloudFormationModel.
"""

from __future__ import annotations

from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.events.models import EventBus
from moto.secretsmanager.models import secretsmanager_backends

from local import moto_imports

STAND_INS = {"AWS::Serverless::Function", "AWS::Serverless::HttpApi"}
"""Resources that run outside of moto. In the embedded stack they are names, for alarms and for the command line."""


def know_resource_types() -> None:
    """Let moto's CloudFormation know the classes of this module, and the name of a bus as its reference."""
    parsing = moto_imports.cloudformation_parsing()
    from moto.cloudformation.models import Stack

    # A resource whose condition is false is None in moto's list.
    resources = property(lambda stack: [resource for resource in stack.resource_map.values() if resource])
    Stack.stack_resources = resources  # type: ignore[method-assign, assignment]
    EventBus.physical_resource_id = property(lambda bus: bus.name)  # type: ignore[attr-defined]
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


def declared_alarms(stack_name: str, account_id: str, region: str) -> list[Alarm]:
    """Return the alarms of a stack, which moto's CloudFormation does not create."""
    from moto.cloudformation.models import cloudformation_backends

    resources: Any = cloudformation_backends[account_id][region].get_stack(stack_name).stack_resources
    return [resource for resource in resources if isinstance(resource, Alarm)]


class _Resource:
    """A resource that is nothing but its name, with what moto asks the class of a type for."""

    def __init__(self, physical_resource_id: str) -> None:
        self.physical_resource_id = physical_resource_id

    @staticmethod
    def cloudformation_name_type() -> str:
        return "Name"

    @classmethod
    def has_cfn_attr(cls, _attr: str) -> bool:
        return False

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> _Resource:
        del cloudformation_json, account_id, region_name, kwargs
        return cls(resource_name)


class Secret(_Resource, CloudFormationModel):
    """AWS::SecretsManager::Secret with the properties Name and SecretString. Its reference is the ARN."""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SecretsManager::Secret"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Secret:
        backend = secretsmanager_backends[account_id][region_name]
        backend.create_secret(
            resource_name,
            secret_string=cloudformation_json["Properties"]["SecretString"],
            secret_binary=None,
            description=None,
            tags=None,
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return cls(backend.secrets[resource_name].arn)


class Alarm(_Resource, CloudFormationModel):
    """AWS::CloudWatch::Alarm: its name, and its properties with resolved values. Its members are those of the API."""

    def __init__(self, name: str, properties: dict[str, Any]) -> None:
        super().__init__(name)
        # moto gives None for AWS::NoValue, also in a list.
        present = {
            member: [each for each in value if each is not None] if isinstance(value, list) else value
            for member, value in properties.items()
        }
        self.properties = {member: value for member, value in present.items() if value not in (None, [])}

    @staticmethod
    def cloudformation_name_type() -> str:
        return "AlarmName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name: str, cloudformation_json: Any, *_: Any, **__: Any) -> Alarm:
        return cls(resource_name, cloudformation_json["Properties"])


class Function(_Resource, CloudFormationModel):
    """A function. Its processes run outside of moto."""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Serverless::Function"


class HttpApi(_Resource, CloudFormationModel):
    """The API. Its server runs outside of moto."""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Serverless::HttpApi"
