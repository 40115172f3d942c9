"""BacklogFunction: stores deliveries that could not be stored in time.

A message that fails is reported and comes again. After an outage of the table, the rest of the batch is not tried. A
message that can never be stored goes to quarantine.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from appointments import timing
from appointments.errors import StoreUnavailableError, UnavailableError
from appointments.intake import Intake
from appointments.outcome import QUARANTINED, UNALARMED, Outcome
from appointments.sdk import lean_config, lean_session
from appointments.storage.bodies import Bodies
from appointments.storage.quarantine import Quarantine
from appointments.storage.store import Store
from backlog.settings import Settings
from backlog.storing import store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

SERVICES = {"dynamodb", "s3"}
"""All services that the function calls."""
AGAIN = "again"
METRICS = {
    Outcome.STORED.value: "Accepted",
    Outcome.DUPLICATE.value: "Duplicate",
    Outcome.STALE.value: "Stale",
    **{outcome.value: "Invalid" if outcome in UNALARMED else "Quarantined" for outcome in QUARANTINED},
    AGAIN: "DeferredAgain",
}

logger = Logger()
metrics = Metrics()

_settings = Settings.from_environment(os.environ)
_session = lean_session(SERVICES)
_config = lean_config(_session, timing.BACKLOG_CALL)
_dynamodb = cast("DynamoDBClient", _session.create_client("dynamodb", config=_config))
_s3 = cast("S3Client", _session.create_client("s3", config=_config))


@cache
def _bodies() -> Bodies:
    return Bodies(_s3, _settings.bodies_bucket_name)


@cache
def _quarantine() -> Quarantine:
    return Quarantine(_s3, _settings.quarantine_bucket_name)


_intake = Intake(
    Store(_dynamodb, _settings.table_name, _bodies),
    mode=_settings.contract_mode,
    history_retention_days=_settings.history_retention_days,
    quarantine=_quarantine,
)


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False, clear_state=True)
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Store a batch of messages and report the ids of those that must come again."""
    outcomes: Counter[str] = Counter()
    failed: list[str] = []
    outage = False
    for record in event["Records"]:
        outcome = AGAIN
        try:
            if not outage:
                outcome = _store(record)
        except UnavailableError as error:
            logger.warning("not stored yet", extra={"error": str(error)})
            outage = type(error) is StoreUnavailableError  # StoreRefusedError concerns only this message
        outcomes[outcome] += 1
        if outcome is AGAIN:
            failed.append(record["messageId"])
    for outcome, count in outcomes.items():
        metrics.add_metric(METRICS[outcome], MetricUnit.Count, count)
    logger.info("backlog", extra={"outcomes": dict(outcomes)})
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _store(record: dict[str, Any]) -> str:
    receives = int(record["attributes"]["ApproximateReceiveCount"])
    receipt = store(record["body"], receives, _intake, _bodies().get)
    if receipt.outcome in QUARANTINED:
        problem = receipt.problem or "the envelope id is known with other content"
        logger.error("a deferred delivery cannot be stored", extra={"error": problem})
    return receipt.outcome.value
