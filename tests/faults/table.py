"""The table of faults as data: what fails, how, and what the sender must be told.

A row is one test case of tests/e2e/test_faults.py; docs/architecture.md explains them by kind.
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

Broken = Callable[[Proxy], object]


class Content(StrEnum):
    """What the delivery that meets the fault brings."""

    NEW = "a new event"
    LARGE = "a body too large for an item"
    INVALID = "a body that breaks the contract"
    CONFLICT = "a known envelope id with other content"

    def body(self, new: dict[str, Any], known: dict[str, Any]) -> bytes:
        """Made of a delivery that is new and of one that was stored before."""
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
        """It is kept in quarantine and not stored."""
        return self in (Content.INVALID, Content.CONFLICT)


def does(fault: Fault, operation: str | None = None, times: int | None = None) -> Broken:
    return lambda proxy: proxy.inject(fault, operation, times)


@dataclass(frozen=True, slots=True)
class Row:
    """``broken`` says by service what fails; ``status`` is the answer that the design wants.

    ``cold``: the delivery meets a function that is just starting and has not yet read its secret.
    """

    name: str
    broken: Mapping[str, Broken]
    status: int
    cold: bool = False
    content: Content = Content.NEW


HOW: dict[str, Broken] = {
    "throttles": does(kinds.throttle),
    "fails": does(kinds.fail),
    "is behind a failing load balancer": does(kinds.not_even_an_error),
    "hangs": does(kinds.hang),
    "hangs after it is done": does(kinds.hang_after_forwarding),
    "hangs in the middle of its answer": does(kinds.hang_after_headers),
    "trickles": does(kinds.Trickle(0.1)),
    "resets": does(kinds.reset),
    "drops its answer": does(kinds.drop_answer),
    "closes in the middle of its answer": does(kinds.close_mid_answer),
    "cuts its answer short": does(kinds.cut_short),
    "refuses connections": Proxy.refuse,
    "vanishes": Proxy.vanish,
    "denies access": does(kinds.Refuse(400, "AccessDeniedException")),
}
"""What can be the matter with any service."""
OF_TRANSACTIONS: dict[str, Broken] = {
    "cancels for lack of throughput": does(kinds.Cancel(("ThrottlingError", "ThrottlingError"))),
    "cancels for conflicts without end": does(kinds.Cancel(("None", "TransactionConflict"))),
    "says that the transaction is in progress": does(kinds.Refuse(400, "TransactionInProgressException")),
}
SLOW = does(kinds.Delay(0.45))


DYNAMODB = [
    Row(f"DynamoDB {how}", {"dynamodb": broken}, 202)
    for how, broken in (HOW | OF_TRANSACTIONS).items()
    if how != "cuts its answer short"  # a 200 is a commit, told or not; moto does not know that it was asked before
]
DYNAMODB_AND_SQS = [
    Row(f"DynamoDB and SQS: each {how}", {"dynamodb": HOW[how], "sqs": HOW[how]}, 503)
    for how in ("throttles", "fails", "hangs", "resets", "refuses connections", "vanishes")
]
SECRETS_MANAGER = [
    Row(f"Secrets Manager {how}", {"secretsmanager": broken}, 503, cold=True) for how, broken in HOW.items()
]
S3 = [
    Row(f"S3 {how}, and there comes {content.value}", {"s3": broken}, 503, content=content)
    for content in (Content.INVALID, Content.CONFLICT, Content.LARGE)
    for how, broken in HOW.items()
    if how not in ("cuts its answer short", "hangs in the middle of its answer")  # S3 tells everything in the head
]
SLOW_TOGETHER = [
    Row("every service is slow", {"dynamodb": SLOW, "secretsmanager": SLOW, "sqs": SLOW}, 202, cold=True),
    Row(
        "Secrets Manager is slow and DynamoDB hangs",
        {"secretsmanager": SLOW, "dynamodb": HOW["hangs"], "sqs": SLOW},
        202,
        cold=True,
    ),
    Row(
        "Secrets Manager is slow and DynamoDB and SQS hang",
        {"secretsmanager": SLOW, "dynamodb": HOW["hangs"], "sqs": HOW["hangs"]},
        503,
        cold=True,
    ),
]
EVENTBRIDGE = [
    Row(f"EventBridge {how}", {"events": broken}, 202)
    for how, broken in (
        HOW
        | {
            "refuses some entries": does(kinds.RefuseEntries(lambda detail: detail["metadata"]["id"].endswith("2"))),
            "refuses every entry": does(kinds.RefuseEntries(lambda _: True, "InternalFailure")),
        }
    ).items()
]
ROWS = [*DYNAMODB, *DYNAMODB_AND_SQS, *SECRETS_MANAGER, *S3, *SLOW_TOGETHER, *EVENTBRIDGE]

OFTEN_ON_MOTO = tuple(
    row
    for row in ROWS
    if row.content not in (Content.CONFLICT, Content.LARGE)
    or row.broken["s3"] in (HOW["throttles"], HOW["hangs after it is done"], HOW["drops its answer"])
)
"""What `make test` runs on moto: every fault of every service, and S3's with each content that it keeps."""
OFTEN_ON_DYNAMODB_LOCAL = tuple(
    row
    for row in ROWS
    if row.broken.keys() == {"dynamodb"}
    and row.broken["dynamodb"]
    in (
        HOW["throttles"],
        HOW["hangs after it is done"],
        HOW["drops its answer"],
        HOW["closes in the middle of its answer"],
        OF_TRANSACTIONS["cancels for conflicts without end"],
    )
)
"""What `make test` runs on DynamoDB Local: refusals, and commits of which nobody hears."""
