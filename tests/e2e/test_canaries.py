"""No log line and no answer contains personal data, a token or a URL, at level DEBUG and while services fail.

Deliveries full of canaries take every path. The errors of the services quote the whole request. One file has all that
the functions write: log lines, metrics, warnings of libraries and the tracebacks of uncaught errors.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from local import stream_mapping
from tests.builders import TOKEN, body, delivery
from tests.faults import kinds
from tests.faults.kinds import Fault
from tests.faults.rig import HEADERS, Rig, eventually

CANARY = "c4n4ry"
URL = f"https://{CANARY}.example.com/{CANARY}?token={CANARY}"
FAULTS: dict[str, Fault] = {
    "no fault": kinds.no_fault,
    "refuses, quoting the request": kinds.Refuse(400, "ValidationException", quoting=True),
    "fails, quoting the request": kinds.Refuse(500, "InternalServerError", quoting=True),
    "throttles, quoting the request": kinds.Refuse(400, "ThrottlingException", quoting=True),
    "echoes the request": kinds.echo,
    "is behind a failing load balancer": kinds.html_error_page,
    "cuts its answer short": kinds.truncate_answer,
    "drops its answer": kinds.drop_answer,
    "refuses every entry": kinds.RefuseEntries(lambda _: True, "InternalFailure"),
}
AFFECTED_SERVICES = {"refuses every entry": ("events",)}


def document(name: str, **appointment: Any) -> dict[str, Any]:
    """Return a delivery with a canary in each place for a person, an address, a token or a free text."""
    person = {"firstName": CANARY, "lastName": CANARY, "email": f"{CANARY}@example.com", "phoneNumber": CANARY}
    capability = {"token": CANARY, "cancelUrl": URL, "editUrl": URL, "videoUrl": URL}
    employee = {"id": CANARY, "status": "ACTIVE", **person}
    envelope = delivery(
        id=name,
        appointment_id=name,
        participants=[
            {"type": "EMPLOYEE", "role": "PRIMARY", "employee": employee, **capability},
            {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": CANARY, **person}, **capability},
        ],
        office={"id": CANARY, "email": f"{CANARY}@example.com", f"{CANARY} {CANARY}": CANARY},
        externalId=CANARY * 60,  # too long, so the answer reports it
        internalNotes=CANARY,
        metadata={CANARY: CANARY},
        **appointment,
    )
    envelope["correlationId"] = f"{CANARY}@example.com"
    envelope["data"]["message"] = CANARY
    return envelope


def deliveries(name: str) -> Iterator[tuple[bytes, dict[str, str], str]]:
    """Yield body, headers and path suffix of a delivery for every path through the function."""
    valid = body(document(name))
    yield valid, HEADERS, ""
    yield valid, HEADERS, ""
    yield body(document(name, status="NO_SHOW")), HEADERS, ""
    yield body(document(f"{name}-old", updatedAt="2025-01-01T00:00:00Z") | {"id": f"{name}-old"}), HEADERS, ""
    yield body(document(f"{name}-large", noise=Random(name).randbytes(450_000).hex())), HEADERS, ""
    yield body(document(f"{name} {CANARY}")), HEADERS, ""
    yield body(document(name, status=CANARY, start=CANARY, meetingType=CANARY)), HEADERS, ""
    yield body(document(name)).replace(b'"ACTIVE"', b'{"c4n4ry": "c4n4ry"}'), HEADERS, ""
    yield valid[: len(valid) // 2], HEADERS, ""
    yield valid + CANARY.encode(), HEADERS, ""
    yield valid, HEADERS | {"content-type": f"text/{CANARY}"}, ""
    yield valid, HEADERS | {"content-encoding": CANARY}, ""
    yield valid, HEADERS | {f"x-{CANARY}": CANARY}, f"?{CANARY}={CANARY}"
    yield valid, HEADERS | {"authorization": f"Bearer {CANARY}"}, ""
    yield valid, HEADERS | {"authorization": f"Basic {base64.b64encode(CANARY.encode()).decode()}"}, ""
    yield valid, {"content-type": "application/json"}, f"/{CANARY}"
    yield valid, {"content-type": "application/json"}, f"/{TOKEN}"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with (
        pytest.MonkeyPatch.context() as patch,
        Rig(tmp_path_factory.mktemp("canaries") / "functions.log", POWERTOOLS_LOG_LEVEL="DEBUG") as running,
    ):
        patch.setattr(stream_mapping, "LONGEST_PAUSE", 0.2)
        yield running


@pytest.mark.parametrize("fault", FAULTS)
def test_no_log_line_and_no_answer_contains_a_canary(rig: Rig, fault: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = len(rig.log.read_text()) if rig.log.exists() else 0
    name = fault.replace(" ", "-").replace(",", "")
    rig.stack.pools["WebhookFunction"].restart()
    services = AFFECTED_SERVICES.get(fault, ("dynamodb", "s3", "sqs", "events"))
    for service in services:
        rig.proxies[service].inject(FAULTS[fault])
    answers = [rig.post(content, headers=headers, query=query) for content, headers, query in deliveries(name)]
    requests = rig.proxies["events"].requests.total()
    for service in services:
        if service != "events":
            rig.proxies[service].heal()
    for content, headers, query in deliveries(f"{name}-2"):  # stored, so that the publisher has events to publish
        answers.append(rig.post(content, headers=headers, query=query))
    assert eventually(lambda: rig.proxies["events"].requests.total() > requests, timeout=10)
    rig.heal()
    rig.proxies["secretsmanager"].inject(FAULTS[fault])
    rig.stack.pools["WebhookFunction"].restart()
    answers.extend(rig.post(content, headers=headers, query=query) for content, headers, query in deliveries(name))
    time.sleep(0.3)
    rig.heal()
    log = rig.log.read_text()[before:]
    responses = [answer.content.decode() + json.dumps(dict(answer.headers)) for answer in answers]
    printed = capfd.readouterr()
    assert log.count("_aws") > len(answers) / 2  # the log is not empty, and at DEBUG
    for text in (log, *responses, printed.out, printed.err):
        for secret in (CANARY, TOKEN, base64.b64encode(CANARY.encode()).decode().rstrip("="), "example.com"):
            assert secret not in text
    assert "Traceback" not in log
