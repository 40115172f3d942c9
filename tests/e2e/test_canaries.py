"""No personal data, token or URL in any log line or answer: canaries through every path, failures included, at DEBUG.

The services' own errors quote the whole request. What the functions write is all in one file: their log lines, the
metrics, warnings of libraries and the traceback that Lambda would write of an error that nobody caught.
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
    "no fault": kinds.passed,
    "refuses, quoting the request": kinds.Refuse(400, "ValidationException", quoting=True),
    "fails, quoting the request": kinds.Refuse(500, "InternalServerError", quoting=True),
    "throttles, quoting the request": kinds.Refuse(400, "ThrottlingException", quoting=True),
    "echoes the request": kinds.echo,
    "is behind a failing load balancer": kinds.not_even_an_error,
    "cuts its answer short": kinds.cut_short,
    "drops its answer": kinds.drop_answer,
    "refuses every entry": kinds.RefuseEntries(lambda _: True, "InternalFailure"),
}
ONE_SERVICE = {"refuses every entry": ("events",)}


def document(name: str, **more: Any) -> dict[str, Any]:
    """A canary wherever a person, an address, a token or a text of the sender's may be."""
    person = {"firstName": CANARY, "lastName": CANARY, "email": f"{CANARY}@example.com", "phoneNumber": CANARY}
    capability = {"token": CANARY, "cancelUrl": URL, "editUrl": URL, "videoUrl": URL}
    employee = {"id": CANARY, "status": "ACTIVE", **person}
    made = delivery(
        id=name,
        appointment_id=name,
        participants=[
            {"type": "EMPLOYEE", "role": "PRIMARY", "employee": employee, **capability},
            {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": CANARY, **person}, **capability},
        ],
        office={"id": CANARY, "email": f"{CANARY}@example.com", CANARY: CANARY},
        externalId=CANARY * 60,  # breaks its limit, which is reported
        internalNotes=CANARY,
        metadata={CANARY: CANARY},
        **more,
    )
    made["correlationId"] = f"{CANARY}@example.com"
    made["data"]["message"] = CANARY
    return made


def deliveries(name: str) -> Iterator[tuple[bytes, dict[str, str], str]]:
    """Body, headers and what follows the path, for every way that a delivery can go."""
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
def test_no_canary_is_in_a_log_line_or_an_answer(rig: Rig, fault: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = len(rig.log.read_text()) if rig.log.exists() else 0
    name = fault.replace(" ", "-").replace(",", "")
    rig.stack.pools["WebhookFunction"].restart()
    services = ONE_SERVICE.get(fault, ("dynamodb", "s3", "sqs", "events"))
    for service in services:
        rig.proxies[service].inject(FAULTS[fault])
    answers = [rig.post(content, headers=headers, query=query) for content, headers, query in deliveries(name)]
    asked = rig.proxies["events"].requests.total()
    for service in services:
        if service != "events":
            rig.proxies[service].heal()
    for content, headers, query in deliveries(f"{name}-2"):  # stored, so that the publisher has something to publish
        answers.append(rig.post(content, headers=headers, query=query))
    assert eventually(lambda: rig.proxies["events"].requests.total() > asked, patience=10)
    rig.heal()
    rig.proxies["secretsmanager"].inject(FAULTS[fault])
    rig.stack.pools["WebhookFunction"].restart()
    answers.extend(rig.post(content, headers=headers, query=query) for content, headers, query in deliveries(name))
    time.sleep(0.3)
    rig.heal()
    log = rig.log.read_text()[before:]
    told = [answer.content.decode() + json.dumps(dict(answer.headers)) for answer in answers]
    printed = capfd.readouterr()
    assert log.count("_aws") > len(answers) / 2  # it is the log, and at DEBUG
    for text in (log, *told, printed.out, printed.err):
        for secret in (CANARY, TOKEN, base64.b64encode(CANARY.encode()).decode().rstrip("="), "example.com"):
            assert secret not in text
    assert "Traceback" not in log
