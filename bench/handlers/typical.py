"""A webhook as in Powertools' guides: event handler with validation, Logger, Metrics, Tracer.

It does not import ``annotations`` from ``__future__``, because the resolver cannot resolve them through the tracer's
wrapper.
"""

from typing import Annotated, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import UnauthorizedError
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit

from .model import Delivery
from .service import is_authentic, receive

logger = Logger()
tracer = Tracer()
metrics = Metrics()
app = APIGatewayHttpResolver(enable_validation=True)


@app.post("/webhooks/appointments")
@tracer.capture_method(capture_response=False)
def deliver(delivery: Annotated[Delivery, Body()]) -> tuple[dict[str, str], int]:
    if not is_authentic(app.current_event.headers.get("authorization")):
        raise UnauthorizedError("a valid token is required")
    logger.append_keys(envelope_id=delivery.id, appointment_id=delivery.data.appointment.id)
    outcome = receive(delivery)
    metrics.add_metric("Duplicate" if outcome == "duplicate" else "Accepted", MetricUnit.Count, 1)
    logger.info(outcome)
    return {"outcome": outcome}, 200 if outcome == "duplicate" else 202


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
