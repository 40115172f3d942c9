"""Records what a copy of botocore sends and how it reads answers, without a network.

Input: {"paths": [path of the copy], "calls": [...], "services": [one call of each service]}. A call with "data" uses
the files of the folder of this name beside the copy first, if there is one, as AWS_DATA_PATH does.
Answer: {"calls": [outcome of each], "endpoints": {"service region variant": address, or name of the error}}.
A call is {"service": ..., "operation": ..., "arguments": ..., "answer": {"status": ..., "headers": ..., "body": ...}}.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VOLATILE = {"amz-sdk-invocation-id", "user-agent", "x-amz-date"}
"""Headers that differ between two calls or between two versions of Python."""
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
VARIANTS = [{}, {"use_fips_endpoint": True}, {"use_dualstack_endpoint": True}]
VARIANTS.append(VARIANTS[1] | VARIANTS[2])


class Raw(io.BytesIO):
    """The body of an answer, as a connection gives it."""

    def stream(self, **_options: Any) -> Iterator[bytes]:
        while chunk := self.read(65536):
            yield chunk


class Wire:
    """Replaces the network: records the request and gives the answer."""

    def __init__(self, client: Any, answer: dict[str, Any]) -> None:
        self._answer = answer
        self.request: Any = None
        client.meta.events.register("before-send", self)

    def __call__(self, request: Any, **_more: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        self.request = request
        body = Raw(self._answer["body"].encode())
        return AWSResponse(request.url, self._answer["status"], self._answer["headers"], body)

    def sent(self) -> dict[str, Any]:
        headers = {name.lower(): _text(value) for name, value in self.request.headers.items()}
        headers["authorization"] = re.sub("Signature=.*|/[0-9]{8}/", "", headers["authorization"])
        stable = {name: value for name, value in headers.items() if name not in VOLATILE}
        body = UUID.sub("an id", _text(self.request.body))  # botocore's token for each transaction
        return {"method": self.request.method, "url": self.request.url, "headers": stable, "body": body}


def _text(value: Any) -> str:
    value = value.read() if hasattr(value, "read") else value
    return value.decode() if isinstance(value, (bytes, bytearray)) else str(value)


def client(session: Any, service: str, region: str, **options: Any) -> Any:
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, **options)
    return session.create_client(
        service, region, aws_access_key_id="key", aws_secret_access_key="secret", config=config
    )


def outcome(session: Any, call: dict[str, Any]) -> dict[str, Any]:
    from botocore.exceptions import ClientError

    service_client = client(session, call["service"], "eu-west-1")
    wire = Wire(service_client, call["answer"])
    try:
        read = getattr(service_client, call["operation"])(**call["arguments"])
    except ClientError as error:
        read = {**error.response, "error": type(error).__name__}
    if "Body" in read:
        read["Body"] = _text(read["Body"])
    return {"sent": wire.sent(), "read": read}


def endpoints(session: Any, call: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the endpoint in every region of every partition that has the service, with each variant."""
    service = call["service"]
    regions = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions(service, partition)
    }
    for region in sorted(regions):
        for variant in VARIANTS:
            key = " ".join([service, region, *variant])
            yield key, endpoint(session, call, region, variant)


def endpoint(session: Any, call: dict[str, Any], region: str, variant: dict[str, bool]) -> str:
    from botocore.exceptions import BotoCoreError

    try:
        service_client = client(session, call["service"], region, **variant)
        wire = Wire(service_client, call["answer"])
        getattr(service_client, call["operation"])(**call["arguments"])
    except BotoCoreError as error:
        return type(error).__name__
    scope = re.search(r"Credential=key/[0-9]+/([^,]+)", _text(wire.request.headers["Authorization"]))
    return f"{wire.request.url} signed for {scope[1] if scope else None}"


if __name__ == "__main__":
    arguments = json.load(sys.stdin)
    sys.path[:0] = arguments["paths"]
    from botocore.session import get_session

    shared, apart = get_session(), get_session()
    folders = {call["data"] for call in arguments["calls"] if "data" in call}
    apart.set_config_variable("data_path", ":".join(str(Path(arguments["paths"][0], name)) for name in folders))
    answer = {
        "calls": [outcome(apart if "data" in call else shared, call) for call in arguments["calls"]],
        "endpoints": {key: url for call in arguments["services"] for key, url in endpoints(shared, call)},
    }
    print(json.dumps(answer, default=str))  # noqa: T201
