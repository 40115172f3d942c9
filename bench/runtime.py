"""The Lambda Runtime API for one execution environment. It passes one event at a time and records the times."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from queue import Empty, SimpleQueue
from typing import TypeVar
from uuid import uuid4

from bench.wire import Request, Response, Server

T = TypeVar("T")

TIMEOUT_SECONDS = 600.0
DEADLINE_SECONDS = 60
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:bench"
# Tracing is on and this delivery is not sampled, like nearly all deliveries. So the references send no segments.
TRACE = "Root=1-69a6a448-3099df996d0b65e4beb87d31;Parent=53995c3f42cd8ad8;Sampled=0"


class RuntimeFailedError(Exception):
    """A process that reported an error, or that neither requested an event nor answered one in time."""


@dataclass(frozen=True, slots=True)
class Result:
    """The JSON that the handler returned, and the seconds from the event to the end of the answer."""

    body: bytes
    seconds: float


class RuntimeApi:
    """The server for one process. The process requests an event when it is ready and after each answer."""

    def __init__(self) -> None:
        self._events: SimpleQueue[bytes | None] = SimpleQueue()
        self._requests: SimpleQueue[float | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[float, bytes] | None] = SimpleQueue()
        self._passed_at = 0.0
        self._error = b"the process did not answer in time"
        self._server = Server(self._answer)
        self.address = self._server.address

    def wait_for_request(self) -> float:
        """Return the time.perf_counter() of the process's request for an event. Raises RuntimeFailedError."""
        return self._next(self._requests)

    def invoke(self, event: bytes) -> Result:
        """Pass an event and wait until the process requests another. Raises RuntimeFailedError."""
        self._events.put(event)
        arrived, body = self._next(self._answers)
        passed_at = self._passed_at
        self.wait_for_request()
        return Result(body, arrived - passed_at)

    def stop(self) -> None:
        self._events.put(None)  # ends the thread that waits for an event
        self._server.stop()

    def _next(self, queue: SimpleQueue[T | None]) -> T:
        try:
            item = queue.get(timeout=TIMEOUT_SECONDS)
        except Empty:
            item = None
        if item is None:
            raise RuntimeFailedError(self._error.decode(errors="replace"))
        return item

    def _answer(self, request: Request) -> Response | None:
        now = time.perf_counter()
        if request.method == "GET":
            self._requests.put(now)
            event = self._events.get()
            if event is None:
                return None
            self._passed_at = time.perf_counter()
            return Response(event, headers=_invocation_headers())
        if request.path.endswith("/response"):
            self._answers.put((now, request.body))
        else:
            self._error = request.body
            self._answers.put(None)
            self._requests.put(None)
        return Response(status=HTTPStatus.ACCEPTED)


def _invocation_headers() -> dict[str, str]:
    return {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": str(uuid4()),
        "lambda-runtime-deadline-ms": str(int((time.time() + DEADLINE_SECONDS) * 1000)),
        "lambda-runtime-invoked-function-arn": ARN,
        "lambda-runtime-trace-id": TRACE,
    }
