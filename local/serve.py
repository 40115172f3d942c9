"""``make serve``: run the stack until Ctrl-C, and print commands to try."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn
from urllib.parse import quote

from local import signals
from local.aws import BUS, CREDENTIALS, QUEUE, REGION, STACK
from local.engage.access import EngageAccess
from local.engage.server import EngageServer
from local.engage.story import SINCE, UNTIL, story_world
from local.settings import BUILD, signing_key
from local.stack import RECONCILE, Options, Stack, deployed_name

DESCRIPTION = BUILD / "serve.json"
SCREEN = """\
The stack of template.yaml runs on this machine. Ctrl-C ends it. A line follows for each delivery and each message.

  webhook   {url}
  AWS       {aws}  (region {region}; table {table}, bus {bus}, queue {queue})
  DynamoDB  {dynamodb}
  Engage    {engage}  (a stand-in of the vendor's API)

Deliver an event, then deliver it again for a duplicate:

{curl}

See the result with the AWS CLI:

  export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} AWS_DEFAULT_REGION={region} AWS_PAGER=
  aws --endpoint-url {dynamodb_argument} dynamodb scan --table-name {table}
  aws --endpoint-url {aws} sqs receive-message --queue-url {queue_url}

Compare with what Engage has, at the end of the story of events/deliveries/:

  .venv/bin/appointments reconcile --local --since {since} --until {until}

Run ReconcileFunction, which nothing schedules here:

  aws --endpoint-url {aws} lambda invoke --function-name {reconcile} /dev/stdout
"""

DELIVERY = "events/deliveries/create.json"
# Every placeholder below is quoted for a shell. The commands run in the folder of the project.
CURLS = {
    "token": """\
  curl -i {url} \\
    -H {bearer} -H 'Content-Type: application/json' \\
    --data-binary @{delivery}

Instead of the first header you can use: -u {basic}{header}, or the address {url_with_token}""",
    "signature": """\
  t=$(date +%s); s=$( (printf 'm-1.%s.' $t; cat {delivery}) |
    openssl dgst -sha256 -mac HMAC -macopt hexkey:{key} -binary | openssl base64)
  curl -i {url} -H 'Content-Type: application/json' \\
    -H "webhook-id: m-1" -H "webhook-timestamp: $t" -H "webhook-signature: v1,$s" \\
    --data-binary @{delivery}

The signing secret is {token}""",
    "none": """\
  curl -i {url} -H 'Content-Type: application/json' --data-binary @{delivery}

Nothing is authenticated, because WEBHOOK_AUTH is none.""",
}


def main(options: Options) -> NoReturn:
    with (
        EngageServer(story_world(), port=options.engage_port) as engage,
        Stack(replace(options, engage=EngageAccess.to(engage))) as stack,
        described(stack),
    ):
        print(screen(stack, engage), flush=True)
        signals.wait()


@contextmanager
def described(stack: Stack) -> Iterator[None]:
    """Write where the stack is to build/serve.json, for `appointments --local`. Delete the file at the end.

    The file has no secret. A file that another stack has written meanwhile stays.
    """
    text = json.dumps(
        {
            "stack": STACK,
            "region": REGION,
            "aws": stack.aws.url,
            "dynamodb": stack.options.dynamodb_url,
            "webhook": stack.gateway.url,
            "queue": stack.queue_url(),
            "pid": os.getpid(),
        },
        indent=2,
    )

    def delete() -> None:
        if DESCRIPTION.is_file() and DESCRIPTION.read_text(encoding="utf-8") == f"{text}\n":
            DESCRIPTION.unlink()

    with signals.at_end(delete):
        DESCRIPTION.parent.mkdir(exist_ok=True)
        DESCRIPTION.write_text(f"{text}\n", encoding="utf-8")
        yield


def screen(stack: Stack, engage: EngageServer) -> str:
    """Return the addresses of a running stack, with commands to paste into a shell."""
    dynamodb = stack.options.dynamodb_url or stack.aws.url
    return SCREEN.format(
        url=stack.gateway.url,
        aws=stack.aws.url,
        dynamodb=dynamodb,
        dynamodb_argument=shlex.quote(dynamodb),
        region=REGION,
        table=stack.options.table_name,
        bus=BUS,
        queue=QUEUE,
        queue_url=stack.queue_url(),
        reconcile=deployed_name(RECONCILE),
        engage=engage.url,
        since=SINCE[:10],
        until=UNTIL[:10],
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
        bearer=shlex.quote(f"Authorization: Bearer {token}"),
        basic=shlex.quote(f":{token}"),
        header=f", -H {shlex.quote(f'{header}: {token}')}" if header else "",
        url_with_token=shlex.quote(f"{stack.gateway.url}/{quote(token, safe='')}"),
        token=shlex.quote(token),
        key=signing_key(token).hex() if mode == "signature" else "",
    )
