"""The floor: decode the body, sign one request by hand, send it on an open connection.

This is no example to follow. It checks nothing and handles no error; it shows the least that storing a delivery costs.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

ENDPOINT = urlsplit(os.environ["AWS_ENDPOINT_URL"])
HOST = ENDPOINT.netloc
REGION = os.environ["AWS_REGION"]
TABLE = os.environ["TABLE_NAME"]
TARGET = "DynamoDB_20120810.TransactWriteItems"
SIGNED = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"

if ENDPOINT.scheme == "https":
    context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    _connection: http.client.HTTPConnection = http.client.HTTPSConnection(HOST, context=context)
else:
    _connection = http.client.HTTPConnection(HOST)


def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    envelope = json.loads(event["body"])
    item = {
        "pk": {"S": "APPOINTMENT#" + envelope["data"]["appointment"]["id"]},
        "sk": {"S": "EVENT#" + envelope["id"]},
        "body": {"S": event["body"]},
    }
    put = {"TableName": TABLE, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    body = json.dumps({"TransactItems": [{"Put": put}]}).encode()
    try:
        response = _send(body)
    except OSError:  # the service has closed the idle connection
        _connection.close()
        response = _send(body)
    outcome = json.dumps({"outcome": "stored"})
    status = 202 if response.status == http.HTTPStatus.OK else 503
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": outcome}


def _send(body: bytes) -> http.client.HTTPResponse:
    _connection.request("POST", "/", body, _signed(body))
    response = _connection.getresponse()
    response.read()
    return response


def _signed(body: bytes) -> dict[str, str]:
    """Return the headers with a Signature Version 4 over the required headers only."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{now[:8]}/{REGION}/dynamodb/aws4_request"
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": HOST,
        "x-amz-date": now,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
        "x-amz-target": TARGET,
    }
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{lines}\n{SIGNED}\n{hashlib.sha256(body).hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={SIGNED}, Signature={signature}"
    )
    return headers
