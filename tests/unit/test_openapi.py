"""docs/openapi.yaml is valid, and describes the routes of the template and the answers of the code."""

from __future__ import annotations

import json
import re
import tomllib
from http import HTTPStatus
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from appointments.contract.mode import ContractMode
from appointments.contract.parsing import REQUIRED
from appointments.contract.violations import Violation
from appointments.intake import Receipt
from appointments.outcome import Outcome
from tests.openapi import DOCUMENT, OPERATION, PATH, response, undocumented
from tests.template import of_type, translate
from webhook import responses
from webhook.request import COMPRESSIONS

ROOT = PATH.parent.parent
GATEWAY_STATUSES = {413, 429}
TOKEN_PATH = "/webhooks/appointments/{token}"
VIOLATIONS = [
    Violation("$.data.appointment.answers[12].value", rule, "x")
    for rule in ("type", "maxLength", "maxBytes", "maxValues")
]


def differences(answer: dict[str, Any]) -> list[str]:
    """Return the differences between the answer and its documentation."""
    return undocumented(answer["statusCode"], answer["headers"], json.loads(answer["body"]))


def statuses() -> set[int]:
    return {int(status) for status in OPERATION["responses"]}


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(DOCUMENT, base_uri=PATH.as_uri()).validate()
    assert DOCUMENT["info"]["version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_documented_paths_are_the_routes_of_the_template() -> None:
    """The greedy route takes the same paths with a slash at the end. OpenAPI has no greedy variables."""
    (api,) = of_type(translate()["Resources"], "AWS::ApiGatewayV2::Api").values()
    paths = api["Properties"]["Body"]["paths"]
    routes = {path: set(methods) for path, methods in paths.items() if not path.endswith("{proxy+}")}
    assert routes == {path: set(methods) for path, methods in DOCUMENT["paths"].items()}


def test_both_paths_have_the_same_request_body_and_answers() -> None:
    assert DOCUMENT["paths"][TOKEN_PATH]["post"]["responses"] == OPERATION["responses"]
    assert DOCUMENT["paths"][TOKEN_PATH]["post"]["requestBody"] == OPERATION["requestBody"]


def test_the_request_body_refers_to_the_generated_contract_schema() -> None:
    content = DOCUMENT["components"]["requestBodies"]["Delivery"]["content"]
    assert content == {"application/json": {"schema": {"$ref": "contract.schema.json"}}}


@pytest.mark.parametrize("page", ["docs/openapi.yaml", "docs/answers.md"])
def test_what_a_mode_refuses_and_which_bodies_are_compressed_is_documented(page: str) -> None:
    if page == "docs/openapi.yaml":
        text = DOCUMENT["components"]["requestBodies"]["Delivery"]["description"]
    else:
        text = (ROOT / page).read_text(encoding="utf-8")
    assert [mode for mode in ContractMode if mode.value not in text] == []
    needed = {path.removeprefix("$.") for path in REQUIRED} - {"$", "data", "data.appointment"}
    assert [member for member in sorted(needed) if not re.search(rf"(?<![\w.]){re.escape(member)}\b", text)] == []
    listed = re.search(r"gzip, (\w+), (\w+) or (\w+)", text)
    assert listed
    assert {"gzip", *listed.groups()} <= COMPRESSIONS


def test_the_contract_schema_uses_the_dialect_of_openapi() -> None:
    schema = json.loads((PATH.parent / "contract.schema.json").read_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema", "the dialect of OpenAPI 3.1"
    assert {"id", "entity", "data"} <= set(schema["required"])


def test_the_documented_statuses_are_those_of_the_code_and_the_gateway() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "functions" / "webhook").glob("*.py"))
    answered = {HTTPStatus[name].value for name in re.findall(r"HTTPStatus\.([A-Z_]+)", sources)}
    assert answered | GATEWAY_STATUSES == statuses()


@pytest.mark.parametrize("outcome", responses.STATUSES)
@pytest.mark.parametrize("violations", [[], VIOLATIONS, VIOLATIONS * 100])
def test_the_answer_to_every_outcome_is_documented(outcome: Outcome, violations: list[Violation]) -> None:
    if outcome in (Outcome.CONTRACT, Outcome.CALLBACK_REQUEST) and not violations:
        return  # this refusal has at least one violation
    receipt = Receipt(outcome, tuple(violations), problem="a detail")
    assert differences(responses.answer(receipt)) == []


@pytest.mark.parametrize("status", [400, 415, 422, 503])
def test_every_problem_is_documented(status: int) -> None:
    violations = VIOLATIONS if status == 422 else ()
    assert differences(responses.problem(HTTPStatus(status), "a detail", violations)) == []


def test_a_difference_from_the_documentation_is_found() -> None:
    problem = responses.problem(HTTPStatus.UNPROCESSABLE_ENTITY, "a detail", VIOLATIONS)
    body = json.loads(problem["body"])
    headers = problem["headers"]
    assert undocumented(422, headers, body | {"body": "what was sent"})
    assert undocumented(422, headers, {**body, "violations": [{**body["violations"][0], "value": 7}]})
    assert undocumented(422, headers, {**body, "violations": [{**body["violations"][0], "path": "$.a b"}]})
    assert undocumented(422, {"content-type": "application/json"}, body) == ["422 as application/json"]
    assert undocumented(401, headers, {"type": "about:blank", "title": "t", "status": 401, "detail": "d"}) == [
        "401 without WWW-Authenticate"
    ]
    with pytest.raises(KeyError):
        response(500)


def test_the_answers_of_the_gateway_are_documented() -> None:
    for status in (413, 429, 503):
        assert undocumented(status, {"content-type": "application/json"}, {"message": "Too Many Requests"}) == []
