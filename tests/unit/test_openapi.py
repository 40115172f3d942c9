"""docs/openapi.yaml is valid, and says of the operation what template and code do."""

from __future__ import annotations

import json
import re
import tomllib
from http import HTTPStatus
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from appointments.contract.violations import Violation
from appointments.intake import Receipt
from appointments.outcome import Outcome
from tests.openapi import DOCUMENT, OPERATION, PATH, response, undocumented
from tests.template import of_type, translate
from webhook import responses

ROOT = PATH.parent.parent
GATEWAYS_OWN = {413, 429}
TOKEN_PATH = "/webhooks/appointments/{token}"
VIOLATIONS = [
    Violation("$.data.appointment.answers[12].value", rule, "x")
    for rule in ("type", "maxLength", "maxBytes", "maxValues")
]


def said(answer: dict[str, Any]) -> list[str]:
    return undocumented(answer["statusCode"], answer["headers"], json.loads(answer["body"]))


def statuses() -> set[int]:
    return {int(status) for status in OPERATION["responses"]}


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(DOCUMENT, base_uri=PATH.as_uri()).validate()
    assert DOCUMENT["info"]["version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_its_paths_are_the_templates_routes() -> None:
    (api,) = of_type(translate()["Resources"], "AWS::ApiGatewayV2::Api").values()
    routes = {path: set(methods) for path, methods in api["Properties"]["Body"]["paths"].items()}
    assert routes == {path: set(methods) for path, methods in DOCUMENT["paths"].items()}


def test_both_paths_answer_the_same() -> None:
    assert DOCUMENT["paths"][TOKEN_PATH]["post"]["responses"] == OPERATION["responses"]
    assert DOCUMENT["paths"][TOKEN_PATH]["post"]["requestBody"] == OPERATION["requestBody"]


def test_the_body_is_the_generated_contract() -> None:
    content = DOCUMENT["components"]["requestBodies"]["Delivery"]["content"]
    assert content == {"application/json": {"schema": {"$ref": "contract.schema.json"}}}


def test_the_contract_that_the_body_refers_to_is_a_schema() -> None:
    schema = json.loads((PATH.parent / "contract.schema.json").read_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema", "the dialect of OpenAPI 3.1"
    assert {"id", "entity", "data"} <= set(schema["required"])


def test_every_status_that_the_code_answers_is_documented_and_no_other_but_the_gateways() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "functions" / "webhook").glob("*.py"))
    answered = {HTTPStatus[name].value for name in re.findall(r"HTTPStatus\.([A-Z_]+)", sources)}
    assert answered | GATEWAYS_OWN == statuses()


@pytest.mark.parametrize("outcome", responses.STATUSES)
@pytest.mark.parametrize("violations", [[], VIOLATIONS, VIOLATIONS * 100])
def test_every_outcome_is_documented(outcome: Outcome, violations: list[Violation]) -> None:
    if outcome is Outcome.CONTRACT and not violations:
        return  # such a refusal has at least one
    receipt = Receipt(outcome, tuple(violations), problem="a detail")
    assert said(responses.answer(receipt)) == []


@pytest.mark.parametrize("status", [400, 415, 422, 503])
def test_every_problem_is_documented(status: int) -> None:
    violations = VIOLATIONS if status == 422 else ()
    assert said(responses.problem(HTTPStatus(status), "a detail", violations)) == []


def test_an_answer_that_is_not_documented_is_noticed() -> None:
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


def test_the_gateways_own_answers_are_documented() -> None:
    for status in (413, 429, 503):
        assert undocumented(status, {"content-type": "application/json"}, {"message": "Too Many Requests"}) == []
