"""What moto lacks as the AWS of this project. Each patch has a test that fails without it.

Patches of moto's classes last for the process. The others wrap the WSGI application of one server.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from threading import RLock
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodbstreams.models import dynamodbstreams_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local import cloudformation, event_source_mappings, invocations
from local.event_source_mappings import EventSourceMapping, Wsgi
from local.eventbridge.delivery import deliver_as_eventbridge
from local.moto_speed import make_stacks_fast

ITERATORS = 100
"""At most this many stream iterators are remembered. The oldest are forgotten."""

_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
TABLE_WRITES = {f"DynamoDB_20120810.{write}" for write in _WRITES}
QUEUE_WRITES = {"AmazonSQS.SendMessage", "AmazonSQS.SendMessageBatch"}
"""The requests (X-Amz-Target) after which a stream or a queue has something new."""

Notify = Callable[[str], None]


def application(
    region: str,
    notify: Notify,
    mappings: Mapping[str, EventSourceMapping],
    functions: Mapping[str, invocations.Invoke],
) -> Wsgi:
    """Return moto's server as a WSGI application with every patch. All resources are in ``region``.

    ``notify`` is called with the X-Amz-Target of each request after it was handled. ``mappings`` are by UUID,
    ``functions`` by their names.
    """
    cloudformation.know_resource_types()
    make_stacks_fast()
    keep_tables_in_transactions()
    undo_cancelled_transactions()
    deliver_as_eventbridge()
    server = DomainDispatcherApplication(create_backend_app)
    remember_services(server)
    with_lambda = event_source_mappings.answering_for(invocations.answering_for(server, functions), mappings)
    bounded = serialize_dynamodb(forget_old_iterators(with_lambda))
    return in_one_region(notify_after(bounded, notify), region)


def keep_tables_in_transactions() -> None:
    """Replace the deep copy of a table by the table.

    moto copies the whole table before each transaction, to restore it after a cancelled one. The copy takes longer
    with every item. ``undo_cancelled_transactions`` restores the items instead.
    """
    Table.__deepcopy__ = lambda table, _memo: table  # type: ignore[attr-defined]


def undo_cancelled_transactions() -> None:
    """Make a cancelled transaction leave no item and no stream record.

    moto restores the table with its stream as a whole. That also removes what was written meanwhile, and an iterator
    still reads the old stream.
    """
    DynamoDBBackend.transact_write_items = _transact_or_undo  # type: ignore[method-assign, assignment]


def remember_services(server: DomainDispatcherApplication) -> None:
    """Cache the service of a host name. moto lists its own folders to find it: half of the time of a request."""
    server.get_backend_for_host = functools.cache(server.get_backend_for_host)  # type: ignore[method-assign]


def serialize_dynamodb(server: Wsgi) -> Wsgi:
    """Handle one DynamoDB request at a time: moto does not isolate transactions from each other."""
    lock = RLock()

    def serialized(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not _is_dynamodb(environ):
            return server(environ, start_response)
        with lock:
            return list(server(environ, start_response))

    return serialized


def notify_after(server: Wsgi, notify: Notify) -> Wsgi:
    """Call ``notify`` after each request, so that nobody has to poll moto for what a request has written."""

    def notifying(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer = server(environ, start_response)
        notify(str(environ.get("HTTP_X_AMZ_TARGET", "")))
        return answer

    return notifying


def forget_old_iterators(server: Wsgi) -> Wsgi:
    """Bound the stream iterators. moto keeps each one forever, and every poll of the stream makes one."""

    def bounded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if _is_dynamodb(environ):
            for regions in dynamodbstreams_backends.values():
                for backend in regions.values():
                    while len(backend.shard_iterators) > ITERATORS:
                        del backend.shard_iterators[next(iter(backend.shard_iterators))]
        return server(environ, start_response)

    return bounded


def in_one_region(server: Wsgi, region: str) -> Wsgi:
    """Handle every request as one of ``region``, so that a client with another region finds the resources too."""
    scope = re.compile(r"(Credential=[^/,]*/[0-9]*/)[^/,]*(?=/)")

    def moved(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_AUTHORIZATION" in environ:
            environ["HTTP_AUTHORIZATION"] = scope.sub(rf"\g<1>{region}", environ["HTTP_AUTHORIZATION"])
        return server(environ, start_response)

    return moved


def _is_dynamodb(environ: dict[str, Any]) -> bool:
    return str(environ.get("HTTP_X_AMZ_TARGET", "")).startswith("DynamoDB")


_transact: Any = DynamoDBBackend.transact_write_items


def _transact_or_undo(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    operations = [next(iter(item.values())) for item in transact_items]
    undo_steps = [
        _undo_step(backend.tables[operation["TableName"]], operation)
        for operation in operations
        if operation.get("TableName") in backend.tables
    ]
    try:
        _transact(backend, transact_items)
    except Exception:
        for undo in undo_steps:
            undo()
        raise


def _undo_step(table: Table, operation: dict[str, Any]) -> Callable[[], None]:
    """Return what restores the partition of the operation's item. moto replaces items and never changes them."""
    key = DynamoType((operation.get("Item") or operation["Key"])[table.hash_key_attr])
    before = copy.copy(table.items[key]) if key in table.items else None
    records = len(table.stream_shard.items) if table.stream_shard else 0

    def undo() -> None:
        if before is not None:
            table.items[key] = before
        else:
            table.items.pop(key, None)
        if table.stream_shard:
            del table.stream_shard.items[records:]

    return undo
