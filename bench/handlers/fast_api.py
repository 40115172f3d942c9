"""A webhook as a web application: FastAPI behind Mangum, with Logger, Metrics and Tracer of Powertools."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from fastapi import FastAPI, Header, HTTPException, Response
from mangum import Mangum

from .model import Delivery
from .service import is_authentic, receive

logger = Logger()
tracer = Tracer()
metrics = Metrics()
app = FastAPI(title="Appointments")


@app.post("/webhooks/appointments", status_code=202)
def deliver(
    delivery: Delivery, response: Response, authorization: Annotated[str | None, Header()] = None
) -> dict[str, str]:
    if not is_authentic(authorization):
        raise HTTPException(401, "a valid token is required")
    logger.append_keys(envelope_id=delivery.id, appointment_id=delivery.data.appointment.id)
    outcome = receive(delivery)
    metrics.add_metric("Duplicate" if outcome == "duplicate" else "Accepted", MetricUnit.Count, 1)
    logger.info(outcome)
    if outcome == "duplicate":
        response.status_code = 200
    return {"outcome": outcome}


_adapter = Mangum(app, lifespan="off")


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    answer: dict[str, Any] = _adapter(event, context)
    return answer
