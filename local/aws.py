"""The embedded AWS: moto behind a loopback address, with the resources of template.yaml in it."""

from __future__ import annotations

import copy
import functools
import json
import re
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from threading import RLock, Thread
from typing import Any

import boto3
from botocore.config import Config
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodbstreams.models import dynamodbstreams_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local.template import Template, output_key

REGION = "eu-west-1"
STACK = "local"
ITERATORS = 100
"""So many stream iterators are remembered, the oldest forgotten: the pump asks for one with every poll."""
TABLE = BUS = "appointments"
QUEUE = "events"
FAILURE_QUEUE = "publisher-failures"
BACKLOG_QUEUE = "backlog"
QUEUES = {"PublisherFailureQueue": FAILURE_QUEUE, "BacklogQueue": BACKLOG_QUEUE}
BUCKETS = {"QuarantineBucket": "appointments-quarantine", "BodiesBucket": "appointments-bodies"}
SECRET = "webhook-secret"  # noqa: S105 - the name of the secret, not the secret
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class EmbeddedAws:
    """moto on ``host:port``, and in it what template.yaml declares.

    ``dynamodb_url`` names another DynamoDB (DynamoDB Local) to hold the table instead of the embedded one;
    ``parameters`` are values for the template's parameters.
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
    ) -> None:
        self._template = template
        self._dynamodb_url = dynamodb_url
        self._table_name = table_name
        self._server = make_server(
            host, port, _one_region(_one_at_a_time(_moto())), threaded=True, request_handler=_Silent
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.endpoints = {"AWS_ENDPOINT_URL": self.url}
        if dynamodb_url:
            self.endpoints["AWS_ENDPOINT_URL_DYNAMODB"] = dynamodb_url
            self.endpoints["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] = dynamodb_url
        Thread(target=self._server.serve_forever, name="aws", daemon=True).start()
        self._outputs = self._deploy(token, parameters or {})
        self._create_table()
        self._subscribe()

    def client(self, service: str) -> Any:
        endpoint = self.endpoints.get(
            "AWS_ENDPOINT_URL_" + service.upper().replace("DBSTREAMS", "DB_STREAMS"), self.url
        )
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"mode": "standard", "total_max_attempts": 5}),
        )

    def environment(self, logical_id: str) -> dict[str, str]:
        """The function's environment as the template says, every intrinsic function resolved, and the endpoints."""
        variables = self._template.function(logical_id).environment
        own = {name: self._outputs[output_key(logical_id, name)] for name in variables}
        return {**own, **CREDENTIALS, **self.endpoints, "AWS_REGION": REGION}

    def stop(self) -> None:
        """Also forgets what was in it: moto keeps that for the process, not for the server."""
        reset = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")  # noqa: S310 - our own address
        urllib.request.urlopen(reset).close()  # noqa: S310
        self._server.shutdown()
        self._server.server_close()

    def _deploy(self, token: str, parameters: Mapping[str, str]) -> dict[str, str]:
        names = {
            "AppointmentsTable": {**self._template.properties("AppointmentsTable"), "TableName": self._table_name},
            **{name: {**self._template.properties(name), "QueueName": queue} for name, queue in QUEUES.items()},
            **{name: {**self._template.properties(name), "BucketName": bucket} for name, bucket in BUCKETS.items()},
        }
        # moto's CloudFormation knows no secrets and refers to a bus wrongly: both are made here, and what refers
        # to them finds a parameter of that name.
        secret = self.client("secretsmanager").create_secret(Name=SECRET, SecretString=token)
        self.client("events").create_event_bus(Name=BUS)
        made = {"WebhookSecret": secret["ARN"], "AppointmentsBus": BUS}
        body = json.dumps(self._template.embeddable(names, made))
        cloudformation = self.client("cloudformation")
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        cloudformation.create_stack(StackName=STACK, TemplateBody=body, Parameters=given)
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise RuntimeError(f"the embedded stack is {stack['StackStatus']}")
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def _create_table(self) -> None:
        """Create the table where it is not the embedded one, and switch on what CloudFormation here leaves out."""
        dynamodb = self.client("dynamodb")
        properties = self._template.properties("AppointmentsTable")
        if self._dynamodb_url:
            try:
                dynamodb.create_table(
                    TableName=self._table_name,
                    StreamSpecification={"StreamEnabled": True, **properties["StreamSpecification"]},
                    **{
                        name: properties[name]
                        for name in ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
                    },
                )
            except dynamodb.exceptions.ResourceInUseException:
                return  # it is there from before, and stays as it is
            dynamodb.get_waiter("table_exists").wait(TableName=self._table_name, WaiterConfig={"Delay": 1})
        dynamodb.update_time_to_live(
            TableName=self._table_name,
            TimeToLiveSpecification=dict(properties["TimeToLiveSpecification"]),
        )

    def _subscribe(self) -> None:
        """A rule for whatever is on the bus, to a queue that anyone can read."""
        sqs, events = self.client("sqs"), self.client("events")
        url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        pattern = json.dumps({"source": [{"exists": True}]})
        events.put_rule(Name=QUEUE, EventBusName=BUS, EventPattern=pattern)
        events.put_targets(Rule=QUEUE, EventBusName=BUS, Targets=[{"Id": QUEUE, "Arn": attributes["QueueArn"]}])


class _Silent(MotoRequestHandler):
    def log(self, *_: Any, **__: Any) -> None: ...


def _moto() -> Wsgi:
    """moto's server, its transactions made fit for many deliveries and for a stream that is read meanwhile."""
    # What moto goes back to when a transaction is cancelled: itself, because undoing is done here, and what a whole
    # table's copy costs grows with the table.
    Table.__deepcopy__ = lambda table, _memo: table  # type: ignore[attr-defined]
    DynamoDBBackend.transact_write_items = _undone_when_cancelled  # type: ignore
    application = DomainDispatcherApplication(create_backend_app)
    # moto lists its own folders for every request: half of what a request costs. Services do not change meanwhile.
    application.get_backend_for_host = functools.cache(application.get_backend_for_host)  # type: ignore[method-assign]
    dispatching: Wsgi = application
    return dispatching


_transact: Any = DynamoDBBackend.transact_write_items


def _undone_when_cancelled(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """A cancelled transaction leaves neither an item nor a record of the stream."""
    operations = [next(iter(item.values())) for item in transact_items]
    undo = [_undo(backend.tables[name], op) for op in operations if (name := op.get("TableName")) in backend.tables]
    try:
        _transact(backend, transact_items)
    except Exception:
        for step in undo:
            step()
        raise


def _undo(table: Table, operation: dict[str, Any]) -> Callable[[], None]:
    """Puts back the partition of the item that the operation writes. Items are replaced and never changed."""
    key = DynamoType((operation.get("Item") or operation["Key"])[table.hash_key_attr])
    before = copy.copy(table.items[key]) if key in table.items else None
    records = len(table.stream_shard.items) if table.stream_shard else 0

    def step() -> None:
        if before is not None:
            table.items[key] = before
        else:
            table.items.pop(key, None)
        if table.stream_shard:
            del table.stream_shard.items[records:]

    return step


def _one_at_a_time(application: Wsgi) -> Wsgi:
    """DynamoDB's requests one after the other: moto's transactions are not isolated from each other."""
    lock = RLock()

    def serialised(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return application(environ, start_response)
        with lock:
            _forget_old_iterators()
            return list(application(environ, start_response))

    return serialised


def _forget_old_iterators() -> None:
    for regions in dynamodbstreams_backends.values():
        for backend in regions.values():
            while len(backend.shard_iterators) > ITERATORS:
                del backend.shard_iterators[next(iter(backend.shard_iterators))]


def _one_region(application: Wsgi) -> Wsgi:
    """Whatever region a client is set to, it finds the resources: there is only one region here."""
    scope = re.compile(r"(Credential=[^/,]*/[0-9]*/)[^/,]*(?=/)")

    def moved(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_AUTHORIZATION" in environ:
            environ["HTTP_AUTHORIZATION"] = scope.sub(rf"\g<1>{REGION}", environ["HTTP_AUTHORIZATION"])
        return application(environ, start_response)

    return moved
