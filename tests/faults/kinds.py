"""The faults: each says what becomes of one request between a function and a service."""

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


def passed(exchange: Exchange) -> None:
    """No fault."""
    exchange.send(exchange.forward().raw())


@dataclass(frozen=True, slots=True)
class Delay:
    """The service takes ``seconds`` longer."""

    seconds: float

    def __call__(self, exchange: Exchange) -> None:
        exchange.wait(self.seconds)
        passed(exchange)


def hang(exchange: Exchange) -> None:
    """Accepted and never answered; nothing happened at the service."""
    exchange.wait()


def hang_after_forwarding(exchange: Exchange) -> None:
    """The ambiguous case by time: the service has done it and never says so."""
    exchange.forward()
    exchange.wait()


def hang_after_headers(exchange: Exchange) -> None:
    """The answer begins and does not go on: done, and half told. Without a content, the headers do not end."""
    answer = exchange.forward()
    exchange.send(answer.head() if answer.content else answer.head()[:-2])
    exchange.wait()


@dataclass(frozen=True, slots=True)
class Trickle:
    """The answer byte by byte, one every ``seconds``: no single read ever times out."""

    seconds: float = 0.1

    def __call__(self, exchange: Exchange) -> None:
        for byte in exchange.forward().raw():
            exchange.send(bytes([byte]))
            exchange.wait(self.seconds)


def reset(exchange: Exchange) -> None:
    """The connection is reset before the service has seen the request."""
    exchange.reset()


def drop_answer(exchange: Exchange) -> None:
    """The ambiguous case: the service has done it, and the connection is reset instead of an answer."""
    exchange.forward()
    exchange.reset()


def close_mid_answer(exchange: Exchange) -> None:
    """Done, and the connection is closed before the answer says how it went."""
    exchange.send(exchange.forward().raw()[: len("HTTP/1.1 2")])
    exchange.close()


def cut_short(exchange: Exchange) -> None:
    """Done, and the connection is closed before the answer's last byte: its status is told, its content is not."""
    exchange.send(exchange.forward().raw()[:-1])
    exchange.close()


@dataclass(frozen=True, slots=True)
class Refuse:
    """The service refuses with ``code``; ``quoting`` puts the whole request into the error's message."""

    status: int
    code: str
    quoting: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def __call__(self, exchange: Exchange) -> None:
        message = exchange.content.decode("utf-8", "replace") if self.quoting else "injected"
        exchange.send(refusal(exchange.service, self.status, self.code, message, **self.more).raw())


def throttle(exchange: Exchange) -> None:
    """The service has too much to do, and says so in its own way."""
    Refuse(*THROTTLED[exchange.service])(exchange)


def fail(exchange: Exchange) -> None:
    """The service's own internal error."""
    Refuse(500, FAILED[exchange.service])(exchange)


def not_even_an_error(exchange: Exchange) -> None:
    """A load balancer's page instead of an answer."""
    exchange.send(Answer(503, (("Content-Type", "text/html"),), b"<html>Service Unavailable</html>").raw())


@dataclass(frozen=True, slots=True)
class Cancel:
    """DynamoDB cancels the transaction, giving ``reasons``, one code for each write."""

    reasons: tuple[str, ...]

    def __call__(self, exchange: Exchange) -> None:
        writes = len(json.loads(exchange.content)["TransactItems"])
        codes = (*self.reasons, *["None"] * writes)[:writes]
        Refuse(400, "TransactionCanceledException", more={"CancellationReasons": [{"Code": c} for c in codes]})(
            exchange
        )


@dataclass(frozen=True, slots=True)
class RefuseEntries:
    """EventBridge takes a call and refuses each of its entries for which ``refused(detail)`` holds."""

    refused: Callable[[Any], bool]
    code: str = "ThrottlingException"

    def __call__(self, exchange: Exchange) -> None:
        request = json.loads(exchange.content)
        verdicts = [self.refused(json.loads(entry["Detail"])) for entry in request["Entries"]]
        taken = [entry for entry, refused in zip(request["Entries"], verdicts, strict=True) if not refused]
        if taken:
            answer = exchange.forward(json.dumps({**request, "Entries": taken}).encode())
            results = iter(json.loads(answer.content)["Entries"])
        no = {"ErrorCode": self.code, "ErrorMessage": "injected"}
        entries = [no if refused else next(results) for refused in verdicts]
        content = json.dumps({"FailedEntryCount": sum(verdicts), "Entries": entries}).encode()
        exchange.send(Answer(200, (("Content-Type", "application/x-amz-json-1.1"),), content).raw())


@dataclass(frozen=True, slots=True)
class Hold:
    """Holds a request where a test wants it: before the service sees it, or after it has answered.

    ``reached`` says that a request is held; ``let_go`` lets it go on. A request that is ``lost`` then is gone
    before the service has seen it.
    """

    answered: bool = False
    lost: bool = False
    reached: Event = field(default_factory=Event)
    let_go: Event = field(default_factory=Event)

    def __call__(self, exchange: Exchange) -> None:
        answer = exchange.forward() if self.answered else None
        self.reached.set()
        exchange.wait(until=self.let_go)
        if self.lost:
            exchange.reset()
        else:
            exchange.send((answer or exchange.forward()).raw())


@dataclass(frozen=True, slots=True)
class Nth:
    """``fault`` meets only the ``number``-th request, from 1, of all the proxies that share this object."""

    number: int
    fault: Fault
    _arrived: count[int] = field(default_factory=lambda: count(1))

    def __call__(self, exchange: Exchange) -> None:
        (self.fault if next(self._arrived) == self.number else passed)(exchange)


@dataclass(frozen=True, slots=True)
class Sometimes:
    """One of ``faults`` meets a request with ``probability``."""

    faults: tuple[Fault, ...]
    probability: float
    random: Random

    def __call__(self, exchange: Exchange) -> None:
        (self.random.choice(self.faults) if self.random.random() < self.probability else passed)(exchange)


def echo(exchange: Exchange) -> None:
    """Something in between fails and sends back what it was sent."""
    exchange.send(Answer(502, (("Content-Type", "text/plain"),), exchange.content).raw())
