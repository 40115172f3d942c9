"""BacklogFunction: deliveries that could not be stored in time, stored as soon as they can be.

A message that fails is reported and comes again; once the table cannot be written, the rest of the batch is left for
later too. A message that can never be stored ends in quarantine, not in a loop.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from appointments.errors import BodyUnavailableError, QuarantineUnavailableError, StoreUnavailableError
from appointments.sdk import lean_config, lean_session
from appointments.storage.bodies import Bodies
from appointments.storage.quarantine import Quarantine
from appointments.storage.store import Outcome, Store
from backlog.settings import Settings
from backlog.storing import QUARANTINED, Storing

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SERVICES = {"dynamodb", "s3"}
"""All that the function calls."""
SAVE_SECONDS = 5.0
AGAIN = "again"
METRICS = {
    Outcome.STORED.value: "Accepted",
    Outcome.DUPLICATE.value: "Duplicate",
    Outcome.STALE.value: "Stale",
    QUARANTINED: "Quarantined",
    AGAIN: "DeferredAgain",
}

logger = Logger()
metrics = Metrics()

_settings = Settings.from_environment(os.environ)
_session: Any = lean_session(SERVICES)
_config = lean_config(
    _session, connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}
)
_dynamodb = _session.create_client("dynamodb", config=_config)
_s3 = _session.create_client("s3", config=_config)
_bodies = Bodies(_s3, _settings.bodies_bucket_name)
_storing = Storing(
    Store(_dynamodb, _settings.table_name, _bodies, deadline_seconds=SAVE_SECONDS),
    Quarantine(_s3, _settings.quarantine_bucket_name),
    _bodies,
    mode=_settings.contract_mode,
    history_retention_days=_settings.history_retention_days,
    report=lambda problem: logger.error("a deferred delivery cannot be stored", extra={"error": problem}),
)


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False, clear_state=True)
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Store a batch of messages and report the ids of those that have to come again."""
    outcomes: Counter[str] = Counter()
    failed: list[str] = []
    outage = False
    for record in event["Records"]:
        outcome = AGAIN
        try:
            if not outage:
                outcome = _storing.store(record["body"], int(record["attributes"]["ApproximateReceiveCount"]))
        except (StoreUnavailableError, BodyUnavailableError, QuarantineUnavailableError) as error:
            logger.warning("not stored yet", extra={"error": str(error)})
            outage = type(error) is StoreUnavailableError  # not what is wrong with this message alone
        outcomes[outcome] += 1
        if outcome is AGAIN:
            failed.append(record["messageId"])
    for outcome, count in outcomes.items():
        metrics.add_metric(METRICS[outcome], MetricUnit.Count, count)
    logger.info("backlog", extra={"outcomes": dict(outcomes)})
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
