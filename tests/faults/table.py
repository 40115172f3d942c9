"""The table of faults: the service that fails, how it fails, and the status that the sender must get.

A row is one test case of tests/e2e/test_faults.py. docs/architecture.md explains the rows by kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

from tests.builders import body
from tests.faults import kinds
from tests.faults.kinds import Fault
from tests.faults.proxy import Proxy

Injection = Callable[[Proxy], object]


class Content(StrEnum):
    """The content of the delivery that is sent during the fault."""

    NEW = "a new event"
    LARGE = "a body too large for an item"
    INVALID = "a body that breaks the contract"
    CONFLICT = "a known envelope id with other content"

    def body(self, new: dict[str, Any], known: dict[str, Any]) -> bytes:
        """Make the body from a new delivery and one that is already stored."""
        match self:
            case Content.NEW:
                return body(new)
            case Content.LARGE:
                return body(new | {"noise": Random(new["id"]).randbytes(450_000).hex()})
            case Content.INVALID:
                return body(new).replace(b'"Appointment"', b'"Office"')
            case Content.CONFLICT:
                return body(new | {"id": known["id"]})

    @property
    def quarantined(self) -> bool:
        """Whether the delivery goes to quarantine instead of the table."""
        return self in (Content.INVALID, Content.CONFLICT)


def injects(fault: Fault, operation: str | None = None, times: int | None = None) -> Injection:
    return lambda proxy: proxy.inject(fault, operation, times)


@dataclass(frozen=True, slots=True)
class Row:
    """The ``faults`` by service, and the ``status`` that the design requires.

    ``cold``: the function is starting and has not yet read its secret.
    """

    name: str
    faults: Mapping[str, Injection]
    status: int
    cold: bool = False
    content: Content = Content.NEW


SERVICE_FAULTS: dict[str, Injection] = {
    "throttles": injects(kinds.throttle),
    "fails": injects(kinds.fail),
    "is behind a failing load balancer": injects(kinds.html_error_page),
    "hangs": injects(kinds.hang),
    "hangs after the request": injects(kinds.hang_after_forwarding),
    "hangs in the middle of its answer": injects(kinds.hang_after_headers),
    "trickles": injects(kinds.Trickle(0.1)),
    "resets": injects(kinds.reset),
    "drops its answer": injects(kinds.drop_answer),
    "closes in the middle of its answer": injects(kinds.close_mid_answer),
    "cuts its answer short": injects(kinds.truncate_answer),
    "refuses connections": Proxy.refuse,
    "vanishes": Proxy.vanish,
    "denies access": injects(kinds.Refuse(400, "AccessDeniedException")),
}
"""Faults that any service can have."""
TRANSACTION_FAULTS: dict[str, Injection] = {
    "cancels for lack of throughput": injects(kinds.Cancel(("ThrottlingError", "ThrottlingError"))),
    "cancels for conflicts without end": injects(kinds.Cancel(("None", "TransactionConflict"))),
    "says that the transaction is in progress": injects(kinds.Refuse(400, "TransactionInProgressException")),
}
SLOW = injects(kinds.Delay(0.45))


DYNAMODB = [
    Row(f"DynamoDB {fault}", {"dynamodb": injection}, 202)
    for fault, injection in (SERVICE_FAULTS | TRANSACTION_FAULTS).items()
    if fault != "cuts its answer short"  # a truncated 200 is still a commit; moto does not recognise the retry
]
DYNAMODB_AND_SQS = [
    Row(f"DynamoDB and SQS: each {fault}", {"dynamodb": SERVICE_FAULTS[fault], "sqs": SERVICE_FAULTS[fault]}, 503)
    for fault in ("throttles", "fails", "hangs", "resets", "refuses connections", "vanishes")
]
SECRETS_MANAGER = [
    Row(f"Secrets Manager {fault}", {"secretsmanager": injection}, 503, cold=True)
    for fault, injection in SERVICE_FAULTS.items()
]
S3 = [
    Row(f"S3 {fault} for {content.value}", {"s3": injection}, 503, content=content)
    for content in (Content.INVALID, Content.CONFLICT, Content.LARGE)
    for fault, injection in SERVICE_FAULTS.items()
    if fault
    not in ("cuts its answer short", "hangs in the middle of its answer")  # the headers are the whole answer of S3
]
SLOW_TOGETHER = [
    Row("every service is slow", {"dynamodb": SLOW, "secretsmanager": SLOW, "sqs": SLOW}, 202, cold=True),
    Row(
        "Secrets Manager is slow and DynamoDB hangs",
        {"secretsmanager": SLOW, "dynamodb": SERVICE_FAULTS["hangs"], "sqs": SLOW},
        202,
        cold=True,
    ),
    Row(
        "Secrets Manager is slow and DynamoDB and SQS hang",
        {"secretsmanager": SLOW, "dynamodb": SERVICE_FAULTS["hangs"], "sqs": SERVICE_FAULTS["hangs"]},
        503,
        cold=True,
    ),
]
EVENTBRIDGE = [
    Row(f"EventBridge {fault}", {"events": injection}, 202)
    for fault, injection in (
        SERVICE_FAULTS
        | {
            "refuses some entries": injects(kinds.RefuseEntries(lambda detail: detail["metadata"]["id"].endswith("2"))),
            "refuses every entry": injects(kinds.RefuseEntries(lambda _: True, "InternalFailure")),
        }
    ).items()
]
ROWS = [*DYNAMODB, *DYNAMODB_AND_SQS, *SECRETS_MANAGER, *S3, *SLOW_TOGETHER, *EVENTBRIDGE]

MAKE_TEST_ROWS_ON_MOTO = tuple(
    row
    for row in ROWS
    if row.content not in (Content.CONFLICT, Content.LARGE)
    or row.faults["s3"]
    in (SERVICE_FAULTS["throttles"], SERVICE_FAULTS["hangs after the request"], SERVICE_FAULTS["drops its answer"])
)
"""Rows that `make test` runs on moto: every fault of every service, and each content with some faults of S3."""
MAKE_TEST_ROWS_ON_DYNAMODB_LOCAL = tuple(
    row
    for row in ROWS
    if row.faults.keys() == {"dynamodb"}
    and row.faults["dynamodb"]
    in (
        SERVICE_FAULTS["throttles"],
        SERVICE_FAULTS["hangs after the request"],
        SERVICE_FAULTS["drops its answer"],
        SERVICE_FAULTS["closes in the middle of its answer"],
        TRANSACTION_FAULTS["cancels for conflicts without end"],
    )
)
"""Rows that `make test` runs on DynamoDB Local: refusals, and commits whose answer is lost."""
