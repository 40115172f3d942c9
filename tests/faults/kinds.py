"""The faults. Each is a function that handles one request between a function and a service."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from threading import Event
from typing import TYPE_CHECKING, Any

from tests.faults.answers import FAILED, THROTTLED, Answer, refusal

if TYPE_CHECKING:
    from tests.faults.exchange import Exchange

Fault = Callable[["Exchange"], None]


def no_fault(exchange: Exchange) -> None:
    """Forward the request and send the answer."""
    exchange.send(exchange.forward().raw())


@dataclass(frozen=True, slots=True)
class Delay:
    """Delay the request by ``seconds``."""

    seconds: float

    def __call__(self, exchange: Exchange) -> None:
        exchange.wait(self.seconds)
        no_fault(exchange)


def hang(exchange: Exchange) -> None:
    """Accept the request and never answer. The service does not get it."""
    exchange.wait()


def hang_after_forwarding(exchange: Exchange) -> None:
    """Forward the request and never answer: the ambiguous case by timeout."""
    exchange.forward()
    exchange.wait()


def hang_after_headers(exchange: Exchange) -> None:
    """Forward the request and send the headers only. An answer without content gets incomplete headers."""
    answer = exchange.forward()
    exchange.send(answer.head() if answer.content else answer.head()[:-2])
    exchange.wait()


@dataclass(frozen=True, slots=True)
class Trickle:
    """Send the answer byte by byte, with a pause of ``seconds``. No single read times out."""

    seconds: float = 0.1

    def __call__(self, exchange: Exchange) -> None:
        for byte in exchange.forward().raw():
            exchange.send(bytes([byte]))
            exchange.wait(self.seconds)


def reset(exchange: Exchange) -> None:
    """Reset the connection. The service does not get the request."""
    exchange.reset()


def drop_answer(exchange: Exchange) -> None:
    """Forward the request and reset the connection instead of an answer: the ambiguous case."""
    exchange.forward()
    exchange.reset()


def close_mid_answer(exchange: Exchange) -> None:
    """Forward the request and close the connection in the middle of the status line."""
    exchange.send(exchange.forward().raw()[: len("HTTP/1.1 2")])
    exchange.close()


def truncate_answer(exchange: Exchange) -> None:
    """Forward the request and close the connection before the last byte of the answer."""
    exchange.send(exchange.forward().raw()[:-1])
    exchange.close()


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with the error ``code``. ``quoting`` puts the whole request into the error message."""

    status: int
    code: str
    quoting: bool = False
    members: dict[str, Any] = field(default_factory=dict)

    def __call__(self, exchange: Exchange) -> None:
        message = exchange.content.decode("utf-8", "replace") if self.quoting else "injected"
        exchange.send(refusal(exchange.service, self.status, self.code, message, **self.members).raw())


def throttle(exchange: Exchange) -> None:
    """Answer with the throttling error of the service."""
    Refuse(*THROTTLED[exchange.service])(exchange)


def fail(exchange: Exchange) -> None:
    """Answer with the internal error of the service."""
    Refuse(500, FAILED[exchange.service])(exchange)


def html_error_page(exchange: Exchange) -> None:
    """Answer with the HTML error page of a load balancer."""
    exchange.send(Answer(503, (("Content-Type", "text/html"),), b"<html>Service Unavailable</html>").raw())


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel a DynamoDB transaction with ``reasons``, one code for each write."""

    reasons: tuple[str, ...]

    def __call__(self, exchange: Exchange) -> None:
        writes = len(json.loads(exchange.content)["TransactItems"])
        codes = (*self.reasons, *["None"] * writes)[:writes]
        Refuse(400, "TransactionCanceledException", members={"CancellationReasons": [{"Code": c} for c in codes]})(
            exchange
        )


@dataclass(frozen=True, slots=True)
class RefuseEntries:
    """Refuse each entry of a PutEvents call for which ``refused(detail)`` is true. The other entries are forwarded."""

    refused: Callable[[Any], bool]
    code: str = "ThrottlingException"

    def __call__(self, exchange: Exchange) -> None:
        request = json.loads(exchange.content)
        refusals = [self.refused(json.loads(entry["Detail"])) for entry in request["Entries"]]
        accepted = [entry for entry, refused in zip(request["Entries"], refusals, strict=True) if not refused]
        if accepted:
            answer = exchange.forward(json.dumps({**request, "Entries": accepted}).encode())
            results = iter(json.loads(answer.content)["Entries"])
        error = {"ErrorCode": self.code, "ErrorMessage": "injected"}
        entries = [error if refused else next(results) for refused in refusals]
        content = json.dumps({"FailedEntryCount": sum(refusals), "Entries": entries}).encode()
        exchange.send(Answer(200, (("Content-Type", "application/x-amz-json-1.1"),), content).raw())


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold a request until ``release`` is set: before it is forwarded, or after it with ``answered``.

    ``begun`` is set when the request arrives, and ``reached`` while it is held. With ``lost``, the connection is then
    reset instead of an answer.
    """

    answered: bool = False
    lost: bool = False
    begun: Event = field(default_factory=Event)
    reached: Event = field(default_factory=Event)
    release: Event = field(default_factory=Event)

    def __call__(self, exchange: Exchange) -> None:
        self.begun.set()
        answer = exchange.forward() if self.answered else None
        self.reached.set()
        exchange.wait(until=self.release)
        if self.lost:
            exchange.reset()
        else:
            exchange.send((answer or exchange.forward()).raw())


@dataclass(frozen=True, slots=True)
class Nth:
    """Apply ``fault`` to the ``number``-th request only, counted from 1 over all proxies that share this object."""

    number: int
    fault: Fault
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def __call__(self, exchange: Exchange) -> None:
        (self.fault if next(self._numbers) == self.number else no_fault)(exchange)


@dataclass(frozen=True, slots=True)
class Sometimes:
    """Apply one of ``faults`` to a request with the given ``probability``."""

    faults: tuple[Fault, ...]
    probability: float
    random: Random

    def __call__(self, exchange: Exchange) -> None:
        (self.random.choice(self.faults) if self.random.random() < self.probability else no_fault)(exchange)


def echo(exchange: Exchange) -> None:
    """Answer as a failing intermediary that returns the request body."""
    exchange.send(Answer(502, (("Content-Type", "text/plain"),), exchange.content).raw())
