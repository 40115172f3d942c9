"""``make serve``: the stack until Ctrl-C, and one screen that says what to try."""

from __future__ import annotations

import signal

from local.aws import BUS, CREDENTIALS, QUEUE, REGION
from local.stack import Options, Stack
from webhook.secret import UnusableSecretError
from webhook.signature import signing_key

SCREEN = """\
The stack of template.yaml runs on this machine. Log lines of the functions follow; Ctrl-C ends it.

  webhook   {url}
  AWS       {aws}  (region {region}; table {table}, bus {bus}, queue {queue})
  DynamoDB  {dynamodb}

Deliver an event, once more for a duplicate:

{curl}

See what became of it, with the AWS CLI:

  export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} AWS_DEFAULT_REGION={region} AWS_PAGER=
  aws --endpoint-url {dynamodb} dynamodb scan --table-name {table}
  aws --endpoint-url {aws} sqs receive-message --queue-url {queue_url}
"""

SIGNING_SECRET = "whsec_bG9jYWwtc2lnbmluZy1rZXktbm8tc2VjcmV0"  # noqa: S105 - for this machine only
DELIVERY = "events/deliveries/create.json"
# Each for a shell, from the project's folder.
CURLS = {
    "token": """\
  curl -i {url} \\
    -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\
    --data-binary @{delivery}

In place of the first header any of these will do: -u :{token}{header}, or the address {url}/{token}""",
    "signature": """\
  t=$(date +%s); s=$( (printf 'm-1.%s.' $t; cat {delivery}) |
    openssl dgst -sha256 -mac HMAC -macopt hexkey:{key} -binary | openssl base64)
  curl -i {url} -H 'Content-Type: application/json' \\
    -H "webhook-id: m-1" -H "webhook-timestamp: $t" -H "webhook-signature: v1,$s" \\
    --data-binary @{delivery}

The secret to sign with is {token}""",
    "none": """\
  curl -i {url} -H 'Content-Type: application/json' --data-binary @{delivery}

Nothing is authenticated, because WEBHOOK_AUTH is none.""",
}


def main(options: Options) -> int:
    print("starting the stack of template.yaml ...", flush=True)
    with Stack(options) as stack:
        print(screen(stack), flush=True)
        signal.pause()
    return 0


def screen(stack: Stack) -> str:
    return SCREEN.format(
        url=stack.gateway.url,
        aws=stack.aws.url,
        dynamodb=stack.options.dynamodb_url or stack.aws.url,
        region=REGION,
        table=stack.options.table_name,
        bus=BUS,
        queue=QUEUE,
        queue_url=stack.queue_url(),
        curl=_curl(stack),
        key=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        secret=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def _curl(stack: Stack) -> str:
    environment = stack.aws.environment("WebhookFunction")
    mode, header, token = environment["WEBHOOK_AUTH"], environment["WEBHOOK_TOKEN_HEADER"], stack.options.token
    return CURLS[mode].format(
        url=stack.gateway.url,
        delivery=DELIVERY,
        token=token,
        header=f", -H '{header}: {token}'" if header else "",
        key=_hexadecimal(token) if mode == "signature" else "",
    )


def _hexadecimal(secret: str) -> str:
    """The signing key as openssl takes it; empty where the function too can make none of the secret."""
    try:
        return signing_key(secret).hex()
    except UnusableSecretError:
        return ""
