"""``make serve``: the stack until Ctrl-C, and one screen that says what to try."""

from __future__ import annotations

import signal

from local.aws import BUS, CREDENTIALS, QUEUE, REGION
from local.stack import Options, Stack

SCREEN = """\
The stack of template.yaml runs on this machine. Log lines of the functions follow; Ctrl-C ends it.

  webhook   {url}
  AWS       {aws}  (region {region}; table {table}, bus {bus}, queue {queue})
  DynamoDB  {dynamodb}

Deliver an event, once more for a duplicate:

  curl -i {url} \\
    -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\
    --data-binary @events/deliveries/create.json

See what became of it, with the AWS CLI:

  export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} AWS_DEFAULT_REGION={region} AWS_PAGER=
  aws --endpoint-url {dynamodb} dynamodb scan --table-name {table}
  aws --endpoint-url {aws} sqs receive-message --queue-url {queue_url}
"""


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
        token=stack.options.token,
        key=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        secret=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
