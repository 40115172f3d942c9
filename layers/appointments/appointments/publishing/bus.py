"""One call of PutEvents: every entry's result, and whether trying again can change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from appointments.publishing.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

    from appointments.publishing.budget import Budget

CALL_ENTRIES = 10
PERMANENT_CODES = frozenset(
    {
        "AccessDeniedException",
        "InvalidAccountIdException",
        "InvalidArgument",
        "MalformedDetail",
        "NotAuthorizedForDetailTypeException",
        "NotAuthorizedForSourceException",
        "RedactionFailure",
    }
)
"""An entry's codes that EventBridge documents as not retryable (API reference, PutEventsResultEntry). Every other
code, also one that is not known yet, is tried again: that loses nothing."""
CONTENT_ERRORS = frozenset({"ParamValidationError", "SerializationException", "ValidationException"})
CONTENT_TOO_LARGE = 413
"""A call that fails so fails because of an entry in it. Any other error of a call, a missing permission or bus
included, is about the surroundings: they are put right while the stream keeps the events."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that EventBridge has not accepted. ``whole`` says that the call failed, with every entry of it."""

    code: str
    permanent: bool = False
    whole: bool = False


class Bus:
    """Puts messages on one event bus under one source."""

    def __init__(self, client: EventBridgeClient, bus_name: str, source: str) -> None:
        self._client = client
        self._bus_name = bus_name
        self._source = source

    def size(self, message: Message) -> int:
        """The entry's size as EventBridge counts it, in bytes."""
        return message.size(source=self._source)

    def put(self, messages: Sequence[Message], budget: Budget) -> list[Refusal | None]:
        """None for each message that was accepted. Raises nothing: a call that fails is a refusal of each.

        A call that fails because of what is in it is made again entry by entry, to find the one to blame.
        """
        refusals = self._call(messages, budget)
        if len(messages) == 1 or not _is_content(refusals[0]):
            return refusals
        return [self._call([message], budget)[0] for message in messages]

    def _call(self, messages: Sequence[Message], budget: Budget) -> list[Refusal | None]:
        entries: Any = [message.entry(source=self._source, bus_name=self._bus_name) for message in messages]
        try:
            answer: Any = budget.call(lambda: self._client.put_events(Entries=entries))
            results = answer["Entries"]
            if len(results) == len(entries):
                return [_refusal(result) for result in results]
            refusal = Refusal("IncompleteAnswer", whole=True)
        except Exception as error:  # noqa: BLE001 - whatever a call raises, its entries are not known to be out
            refusal = _whole(error)
        return [refusal] * len(messages)


def _is_content(refusal: Refusal | None) -> bool:
    return refusal is not None and refusal.whole and refusal.permanent


def _refusal(result: dict[str, Any]) -> Refusal | None:
    if result.get("EventId"):
        return None
    code = result.get("ErrorCode") or "IncompleteAnswer"
    return Refusal(code, permanent=code in PERMANENT_CODES)


def _whole(error: Exception) -> Refusal:
    if not isinstance(error, ClientError):
        name = type(error).__name__
        return Refusal(name, permanent=name in CONTENT_ERRORS, whole=True)
    code = error.response.get("Error", {}).get("Code", "Unknown")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return Refusal(code, permanent=code in CONTENT_ERRORS or status == CONTENT_TOO_LARGE, whole=True)
