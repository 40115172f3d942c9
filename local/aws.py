"""The embedded AWS: moto behind a local address, with the resources of template.yaml."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Mapping
from threading import Lock, Thread
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.logs.models import logs_backends
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from local import cloudformation, moto_patches, ports
from local.engage.access import EngageAccess
from local.errors import StartError
from local.event_source_mappings import EventSourceMapping
from local.function_logs import FunctionLogs
from local.invocations import Invoke
from local.template import ACCESS_LOG_FORMAT, Template, output_key

REGION = "eu-west-1"
STACK = "local"
TABLE = BUS = "appointments"
QUEUE = "events"
FAILURE_QUEUE = "publisher-failures"
BACKLOG_QUEUE = "backlog"
QUEUES = {"PublisherFailureQueue": FAILURE_QUEUE, "BacklogQueue": BACKLOG_QUEUE}
BUCKETS = {"QuarantineBucket": "appointments-quarantine", "BodiesBucket": "appointments-bodies"}
SECRET = "webhook-secret"  # noqa: S105 - the name of the secret, not the secret
ENGAGE_SECRET = "engage-api"  # noqa: S105 - the name of the secret, not the secret
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}
PENDING_CONNECTIONS = 128
IDLE_SECONDS = 0.1
"""How often the idle server looks whether to stop."""
PROBE = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
RETRYING = Config(retries={"mode": "standard", "total_max_attempts": 5})


class EmbeddedAws:
    """moto on ``host:port`` with what template.yaml declares.

    ``dynamodb_url`` names another DynamoDB (DynamoDB Local) for the table. ``parameters`` are values of the template's
    parameters. ``webhook_url`` is the URL of the webhook in the stack's outputs. ``listeners`` are called after each
    request of moto with its X-Amz-Target, in the thread of the request. ``mappings`` are the event source mappings that
    Lambda's API knows, by UUID, and ``functions`` those that it invokes, by their names. With ``engage``, the stack has
    a reconciliation. Raises StartError if the port is in use or if the other DynamoDB does not answer.
    """

    def __init__(
        self,
        template: Template,
        *,
        token: str,
        host: str = "127.0.0.1",
        port: int = 0,
        dynamodb_url: str | None = None,
        table_name: str = TABLE,
        parameters: Mapping[str, str] | None = None,
        webhook_url: str = "",
        engage: EngageAccess | None = None,
    ) -> None:
        self._template = template
        self._dynamodb_url = dynamodb_url
        self._table_name = table_name
        self.listeners: list[moto_patches.Notify] = []
        self.mappings: dict[str, EventSourceMapping] = {}
        self._clients: dict[str, Any] = {}
        self._making_a_client = Lock()
        self.functions: dict[str, Invoke] = {}
        with ports.bind(host, port, "AWS_PORT") as bound:
            self.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
            self.endpoints = {"AWS_ENDPOINT_URL": self.url}
            if dynamodb_url:
                self.endpoints["AWS_ENDPOINT_URL_DYNAMODB"] = dynamodb_url
                self.endpoints["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] = dynamodb_url
                self._probe_dynamodb(dynamodb_url)
            bound.listen(PENDING_CONNECTIONS)
            self._server = make_server(
                bound.getsockname()[0],
                bound.getsockname()[1],
                moto_patches.application(REGION, self._notify, self.mappings, self.functions),
                threaded=True,
                request_handler=_SilentRequestHandler,
                fd=bound.fileno(),
            )
        Thread(target=self._server.serve_forever, args=(IDLE_SECONDS,), name="aws", daemon=True).start()
        try:
            self._outputs = self._deploy(token, {**self._reconciliation(engage), **(parameters or {})}, webhook_url)
            self._access_log = self.function_logs(lambda _source, _line: None)
            self._create_table(template.table(parameters))
            self._subscribe()
        except BaseException:
            self.stop()
            raise

    def client(self, service: str) -> Any:
        """Return the boto3 client of the embedded service, or of the other DynamoDB.

        It is made once: that takes 0.1 s, and boto3 does not allow two threads to make one at the same time.
        """
        with self._making_a_client:
            if service not in self._clients:
                self._clients[service] = self._make_client(service, RETRYING)
            return self._clients[service]

    def _make_client(self, service: str, config: Config) -> Any:
        endpoint = self.endpoints.get(
            "AWS_ENDPOINT_URL_" + service.upper().replace("DBSTREAMS", "DB_STREAMS"), self.url
        )
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=config,
        )

    def environment(self, logical_id: str) -> dict[str, str]:
        """Return the function's environment: the template's variables with resolved values, and the endpoints.

        It has no variable that names a file in a layer.
        """
        variables = self._template.function(logical_id).environment.keys() - {"AWS_CA_BUNDLE", "AWS_DATA_PATH"}
        resolved = {name: self._outputs[output_key(logical_id, name)] for name in variables}
        return {**resolved, **CREDENTIALS, **self.endpoints, "AWS_REGION": REGION}

    def log_access(self, variables: Mapping[str, str]) -> None:
        """Write a line of the API's access log. ``variables`` are those of its format, without ``$context.``"""
        line = re.sub(
            r"\$context\.([\w.]+)", lambda match: variables.get(match[1], "-"), self._outputs[ACCESS_LOG_FORMAT]
        )
        self._access_log.add("WebhookApi", "access", [line])

    def function_logs(self, show: Callable[[str, str], None]) -> FunctionLogs:
        """Return what takes the lines of the functions. ``show`` gets each of them too, with the function's id."""
        return FunctionLogs(
            self._log_groups(),
            logs_backends[DEFAULT_ACCOUNT_ID][REGION],
            cloudwatch_backends[DEFAULT_ACCOUNT_ID][REGION],
            show,
        )

    def _log_groups(self) -> dict[str, str]:
        """Return the name of each log group by the resource that writes to it."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
        return {
            resource["LogicalResourceId"].removesuffix("LogGroup"): resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::Logs::LogGroup"
        }

    def _notify(self, target: str) -> None:
        for listener in self.listeners:
            listener(target)

    def stop(self) -> None:
        """Stop the server and delete its resources, which moto keeps for the process and not for the server."""
        reset = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")  # noqa: S310 - our own address
        urllib.request.urlopen(reset).close()  # noqa: S310
        self._server.shutdown()
        self._server.server_close()

    def _probe_dynamodb(self, url: str) -> None:
        try:
            self._make_client("dynamodb", PROBE).list_tables(Limit=1)
        except (BotoCoreError, ClientError, ResponseParserError, ValueError):
            raise StartError(
                f"no DynamoDB answers at {url}. Start one there, or unset AWS_ENDPOINT_URL_DYNAMODB "
                "to use the embedded one"
            ) from None

    def _reconciliation(self, engage: EngageAccess | None) -> dict[str, str]:
        """Create the secret with the credentials of the vendor's API, and return the parameters that need it."""
        if engage is None:
            return {}
        client = self.client("secretsmanager")
        secret = client.create_secret(Name=ENGAGE_SECRET, SecretString=engage.credentials)
        return engage.parameters(secret["ARN"])

    def _deploy(self, token: str, parameters: Mapping[str, str], webhook_url: str) -> dict[str, str]:
        """Create the resources. Return the outputs of the stack, which hold the functions' environments."""
        overrides = {
            "AppointmentsTable": {
                **self._template.properties("AppointmentsTable"),
                "TableName": self._table_name,
                "DeletionProtectionEnabled": False,  # what is on this machine can be deleted
            },
            **{name: {**self._template.properties(name), "QueueName": queue} for name, queue in QUEUES.items()},
            **{name: {**self._template.properties(name), "BucketName": bucket} for name, bucket in BUCKETS.items()},
            "WebhookSecret": {"Name": SECRET, "SecretString": token},
            "AppointmentsBus": {"Name": BUS},
            **{
                name: {"Name": f"{STACK}-{name}"}
                for resource_type in cloudformation.STAND_INS
                for name in self._template.logical_ids(resource_type)
            },
        }
        outputs = {"WebhookUrl": webhook_url, "WebhookUrlWithToken": f"{webhook_url}/TOKEN"}
        body = json.dumps(self._template.embeddable(overrides, outputs))
        client = self.client("cloudformation")
        values = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        client.create_stack(StackName=STACK, TemplateBody=body, Parameters=values)
        for alarm in cloudformation.declared_alarms(STACK, DEFAULT_ACCOUNT_ID, REGION):
            self.client("cloudwatch").put_metric_alarm(**{"AlarmName": alarm.physical_resource_id, **alarm.properties})
        (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise RuntimeError(f"the embedded stack is {stack['StackStatus']}")
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def _create_table(self, properties: dict[str, Any]) -> None:
        """Create the table in another DynamoDB, and enable what moto's CloudFormation leaves out."""
        dynamodb = self.client("dynamodb")
        if self._dynamodb_url:
            try:
                dynamodb.create_table(
                    TableName=self._table_name,
                    StreamSpecification={"StreamEnabled": True, **properties["StreamSpecification"]},
                    **{
                        name: properties[name]
                        for name in ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
                        if name in properties
                    },
                )
            except dynamodb.exceptions.ResourceInUseException:
                return  # an earlier stack made the table: it stays unchanged
            dynamodb.get_waiter("table_exists").wait(TableName=self._table_name, WaiterConfig={"Delay": 1})
        else:  # DynamoDB Local has no backups
            dynamodb.update_continuous_backups(
                TableName=self._table_name,
                PointInTimeRecoverySpecification=dict(properties["PointInTimeRecoverySpecification"]),
            )
        dynamodb.update_time_to_live(
            TableName=self._table_name,
            TimeToLiveSpecification=dict(properties["TimeToLiveSpecification"]),
        )

    def _subscribe(self) -> None:
        """Send every message on the bus to a queue."""
        sqs, events = self.client("sqs"), self.client("events")
        url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        pattern = json.dumps({"source": [{"exists": True}]})
        events.put_rule(Name=QUEUE, EventBusName=BUS, EventPattern=pattern)
        events.put_targets(Rule=QUEUE, EventBusName=BUS, Targets=[{"Id": QUEUE, "Arn": attributes["QueueArn"]}])


class _SilentRequestHandler(MotoRequestHandler):
    """Writes no access log."""

    def log(self, *_: Any, **__: Any) -> None: ...
