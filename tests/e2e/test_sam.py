"""The SAM CLI on this project: the template is valid, and the built functions answer in a container."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws import BUCKETS, FAILURE_QUEUE, EmbeddedAws
from local.template import Template
from samples import SAMPLES
from tests.sam import docker, needs_sam, sam, skip_pull_options

ROOT = Path(__file__).parent.parent.parent
TABLE = "appointments-sam"
FEW_SAMPLES = 4
"""`make test` invokes this many samples, because each starts a container. `make nightly` invokes the others as well."""

pytestmark = needs_sam


def test_the_template_is_valid() -> None:
    answer = sam("validate", "--lint")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """An embedded AWS on all addresses, so that containers reach it. Its table is in DynamoDB Local if that runs."""
    if not docker("info"):
        pytest.skip("sam local needs Docker, and no engine answers here")
    dynamodb_url = os.environ.get("DYNAMODB_LOCAL_ENDPOINT")
    embedded = EmbeddedAws(
        Template(),
        token="local-token",
        host="0.0.0.0",  # noqa: S104
        dynamodb_url=dynamodb_url,
        table_name=TABLE,
    )
    yield embedded
    if dynamodb_url:
        embedded.client("dynamodb").delete_table(TableName=TABLE)
    embedded.stop()


@pytest.fixture(scope="module")
def invoke(aws: EmbeddedAws, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run `sam local invoke` as README.md shows it, with the ports and the table of this test."""
    variables = json.loads((ROOT / "events" / "env.json").read_text())["Parameters"]
    variables |= {name: url.replace("127.0.0.1", "host.docker.internal") for name, url in aws.endpoints.items()}
    variables["TABLE_NAME"] = TABLE
    file = tmp_path_factory.mktemp("sam-local") / "env.json"
    file.write_text(json.dumps({"Parameters": variables}))
    skip_pull = skip_pull_options()

    def invoke_function(function: str, event: str) -> Any:
        options = ["-t", str(built / "template.yaml"), "--config-file", str(ROOT / "samconfig.toml")]
        options += ["--env-vars", str(file), "-e", f"events/{event}.json"]
        answer = sam("local", "invoke", function, *options, *skip_pull)
        assert answer.returncode == 0, answer.stderr
        print(answer.stderr)  # noqa: T201 - shown when the test fails
        return json.loads(answer.stdout.strip().splitlines()[-1])

    return invoke_function


@pytest.mark.parametrize(
    ("first", "end"), [(0, FEW_SAMPLES), pytest.param(FEW_SAMPLES, len(SAMPLES), marks=pytest.mark.nightly)]
)
def test_every_webhook_event_gets_the_answer_that_its_sample_states(
    invoke: Any, aws: EmbeddedAws, first: int, end: int
) -> None:
    for sample in SAMPLES[first:end]:
        answer = invoke("WebhookFunction", f"webhook/{sample.name}")
        body = json.loads(answer["body"])
        assert (sample.name, answer["statusCode"]) == (sample.name, sample.expected_status)
        assert body.get("outcome") == sample.expected_outcome
    items = aws.client("dynamodb").scan(TableName=TABLE)["Items"]
    stored = [sample for sample in SAMPLES[first:end] if sample.expected_outcome in ("stored", "stale")]
    assert {f"EVENT#{json.loads(sample.body)['id']}" for sample in stored} <= {item["sk"]["S"] for item in items}


@pytest.mark.parametrize("event", ["one", "batch"])
def test_every_record_of_a_stream_batch_is_published(invoke: Any, aws: EmbeddedAws, event: str) -> None:
    records = json.loads((ROOT / "events" / "stream" / f"{event}.json").read_text())["Records"]
    assert invoke("PublisherFunction", f"stream/{event}") == {"batchItemFailures": []}
    assert len(_received(aws)) == len(records)


def test_a_poison_record_goes_to_the_failure_queue_and_the_others_are_published(invoke: Any, aws: EmbeddedAws) -> None:
    records = json.loads((ROOT / "events" / "stream" / "poison.json").read_text())["Records"]
    assert invoke("PublisherFunction", "stream/poison") == {"batchItemFailures": []}
    assert len(_received(aws)) == len(records) - 1
    assert len(_received(aws, FAILURE_QUEUE)) == 1


@pytest.mark.parametrize("event", ["batch", "poison"])
def test_a_backlog_batch_is_handled_without_a_failed_message(invoke: Any, aws: EmbeddedAws, event: str) -> None:
    assert invoke("BacklogFunction", f"backlog/{event}") == {"batchItemFailures": []}
    if event == "poison":
        objects = aws.client("s3").list_objects_v2(Bucket=BUCKETS["QuarantineBucket"])["Contents"]
        assert {"undeliverable"} <= {found["Key"].partition("/")[0] for found in objects}


def _received(aws: EmbeddedAws, queue: str = "events") -> list[Any]:
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    messages: list[Any] = []
    while page := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        messages += page
        for message in page:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages
