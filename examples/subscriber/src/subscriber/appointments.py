"""Reads the appointment of a reference from the appointments table."""

from __future__ import annotations

import gzip
import json
from typing import Any


class Appointments:
    """The appointments table, and the bucket of the bodies that are too large for it."""

    def __init__(self, dynamodb: Any, s3: Any, table_name: str, bucket_name: str) -> None:
        self._dynamodb = dynamodb
        self._s3 = s3
        self._table_name = table_name
        self._bucket_name = bucket_name

    def read(self, metadata: dict[str, Any]) -> dict[str, Any] | None:
        """Return the appointment as sent with the event, or None if the event has expired.

        The item of an AppointmentReconciled has the appointment beside its body, which is no delivery.
        """
        key = {"pk": {"S": "APPOINTMENT#" + metadata["appointmentId"]}, "sk": {"S": "EVENT#" + metadata["id"]}}
        item = self._dynamodb.get_item(TableName=self._table_name, Key=key, ConsistentRead=True).get("Item")
        if item is None:
            return None
        if "appointment" in item:
            return dict(json.loads(item["appointment"]["S"]))
        appointment: dict[str, Any] = json.loads(self._body(item).decode("utf-8-sig"))["data"]["appointment"]
        return appointment

    def _body(self, item: dict[str, Any]) -> bytes:
        """The sender's JSON: in the item with gzip, or in the bucket as it was received."""
        if "bodyKey" not in item:
            return gzip.decompress(item["body"]["B"])
        body: bytes = self._s3.get_object(Bucket=self._bucket_name, Key=item["bodyKey"]["S"])["Body"].read()
        return body
