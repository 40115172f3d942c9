"""BacklogFunction: stores deliveries that could not be stored in time.

A message that fails is reported and comes again. After an outage of the table, the rest of the batch is not tried. A
message that can never be stored goes to quarantine.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from appointments import timing
from appointments.errors import StoreUnavailableError, UnavailableError
from appointments.intake import Intake
from appointments.outcome import QUARANTINED, UNALARMED, Outcome
from appointments.sdk import new_client
from appointments.storage.bodies import Bodies
from appointments.storage.quarantine import Quarantine
from appointments.storage.store import Store
from backlog.settings import Settings
from backlog.storing import ids_of_message, store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from appointments.contract.essentials import Ids

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
_dynamodb: DynamoDBClient = new_client("dynamodb", timing.BACKLOG_CALL)
_s3: S3Client = new_client("s3", timing.BACKLOG_CALL)


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
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Store a batch of messages and report the ids of those that must come again.

    The line with the metrics names each message: its outcome, its ids and the queue's id of it.
    """
    messages: list[dict[str, str]] = []
    outage = False
    for record in event["Records"]:
        outcome, ids = AGAIN, None
        try:
            if not outage:
                outcome, ids = _store(record, context.aws_request_id)
        except UnavailableError as error:
            logger.warning("not stored yet", extra={"error": str(error)})
            ids = error.ids
            outage = type(error) is StoreUnavailableError  # StoreRefusedError concerns only this message
        present = (ids or ids_of_message(record["body"])).present()
        messages.append({"outcome": outcome, "message_id": record["messageId"], **present})
    for outcome, count in Counter(message["outcome"] for message in messages).items():
        metrics.add_metric(METRICS[outcome], MetricUnit.Count, count)
    for name, value in {
        "message": "backlog",
        "function_request_id": context.aws_request_id,
        "messages": messages,
    }.items():
        metrics.add_metadata(name, value)
    again = [message["message_id"] for message in messages if message["outcome"] == AGAIN]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


def _store(record: dict[str, Any], function_request_id: str) -> tuple[str, Ids]:
    receives = int(record["attributes"]["ApproximateReceiveCount"])
    receipt = store(record["body"], receives, _intake, _bodies().get, function_request_id)
    if receipt.outcome in QUARANTINED:
        problem = receipt.problem or "the envelope id is known with other content"
        logger.error("a deferred delivery cannot be stored", extra={"error": problem, **receipt.ids.present()})
    return receipt.outcome.value, receipt.ids
