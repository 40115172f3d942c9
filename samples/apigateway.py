"""The API Gateway event of a sample for WebhookFunction: HTTP API, payload format 2.0."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any

from samples.sample import Sample

PATH = "/webhooks/appointments"
ROUTE = f"POST {PATH}"
API_ID = "a1b2c3d4e5"
HOST = f"{API_ID}.execute-api.eu-west-1.amazonaws.com"
SENDER = "203.0.113.17"
USER_AGENT = "engage-webhooks/1.0"


def webhook_event(sample: Sample) -> dict[str, Any]:
    """Return the event that invokes WebhookFunction with the sample."""
    body = base64.b64encode(sample.body) if sample.encoded else sample.body
    return {
        "version": "2.0",
        "routeKey": ROUTE,
        "rawPath": PATH,
        "rawQueryString": "",
        "headers": _headers(sample),
        "requestContext": _context(sample),
        "body": body.decode(),
        "isBase64Encoded": sample.encoded,
    }


def _headers(sample: Sample) -> dict[str, str]:
    second = int(datetime.fromisoformat(sample.received).timestamp())
    return {
        "accept": "*/*",
        "authorization": f"Bearer {sample.token}",
        "content-length": str(len(sample.body)),
        "content-type": "application/json",
        "host": HOST,
        "user-agent": USER_AGENT,
        "x-amzn-trace-id": f"Root=1-{second:08x}-{_digest(sample).hex()[:24]}",
        "x-forwarded-for": SENDER,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }


def _context(sample: Sample) -> dict[str, Any]:
    received = datetime.fromisoformat(sample.received)
    return {
        "accountId": "123456789012",
        "apiId": API_ID,
        "domainName": HOST,
        "domainPrefix": API_ID,
        "http": {
            "method": "POST",
            "path": PATH,
            "protocol": "HTTP/1.1",
            "sourceIp": SENDER,
            "userAgent": USER_AGENT,
        },
        "requestId": base64.b64encode(_digest(sample)[:11]).decode(),
        "routeKey": ROUTE,
        "stage": "$default",
        "time": received.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": round(received.timestamp() * 1000),
    }


def _digest(sample: Sample) -> bytes:
    """Return bytes for ids that differ between samples and are the same in every run."""
    return hashlib.sha256(sample.name.encode()).digest()
