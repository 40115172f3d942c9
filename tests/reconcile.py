"""ReconcileFunction on an embedded AWS, with the stand-in of the vendor's API."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from appointments.contract import instants
from appointments.deadline import Deadline
from appointments.outcome import Outcome
from appointments.reconciliation.manners import Manners
from appointments.reconciliation.position import Position
from appointments.storage import items
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from local.engage.server import ENTERPRISE, EngageServer
from tests.builders import make_bucket, received
from tests.engage import History

TABLE, BUCKET = "appointments", "bodies"
ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "reconcile",
    "POWERTOOLS_METRICS_NAMESPACE": "Appointments/engage",
    "TABLE_NAME": TABLE,
    "BODIES_BUCKET_NAME": BUCKET,
    "BACKLOG_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/backlog",
    "BACKLOG_FAILURE_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/given-up",
    "HISTORY_RETENTION_DAYS": "0",
    "ENGAGE_API_SECRET_ARN": "arn",
    "ENGAGE_ENTERPRISE": ENTERPRISE,
    "ENGAGE_API_URL": "https://api.example.com",
    "ENGAGE_AUTH_URL": "https://auth.example.com",
    "RECONCILE_MODE": "report",
    "RECONCILE_DAYS_BACK": "30",
    "RECONCILE_DAYS_AHEAD": "90",
    "RECONCILE_PAGE_SIZE": "25",
    "RECONCILE_CALLS_PER_SECOND": "50",
}
SECONDS = 900.0
LEASE = 901.0


class KilledError(BaseException):
    """The execution environment dies. No code of the function may handle this."""


class Reconcile:
    """The function, its table, its queues and its clock. ``lines`` are those of the last run."""

    def __init__(self, patch: pytest.MonkeyPatch, server: EngageServer, *, mode: str = "repair", **variables: str):
        self.patch, self.server = patch, server
        self.dynamodb: Any = boto3.client("dynamodb")
        self.sqs, self.s3 = boto3.client("sqs"), boto3.client("s3")
        self.queues = {name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("backlog", "given-up")}
        make_bucket(BUCKET)
        self._make_table()
        secret = boto3.client("secretsmanager").create_secret(Name="engage", SecretString=server.credentials())
        environment = ENVIRONMENT | {
            "BACKLOG_QUEUE_URL": self.queues["backlog"],
            "BACKLOG_FAILURE_QUEUE_URL": self.queues["given-up"],
            "ENGAGE_API_SECRET_ARN": secret["ARN"],
            "ENGAGE_API_URL": server.url,
            "ENGAGE_AUTH_URL": server.url,
            "RECONCILE_MODE": mode,
            **variables,
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        import reconcile.handler

        self.handler: Any = importlib.reload(reconcile.handler)
        self.clock = 1_000_000.0
        self.lines: list[dict[str, Any]] = []
        self.printed = ""
        patch.setattr(self.handler, "Manners", partial(Manners, sleep=lambda _: None))
        patch.setattr(self.handler, "Position", partial(Position, clock=lambda: self.clock))

    def _make_table(self) -> None:
        names = ("pk", "sk", "officeId", "start")
        self.dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=_keys("pk", "sk"),
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "OfficeIndex",
                    "KeySchema": _keys("officeId", "start"),
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )

    def run(self, seconds: float = SECONDS) -> str:
        """Invoke the function as the schedule does, and return how the run ended."""
        printed = io.StringIO()
        self.handler.logger.registered_handler.stream = printed
        context = SimpleNamespace(
            function_name="reconcile",
            memory_limit_in_mb=512,
            invoked_function_arn="arn:aws:lambda",
            aws_request_id="r-1",
            get_remaining_time_in_millis=lambda: seconds * 1000,
        )
        try:
            with contextlib.redirect_stdout(printed), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a run that is killed writes no metrics
                outcome: str = self.handler.lambda_handler({}, context)["outcome"]
        finally:
            self.printed = printed.getvalue()
            self.handler.metrics.clear_metrics()
        self.lines = [json.loads(line) for line in self.printed.splitlines()]
        return outcome

    @property
    def line(self) -> dict[str, Any]:
        """The line with the metrics of the last run."""
        (found,) = [line for line in self.lines if line.get("message") == "reconcile"]
        return found

    def metric(self, name: str) -> float:
        return float(self.line[name][0])

    def pass_by(self, seconds: float = LEASE) -> None:
        self.clock += seconds

    def deliver(self, bodies: Iterable[bytes]) -> list[Outcome]:
        """Store deliveries as the webhook did an hour ago: a state that was received just now is not judged gone."""
        received_at = instants.later(instants.now(), -3_600)
        store = Store(self.dynamodb, TABLE, lambda: Bodies(self.s3, BUCKET))
        return [store.save(received(body, received_at=received_at), Deadline(20)) for body in bodies]

    def empty(self, queue: str) -> None:
        self.sqs.delete_queue(QueueUrl=self.queues[queue])
        self.sqs.create_queue(QueueName=queue)

    def items(self) -> dict[tuple[str, str], Any]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}

    def current(self) -> dict[str, Any]:
        """The current items by appointment."""
        found = self.items()
        return {items.appointment_id_of(pk): item for (pk, sk), item in found.items() if sk == items.CURRENT_SORT_KEY}

    def repairs(self) -> list[Any]:
        """The event items of repairs."""
        return [item for (_, sk), item in self.items().items() if sk != items.CURRENT_SORT_KEY and "origin" in item]

    def streamed(self) -> list[str]:
        """The keys of all event items in the table's stream, in the order of their commits."""
        shard: Any = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].tables[TABLE].stream_shard
        records = [each.to_json() for each in shard.items]
        keys = [record["dynamodb"]["Keys"] for record in records if record["eventName"] == "INSERT"]
        return [f"{key['pk']['S']} {key['sk']['S']}" for key in keys if key["sk"]["S"] != items.CURRENT_SORT_KEY]

    @contextlib.contextmanager
    def killed(self, number: int, moment: str) -> Iterator[Callable[[], int]]:
        """Let the process die before or after its call of AWS with this number. Yields how many calls there were."""
        calls = 0
        dead = False

        def mortal(call: Callable[..., Any]) -> Callable[..., Any]:
            def called(*arguments: Any, **named: Any) -> Any:
                nonlocal calls, dead
                calls += 1
                dead = dead or (calls == number and moment == "before")
                if dead:
                    raise KilledError
                answer = call(*arguments, **named)
                dead = calls == number
                if dead:
                    raise KilledError
                return answer

            return called

        with self.patch.context() as patch:
            for client, names in (
                (self.handler._secrets, ["get_secret_value"]),
                (self.handler._dynamodb, ["batch_get_item", "transact_write_items"]),
                (self.handler._s3, ["put_object", "get_object"]),
                (self.handler._sqs, ["get_queue_attributes"]),
            ):
                for name in names:
                    patch.setattr(client, name, mortal(getattr(client, name)))
            yield lambda: calls


def started(patch: pytest.MonkeyPatch, server: EngageServer, histories: list[History], mode: str) -> Reconcile:
    function = Reconcile(patch, server, mode=mode)
    for history in histories:
        function.deliver(history.bodies(server.switches))
    return function


def limited(made: Any, calls: int) -> Any:
    """Return Manners with another limit of calls."""
    return lambda **named: made(**{**named, "calls": calls})


def _keys(partition: str, sort: str) -> Any:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
