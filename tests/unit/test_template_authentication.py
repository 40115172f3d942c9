"""What template.yaml promises of authentication, and that no log or metric of the API records a path or a header."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

from local.template import ParameterError, Template
from tests.template import default_conditions, resolved, resources
from webhook.settings import WebhookAuth
from webhook.signature import signing_key

TEMPLATE: dict[str, Any] = cfn_yaml.load(str(Path(__file__).parent.parent.parent / "template.yaml"))
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
RECORDED = {
    "requestId",
    "routeKey",
    "status",
    "responseLatency",
    "integration.requestId",
    "integrationErrorMessage",
}
"""Of a request that was made with a secret in its path, none of these holds it."""


def test_the_modes_are_the_codes_and_the_default_is_safe() -> None:
    parameter = TEMPLATE["Parameters"]["WebhookAuth"]
    assert parameter["AllowedValues"] == [mode.value for mode in WebhookAuth]
    assert parameter["Default"] == "token"


def test_the_generated_secret_is_a_token_for_a_header_and_a_url_and_a_signing_key() -> None:
    generated = RESOURCES["WebhookSecret"]["Properties"]["GenerateSecretString"]
    assert generated["ExcludePunctuation"] is True
    assert not generated.get("IncludeSpace")
    # Letters and digits are all base64; the length decides whether they are whole bytes, and enough of them.
    assert 24 <= len(signing_key("A" * generated["PasswordLength"])) <= 64
    assert generated["PasswordLength"] % 4 == 0


def test_the_path_with_and_without_a_token_or_a_slash_reaches_the_function() -> None:
    assert Template().function("WebhookFunction").routes == (
        ("POST", "/webhooks/appointments"),
        ("POST", "/webhooks/appointments/{token}"),
        ("POST", "/webhooks/appointments/{proxy+}"),
    )


def test_the_access_log_records_the_route_and_never_the_path_a_header_or_a_query() -> None:
    for condition, more in ((set(), set()), ({"LogsCallerAddress"}, {"identity.sourceIp"})):
        api = resources(default_conditions() | condition)["WebhookApi"]["Properties"]
        form = resolved(api["AccessLogSettings"]["Format"], "stack")
        assert set(re.findall(r"\$context\.([\w.]+)", form)) == RECORDED | more
        assert "$request" not in form


def test_an_open_door_is_told_in_the_outputs_and_the_url_with_a_token_only_where_it_works() -> None:
    assert TEMPLATE["Conditions"]["LetsAnybodyIn"] == {"Fn::Equals": [{"Ref": "WebhookAuth"}, "none"]}
    assert TEMPLATE["Conditions"]["TakesToken"] == {"Fn::Equals": [{"Ref": "WebhookAuth"}, "token"]}
    assert TEMPLATE["Outputs"]["SecurityWarning"]["Condition"] == "LetsAnybodyIn"
    assert TEMPLATE["Outputs"]["WebhookUrlWithToken"]["Condition"] == "TakesToken"


def test_no_output_holds_the_secret() -> None:
    assert "resolve:secretsmanager" not in str(TEMPLATE["Outputs"])


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("WebhookAuth", "signature", True),
        ("WebhookAuth", "off", False),
        ("WebhookTokenHeader", "", True),
        ("WebhookTokenHeader", "X-Api-Key", True),
        ("WebhookTokenHeader", "X Api Key", False),
        ("WebhookTokenHeader", "X-Api-Key:", False),
        ("WebhookTokenHeader", "X" * 65, False),
        ("WebhookToleranceSeconds", "60", True),
        ("WebhookToleranceSeconds", "soon", False),
    ],
)
def test_a_parameter_takes_what_makes_sense(name: str, value: str, right: bool) -> None:
    if right:
        Template().check_parameter(name, value)
        return
    with pytest.raises(ParameterError, match=name):
        Template().check_parameter(name, value)
