"""Lambda's side of an execution environment: the Runtime API, one event at a time, and when each thing happened."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from queue import Empty, SimpleQueue
from typing import TypeVar
from uuid import uuid4

from bench.wire import Answer, Request, Server

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
DEADLINE_SECONDS = 60
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:bench"
# As nearly all deliveries are: tracing is on and this one was not chosen. That spares the references a segment each.
TRACE = "Root=1-69a6a448-3099df996d0b65e4beb87d31;Parent=53995c3f42cd8ad8;Sampled=0"


class RuntimeFailedError(Exception):
    """The process reported an error, or nothing at all, instead of asking for an event or answering one."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the handler returned, as JSON, and the seconds from the event's hand-over to the whole answer's arrival."""

    body: bytes
    seconds: float


class RuntimeApi:
    """For one process. It asks for an event when it is ready, and again when it is done with one."""

    def __init__(self) -> None:
        self._events: SimpleQueue[bytes | None] = SimpleQueue()
        self._asked: SimpleQueue[float | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[float, bytes] | None] = SimpleQueue()
        self._handed_over = 0.0
        self._error = b"no answer in time"
        self._server = Server(self._answer)
        self.address = self._server.address

    def wait_until_asked(self) -> float:
        """The instant of time.perf_counter() at which the process asked for an event. Raises RuntimeFailedError."""
        return self._next(self._asked)

    def invoke(self, event: bytes) -> Answered:
        """Hand over one event; returns once the process asks for another. Raises RuntimeFailedError."""
        self._events.put(event)
        arrived, body = self._next(self._answers)
        handed_over = self._handed_over
        self.wait_until_asked()
        return Answered(body, arrived - handed_over)

    def stop(self) -> None:
        self._events.put(None)  # for the thread that has an event to wait for
        self._server.stop()

    def _next(self, things: SimpleQueue[T | None]) -> T:
        try:
            thing = things.get(timeout=PATIENCE_SECONDS)
        except Empty:
            thing = None
        if thing is None:
            raise RuntimeFailedError(self._error.decode(errors="replace"))
        return thing

    def _answer(self, request: Request) -> Answer | None:
        now = time.perf_counter()
        if request.method == "GET":
            self._asked.put(now)
            event = self._events.get()
            if event is None:
                return None
            self._handed_over = time.perf_counter()
            return Answer(event, headers=_about_an_invocation())
        if request.path.endswith("/response"):
            self._answers.put((now, request.body))
        else:
            self._error = request.body
            self._answers.put(None)
            self._asked.put(None)
        return Answer(status=HTTPStatus.ACCEPTED)


def _about_an_invocation() -> dict[str, str]:
    return {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": str(uuid4()),
        "lambda-runtime-deadline-ms": str(int((time.time() + DEADLINE_SECONDS) * 1000)),
        "lambda-runtime-invoked-function-arn": ARN,
        "lambda-runtime-trace-id": TRACE,
    }
