"""A moto server with every patch of the local stack, for the tests of these patches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.events.models import EventPattern, EventPatternParser, Rule
from moto.events.responses import EventsHandler
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from local import moto_patches
from local.event_source_mappings import Wsgi

REGION = "eu-west-1"
ACCOUNT = "123456789012"
Client = Callable[..., Any]

handled: list[str] = []
"""The X-Amz-Target of each request that the server handled."""


def clients() -> Iterator[Client]:
    """Yield a function that makes boto3 clients of the server. Then restore moto's classes for later tests."""
    patched = (
        (DynamoDBBackend, "transact_write_items"),
        (EventPattern, "matches_event"),
        (EventPatternParser, "parse"),
        (EventsHandler, "test_event_pattern"),
        (Rule, "send_to_targets"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "__deepcopy__", None, raising=False)
        for owner, name in patched:
            patch.setattr(owner, name, getattr(owner, name))
        yield from _serve(moto_patches.application(REGION, handled.append, {}, {}))


def _serve(application: Wsgi) -> Iterator[Client]:
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=SilentRequestHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()

    def make_client(service: str, region: str = REGION) -> Any:
        endpoint = f"http://127.0.0.1:{server.server_port}"
        return boto3.client(service, endpoint_url=endpoint, region_name=region)  # type: ignore[call-overload]

    yield make_client
    server.shutdown()
    thread.join()


class SilentRequestHandler(MotoRequestHandler):
    """Writes no access log."""

    def log(self, *_: Any, **__: Any) -> None: ...
