"""The options of a stack, read from environment variables."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path

from local.errors import StartError
from local.stack import Options

BUILD = Path("build")
PARAMETERS = {
    "WEBHOOK_AUTH": "WebhookAuth",
    "WEBHOOK_TOKEN_HEADER": "WebhookTokenHeader",
    "WEBHOOK_TOLERANCE_SECONDS": "WebhookToleranceSeconds",
    "CONTRACT_MODE": "ContractMode",
    "EVENT_DETAIL": "EventDetail",
    "RECONCILE_MODE": "ReconcileMode",
}
"""Environment variables that set a parameter of the template."""
SERVED_WEBHOOKS = 2
"""The execution environments of WebhookFunction in ``make serve``. Each takes 45 MB; more deliveries at once wait."""
DYNAMODB = "AWS_ENDPOINT_URL_DYNAMODB"
TOKEN = "local-token"  # noqa: S105 - for this machine only
SIGNING_SECRET = "whsec_bG9jYWwtc2lnbmluZy1rZXktbm8tc2VjcmV0"  # noqa: S105 - for this machine only


def take_environment() -> dict[str, str]:
    """Copy the environment, then remove the AWS variables: the user's account and settings do not affect the stack."""
    environment = dict(os.environ)
    for name in environment:
        if name.startswith("AWS_"):
            del os.environ[name]
    return environment


def serve_options(environment: Mapping[str, str]) -> Options:
    """Return the options of ``make serve``. Raises StartError for a value that cannot be used."""
    parameters = {PARAMETERS[name]: value for name, value in environment.items() if name in PARAMETERS}
    return Options(
        host=environment.get("HOST", "127.0.0.1"),
        port=_port(environment, "PORT", 3000),
        aws_port=_port(environment, "AWS_PORT", 4566),
        engage_port=_port(environment, "ENGAGE_PORT", 0),
        token=_token(environment, signed=parameters.get("WebhookAuth") == "signature"),
        dynamodb_url=environment.get(DYNAMODB),
        webhooks=SERVED_WEBHOOKS,
        parameters=parameters,
    )


def isolated_options(environment: Mapping[str, str], name: str, *, webhooks: int) -> Options:
    """Return the options of a run that ends by itself: free ports, a new table and a new log file, ``build/NAME.log``.

    The table in another DynamoDB gets a name with the process id, so that it meets no other table there.
    """
    BUILD.mkdir(exist_ok=True)
    log = BUILD / f"{name}.log"
    log.unlink(missing_ok=True)
    dynamodb_url = environment.get(DYNAMODB)
    table_name = f"appointments-{name}-{os.getpid()}" if dynamodb_url else "appointments"
    return Options(port=0, aws_port=0, dynamodb_url=dynamodb_url, table_name=table_name, log=log, webhooks=webhooks)


def signing_key(secret: str) -> bytes:
    """Return the key of a Standard Webhooks secret: base64, with or without ``whsec_``. Raises ValueError."""
    text = secret.strip().removeprefix("whsec_")
    key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    if not key:
        raise ValueError("the secret is empty")
    return key


def _port(environment: Mapping[str, str], variable: str, default: int) -> int:
    text = environment.get(variable, str(default))
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise StartError(f"{variable} is {text!r}. Set it to a number from 0 (any free port) to 65535")
    return int(text)


def _token(environment: Mapping[str, str], *, signed: bool) -> str:
    token = environment.get("WEBHOOK_TOKEN", SIGNING_SECRET if signed else TOKEN)
    if not token.strip():
        raise StartError("WEBHOOK_TOKEN is empty. Set it to a token, or unset it to use the default")
    if not token.isprintable():
        raise StartError("WEBHOOK_TOKEN has a control character. Set it to a token of one printable line")
    if not signed and (token.startswith("{") or " " in token.strip()):
        raise StartError("WEBHOOK_TOKEN is a JSON object or has a space. Set it to one word")
    if signed:
        try:
            signing_key(token)
        except (binascii.Error, ValueError):
            raise StartError("WEBHOOK_TOKEN is no signing secret. Set it to base64, with or without whsec_") from None
    return token
