"""Watches the calls of a session: names the call that was denied, and ends a wait for an AWS that does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from appointments_cli.errors import UnreachableError
from appointments_cli.permissions import Call, call_of

PATIENCE_SECONDS = 6.0
"""No attempt starts later than this after the first one without an answer. An attempt waits for at most 7 s."""


class Reach:
    """Registers with the events of a botocore session. ``on_call`` receives each call."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._thread = threading.local()
        self.on_call: Callable[[Call], None] = lambda _: None

    def register(self, events: Any) -> None:
        events.register("provide-client-params", self._begin)
        events.register("before-send", self._check)
        events.register("response-received", self._note_answer)
        events.register("after-call", self._name_call)

    def _begin(self, params: Any, model: Any, context: Any, **_: Any) -> None:
        call = call_of(model.service_model.service_name, model.name, params)
        context["call"] = call
        self.on_call(call)
        self._thread.since = None

    def _check(self, request: Any, **_: Any) -> None:
        now = self._clock()
        since = getattr(self._thread, "since", None)
        if since is None:
            self._thread.since = now
        elif now - since > PATIENCE_SECONDS:
            parts = urlsplit(request.url)
            endpoint = f"{parts.scheme}://{parts.netloc}"
            raise UnreachableError(
                f"AWS does not answer at {endpoint} within {round(now - since)} s: "
                "check the network, --region and --endpoint-url"
            )

    def _note_answer(self, response_dict: Any = None, **_: Any) -> None:
        if response_dict is not None:
            self._thread.since = None

    def _name_call(self, parsed: Any, context: Any, **_: Any) -> None:
        if "Error" in parsed and "call" in context:
            parsed["Call"] = context["call"]
