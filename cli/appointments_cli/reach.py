"""Watches the calls of a session: names the call that was denied, and ends a wait for an AWS that does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from appointments_cli.permissions import Call, call_of
from appointments_cli.silence import Silence

PATIENCE_SECONDS = 6.0
"""No attempt starts later than this after the first one without an answer."""


class Reach:
    """Registers with the events of a botocore session. ``on_call`` receives each call."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._thread = threading.local()
        self.silence = Silence(clock)
        self.on_call: Callable[[Call], None] = lambda _: None

    def register(self, events: Any) -> None:
        events.register("provide-client-params", self._begin)
        events.register("before-send", self._check)
        events.register("response-received", self._note_answer)
        events.register("after-call", self._name_call)
        events.register("after-call-error", self._end_call)

    def _begin(self, params: Any, model: Any, context: Any, **_: Any) -> None:
        call = call_of(model.service_model.service_name, model.name, params)
        context["call"] = call
        self.on_call(call)
        self._thread.since = None

    def _check(self, request: Any, **_: Any) -> None:
        parts = urlsplit(request.url)
        self.silence.sent(f"{parts.scheme}://{parts.netloc}")
        now = self._clock()
        since = getattr(self._thread, "since", None)
        if since is None:
            self._thread.since = now
        elif now - since > PATIENCE_SECONDS:
            raise self.silence.unreachable(now - since)

    def _note_answer(self, response_dict: Any = None, **_: Any) -> None:
        if response_dict is not None:
            self._thread.since = None
            self.silence.answered()

    def _name_call(self, parsed: Any, context: Any, **_: Any) -> None:
        self.silence.finished()
        if "Error" in parsed and "call" in context:
            parsed["Call"] = context["call"]

    def _end_call(self, **_: Any) -> None:
        self.silence.finished()
