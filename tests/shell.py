"""An operator at a shell, for the tests of the command-line tool."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
from click.testing import CliRunner, Result

from appointments.contract.mode import ContractMode
from appointments.contract.parsing import parse_body
from appointments.errors import ContractError, MalformedBodyError
from appointments.outcome import Outcome
from appointments.storage.quarantine import Quarantine, QuarantineMetadata
from appointments_cli.main import main
from tests.builders import body, delivery

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BUCKET = "quarantine"
CANARY = "c4n4ry"
"""A value that no command may print."""


class Operator:
    """Runs commands with the names of one deployment."""

    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self.dynamodb, self.table_name = dynamodb, table_name
        self.s3 = boto3.client("s3")
        self.quarantine = Quarantine(self.s3, BUCKET)

    def run(self, command: str, *arguments: str) -> Result:
        names = ["--quarantine-bucket", BUCKET, "--table", self.table_name, "--bodies-bucket", "bodies"]
        settings = ["--history-retention-days", "0", "--contract-mode", "strict"]
        return CliRunner().invoke(main, ["quarantine", command, *names, *settings, *arguments])

    def keep(self, content: bytes, day: int = 2, reason: Outcome | None = None) -> str:
        """Put a body into quarantine as the webhook does."""
        violations: Any = ()
        try:
            parse_body(content, ContractMode.STRICT)
            found = Outcome.MEDIA_TYPE
        except MalformedBodyError:
            found = Outcome.MALFORMED
        except ContractError as error:
            found, violations = Outcome.CONTRACT, error.violations
        received_at = f"2026-03-{day:02}T09:00:00.000000000Z"
        metadata = QuarantineMetadata(received_at, violations, len(violations))
        return self.quarantine.keep(content, reason or found, metadata)

    def outcome(self, key: str) -> str | None:
        tags = {tag["Key"]: tag["Value"] for tag in self.s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]}
        assert ("redriven-at" in tags) is ("outcome" in tags)
        return tags.get("outcome")

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        answer = self.run("list", "--json", *arguments)
        assert answer.exit_code == 0, answer.output
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def events(self) -> list[str]:
        items = self.dynamodb.scan(TableName=self.table_name, ConsistentRead=True)["Items"]
        return sorted(item["sk"]["S"].removeprefix("EVENT#") for item in items if item["sk"]["S"] != "CURRENT")


def broken(**members: Any) -> bytes:
    """A body that breaks the contract in one place or more, with a value that must not be printed."""
    return body(delivery(**{"meetingType": CANARY, **members}))
