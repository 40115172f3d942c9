"""ReconcileFunction: compares the table with the vendor's API on a schedule, and repairs what never arrived."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from appointments import timing
from appointments.contract import instants
from appointments.deadline import Deadline
from appointments.reconciliation import passes
from appointments.reconciliation.credentials import Credentials
from appointments.reconciliation.engage_api import EngageApi
from appointments.reconciliation.manners import Manners
from appointments.reconciliation.passes import RUN_ERRORS, RunReport, problem_of
from appointments.reconciliation.position import Position
from appointments.reconciliation.repairs import Repairs
from appointments.reconciliation.run import Cursor, Reconciliation
from appointments.reconciliation.stored import StoredAppointments
from appointments.reconciliation.waiting import WaitingDeliveries
from appointments.sdk import new_client
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from reconcile import report
from reconcile.settings import Mode, Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

logger = Logger()
metrics = Metrics()

_settings = Settings.from_environment(os.environ)
_dynamodb: DynamoDBClient = new_client("dynamodb", timing.RECONCILE_CALL)
_s3: S3Client = new_client("s3", timing.RECONCILE_CALL)
_sqs: SQSClient = new_client("sqs", timing.RECONCILE_CALL)
_secrets: SecretsManagerClient = new_client("secretsmanager", timing.RECONCILE_CALL)
_stored = StoredAppointments(_dynamodb, _settings.table_name)
_waiting = WaitingDeliveries(_sqs, (_settings.backlog_queue_url, _settings.backlog_failure_queue_url))
_repairs = Repairs(
    Store(_dynamodb, _settings.table_name, lambda: Bodies(_s3, _settings.bodies_bucket_name)),
    _waiting.count,
    history_retention_days=_settings.history_retention_days,
)


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False, clear_state=True)
def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Continue the pass of the last run, or begin one. Returns how the run ended.

    The line with the metrics names what was missed, by the ids of the appointments.
    """
    seconds = context.get_remaining_time_in_millis() / 1000
    manners = Manners(
        calls_per_second=_settings.reconcile_calls_per_second, seconds=max(0.0, seconds - timing.RECONCILE_MARGIN)
    )
    found = _run(manners, seconds)
    if found.problem:
        logger.warning(
            "the run did not finish the pass", extra={"outcome": found.outcome.value, "error": found.problem}
        )
    for name, value in report.metric_values(found, manners.calls).items():
        metrics.add_metric(name, MetricUnit.Count, value)
    for name, value in {**report.line(found), "function_request_id": context.aws_request_id}.items():
        metrics.add_metadata(name, value)
    return {"outcome": found.outcome.value}


def _run(manners: Manners, seconds: float) -> RunReport:
    try:
        api = EngageApi(
            _credentials(),
            _settings.engage_enterprise,
            manners,
            api_url=_settings.engage_api_url,
            auth_url=_settings.engage_auth_url,
            page_size=_settings.reconcile_page_size,
        )
    except RUN_ERRORS as error:
        return RunReport(problem=problem_of(error))
    return passes.run(
        Reconciliation(api, _stored),
        Position(_s3, _settings.bodies_bucket_name),
        lambda: Cursor.around(instants.now(), _settings.reconcile_days_back, _settings.reconcile_days_ahead),
        _repairs if _settings.reconcile_mode is Mode.REPAIR else None,
        Deadline(max(0.0, manners.remaining)),
        seconds=seconds,
    )


def _credentials() -> Credentials:
    """Read the secret for each run: a rotated one is in use at once."""
    answer = _secrets.get_secret_value(SecretId=_settings.engage_api_secret_arn)
    return Credentials.of_secret(answer.get("SecretString", ""))
