"""One call of PutEvents: the result of each entry, and whether a retry can change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from appointments.publishing.messages import Message
from appointments.sdk import name_of

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

    from appointments.deadline import Deadline

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
"""The codes of an entry that EventBridge documents as not retryable (API reference, PutEventsResultEntry). Any other
code, also an unknown one, is retried: that loses nothing."""
CONTENT_ERRORS = frozenset({"ParamValidationError", "SerializationException", "ValidationException"})
CONTENT_TOO_LARGE = 413
"""These errors of a call mean that one entry is bad. Any other error, such as a missing permission or bus, concerns
the environment: an operator repairs it while the stream keeps the events."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An entry that EventBridge accepted; ``event_id`` is EventBridge's own id of it."""

    event_id: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that EventBridge did not accept. ``whole_call`` means that the call failed with all its entries."""

    code: str
    permanent: bool = False
    whole_call: bool = False


Result = Accepted | Refusal


class Bus:
    """One event bus, and the source of our messages. ``trace_header`` is the X-Ray trace that the messages continue."""

    def __init__(
        self, client: EventBridgeClient, bus_name: str, source: str, *, trace_header: str | None = None
    ) -> None:
        self._client = client
        self._bus_name = bus_name
        self._source = source
        self._trace = {} if trace_header is None else {"TraceHeader": trace_header}

    def size(self, message: Message) -> int:
        """Return the size of the entry as EventBridge counts it, in bytes."""
        return message.size(source=self._source)

    def put(self, messages: Sequence[Message], deadline: Deadline) -> list[Result]:
        """Put messages in one call; return the result of each.

        Raises nothing: a failed call is a refusal of each message. A call that fails because one entry is bad is
        repeated entry by entry to find it.
        """
        results = self._call(messages, deadline)
        if len(messages) == 1 or not _is_content_error(results[0]):
            return results
        return [self._call([message], deadline)[0] for message in messages]

    def _call(self, messages: Sequence[Message], deadline: Deadline) -> list[Result]:
        entries: Any = [
            message.entry(source=self._source, bus_name=self._bus_name) | self._trace for message in messages
        ]
        try:
            answer: Any = deadline.call(lambda: self._client.put_events(Entries=entries))
            results = answer["Entries"]
            if len(results) == len(entries):
                return [_result(result) for result in results]
            refusal = Refusal("IncompleteAnswer", whole_call=True)
        except Exception as error:  # noqa: BLE001 - after any error the entries are not known to be published
            refusal = _of_whole_call(error)
        return [refusal] * len(messages)


def _is_content_error(result: Result) -> bool:
    return isinstance(result, Refusal) and result.whole_call and result.permanent


def _result(result: dict[str, Any]) -> Result:
    if event_id := result.get("EventId"):
        return Accepted(event_id)
    code = result.get("ErrorCode") or "IncompleteAnswer"
    return Refusal(code, permanent=code in PERMANENT_CODES)


def _of_whole_call(error: Exception) -> Refusal:
    if not isinstance(error, ClientError):
        name = name_of(error)
        return Refusal(name, permanent=name in CONTENT_ERRORS, whole_call=True)
    code = error.response.get("Error", {}).get("Code", "Unknown")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return Refusal(code, permanent=code in CONTENT_ERRORS or status == CONTENT_TOO_LARGE, whole_call=True)
