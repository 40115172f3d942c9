"""The subscriber in Node.js with the real SDK, on the local stack: its table ends as the appointments table."""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.run import post, receive
from local.stack import Options, Stack
from tests.builders import TOKEN, body, delivery
from tests.integration.test_subscriber_example import NODE, assert_same

PACKAGES = ("@aws-sdk/client-dynamodb@3", "@aws-sdk/client-s3@3")
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
SCRIPT = """
import { readFileSync } from "node:fs";
const { handler } = await import("./subscriber.mjs");
console.log(JSON.stringify(await handler(JSON.parse(readFileSync(0, "utf8")))));
"""
RECORDS = "records"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file and the SDK, which the runtime of Lambda has."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js is not installed")
    made = tmp_path_factory.mktemp("node")
    shutil.copy(NODE, made)
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    answer = subprocess.run(install, cwd=made, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
    if answer.returncode:
        pytest.skip("npm cannot install the AWS SDK")
    return made


@pytest.mark.nightly
def test_the_subscriber_in_nodejs_with_its_sdk_ends_in_the_state_of_the_table(folder: Path) -> None:
    notes = base64.b64encode(random.Random(1).randbytes(900_000)).decode()  # too large for a message, also compressed
    story = [
        delivery(id="e-1", internalNotes=notes),
        delivery(id="e-2", event_type="RESCHEDULE", updated_at="2026-03-02T10:00:00Z", start="2026-03-11T09:00:00Z"),
        delivery(id="e-3", event_type="CANCEL", updated_at="2026-03-02T11:00:00Z", status="CANCELLED"),
        delivery(id="o-1", appointment_id="a-2", externalId="x-1", internalNotes=notes),
    ]
    with Stack(Options(port=0, aws_port=0, log=folder / "functions.log")) as stack:
        for document in (story[2], story[0], story[1], story[3]):
            assert post(stack.gateway.url, body(document), HEADERS)[0] == 202
        messages = [json.dumps(message) for message in receive(stack, len(story))]
        assert {json.loads(text)["detail"]["metadata"]["detail"] for text in messages} == {"full", "reference"}
        dynamodb = stack.aws.client("dynamodb")
        dynamodb.create_table(
            TableName=RECORDS,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "appointmentId", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "appointmentId", "KeyType": "HASH"}],
        )
        random.Random(2).shuffle(messages)
        records = [{"messageId": str(number), "body": text} for number, text in enumerate([*messages, "{", *messages])]
        answer = handled(folder, stack, {"Records": records})
        assert answer == {"batchItemFailures": [{"itemIdentifier": str(len(messages))}]}
        for appointment_id in ("a-1", "a-2"):
            record = dynamodb.get_item(TableName=RECORDS, Key={"appointmentId": {"S": appointment_id}})["Item"]
            key = {"pk": {"S": f"APPOINTMENT#{appointment_id}"}, "sk": {"S": "CURRENT"}}
            current = dynamodb.get_item(TableName=stack.options.table_name, Key=key)["Item"]
            assert_same(record, current)


def handled(folder: Path, stack: Stack, batch: Any) -> Any:
    environment = {
        "PATH": os.environ["PATH"],
        **stack.aws.environment("PublisherFunction"),
        "RECORDS_TABLE_NAME": RECORDS,
        "APPOINTMENTS_TABLE_NAME": stack.options.table_name,
    }
    command = ["node", "--input-type=module", "-e", SCRIPT]
    answer = subprocess.run(  # noqa: S603
        command, cwd=folder, env=environment, input=json.dumps(batch), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)
