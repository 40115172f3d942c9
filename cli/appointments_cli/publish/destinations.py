"""Where ``appointments publish`` sends messages: a queue of one subscriber, or the bus and with it everybody."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from appointments.publishing.messages import Message

TRIED = 50
"""A rule is tried on at most this many of the messages, until one matches."""


@dataclass(frozen=True, slots=True)
class Outer:
    """What EventBridge puts around a message."""

    source: str
    account: str
    region: str
    now: Callable[[], datetime]

    def wrap(self, message: Message) -> str:
        """Return the message as EventBridge delivers it; ``detail`` is the text of the message, unchanged."""
        outer = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": message.detail_type,
            "source": self.source,
            "account": self.account,
            "time": f"{self.now():%Y-%m-%dT%H:%M:%SZ}",
            "region": self.region,
            "resources": [],
        }
        return f'{json.dumps(outer)[:-1]},"detail":{message.detail}}}'


class Queue:
    """A queue of SQS. In a FIFO queue, the messages of an appointment are one group."""

    def __init__(self, client: Any, url: str, outer: Outer) -> None:
        self._client = client
        self._url = url
        self._outer = outer

    def send(self, message: Message) -> str | None:
        """Send a message; return the error code of a message that SQS refuses."""
        fifo = self._url.endswith(".fifo")
        group = str(uuid.uuid5(uuid.NAMESPACE_OID, message.appointment_id))  # an id can be too long for a group
        options = {"MessageGroupId": group, "MessageDeduplicationId": str(uuid.uuid4())} if fifo else {}
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=self._outer.wrap(message), **options)
        except ClientError as error:
            code = str(error.response["Error"]["Code"])
            if code not in ("InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException"):
                raise
            return code
        return None


def matching_rules(client: Any, bus: str, messages: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the names of the rules that match one of the messages, each as EventBridge delivers it.

    The second list has those that match and are disabled, so that their targets get nothing.
    """
    samples = list(messages)[:TRIED]
    pages = client.get_paginator("list_rules").paginate(EventBusName=bus)
    rules = [rule for page in pages for rule in page["Rules"] if rule.get("EventPattern") and not is_of_archive(rule)]
    matching = [rule for rule in rules if any(_matches(client, rule["EventPattern"], each) for each in samples)]
    enabled = [rule["Name"] for rule in matching if is_enabled(rule)]
    return enabled, [rule["Name"] for rule in matching if not is_enabled(rule)]


def is_enabled(rule: Any) -> bool:
    return str(rule.get("State", "ENABLED")).startswith("ENABLED")


def is_of_archive(rule: Any) -> bool:
    """Whether EventBridge made the rule, to fill an archive: it is no subscriber."""
    return bool(rule.get("ManagedBy")) or str(rule["Name"]).startswith("Events-Archive-")


def _matches(client: Any, pattern: str, event: str) -> bool:
    return bool(client.test_event_pattern(EventPattern=pattern, Event=event)["Result"])
