"""The way in, as the template declares it: what is logged of a request, the limits, the alias and the own domain."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

import pytest

from local import conditions
from local.template import references
from tests.template import (
    DEFAULTS,
    DOCUMENT,
    Resources,
    default_conditions,
    every_condition,
    of_type,
    resolved,
    resources,
    translate,
)

LOGGABLE = {
    "requestId",
    "routeKey",  # the template of the path: POST /webhooks/appointments/{token}, never what stands in its place
    "status",
    "responseLatency",
    "integration.requestId",  # Lambda's id of the invocation
    "integrationErrorMessage",  # the gateway's own words
}
"""The variables that hold nothing of the sender's: no path, query, header, address, agent, certificate or claim."""
LINE = {"requestId", "route", "status", "latencyMs", "functionRequestId", "integrationError"}
PARAMETERS = DOCUMENT["Parameters"]
WEBHOOK = DOCUMENT["Resources"]["WebhookFunction"]["Properties"]
FUNCTION = "WebhookFunction"
LAYER = "AWS::Serverless::LayerVersion"


@pytest.fixture(scope="module")
def translated() -> Resources:
    return _translated()


def test_an_access_log_line_is_json_and_holds_nothing_of_the_senders() -> None:
    stack = resources(default_conditions())
    for api in of_type(stack, "AWS::Serverless::HttpApi", "AWS::Serverless::Api").values():
        form = resolved(api["Properties"]["AccessLogSettings"]["Format"], "stack")
        assert set(re.findall(r"\$\{?([A-Za-z.]+)", form)) <= {f"context.{name}" for name in LOGGABLE}
        assert set(json.loads(form)) == LINE


def test_the_callers_address_is_logged_only_on_request() -> None:
    api = resources(default_conditions() | {"LogsCallerAddress"})["WebhookApi"]
    form = json.loads(resolved(api["Properties"]["AccessLogSettings"]["Format"], "stack"))
    assert set(form) == LINE | {"callerAddress"}
    assert form["callerAddress"] == "$context.identity.sourceIp"
    assert PARAMETERS["AccessLogCallerAddress"]["Default"] == "false"


def test_the_access_log_does_not_fill_the_accounts_resource_policy() -> None:
    group = DOCUMENT["Resources"]["WebhookApiLogGroup"]["Properties"]["LogGroupName"]["Fn::Sub"]
    assert group.startswith("/aws/vendedlogs/${AWS::StackName}")


def test_every_route_is_the_webhooks_and_takes_post_alone(translated: Resources) -> None:
    (api,) = of_type(translated, "AWS::ApiGatewayV2::Api").values()
    assert not of_type(translated, "AWS::ApiGatewayV2::Route", "AWS::Lambda::Url")
    for path, methods in api["Properties"]["Body"]["paths"].items():
        assert path.startswith("/webhooks/appointments")
        assert not path.endswith("/"), "API Gateway creates no such route, and does not say so"
        assert set(methods) == {"post"}


def test_every_route_may_invoke_the_function(translated: Resources) -> None:
    """SAM leaves a greedy variable in the ARN, where it matches no request, unless its name is proxy."""
    (api,) = of_type(translated, "AWS::ApiGatewayV2::Api").values()
    permitted = {
        permission["Properties"]["SourceArn"]["Fn::Sub"][0].partition("/${__Stage__}/POST")[2]
        for permission in of_type(translated, "AWS::Lambda::Permission").values()
    }
    assert permitted == {re.sub(r"\{[^}]+\}", "*", path) for path in api["Properties"]["Body"]["paths"]}
    assert len(api["Properties"]["Body"]["paths"]) == 3


def test_the_stage_is_throttled(translated: Resources) -> None:
    (stage,) = of_type(translated, "AWS::ApiGatewayV2::Stage").values()
    settings = stage["Properties"]["DefaultRouteSettings"]
    for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
        assert settings[name] == {"Ref": name}
        assert PARAMETERS[name]["Default"] >= PARAMETERS[name]["MinValue"] >= 1


def test_with_mutual_tls_or_a_parameter_the_default_address_is_closed(translated: Resources) -> None:
    (api,) = of_type(translated, "AWS::ApiGatewayV2::Api").values()
    (server,) = api["Properties"]["Body"]["servers"]
    closed = server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]
    assert closed == {"Fn::If": ["ClosesExecuteApi", True, False]}
    by_parameter = {"Fn::Equals": [{"Ref": "CloseExecuteApiEndpoint"}, "true"]}
    assert DOCUMENT["Conditions"]["ClosesExecuteApi"] == {"Fn::Or": [{"Condition": "HasMutualTls"}, by_parameter]}
    # API Gateway warns of that entry, having no url, and would refuse to deploy.
    assert not api["Properties"].get("FailOnWarnings")
    domain = resources(every_condition())["WebhookDomain"]["Properties"]
    assert domain["MutualTlsAuthentication"]["TruststoreUri"] == {"Ref": "TruststoreUri"}
    assert [one["SecurityPolicy"] for one in domain["DomainNameConfigurations"]] == ["TLS_1_2"]


def broken_rules(**parameters: str) -> set[str]:
    """Return the rules that refuse a deployment with these parameters and the defaults of the others."""
    values = {**DEFAULTS, **parameters}
    return {
        name
        for name, rule in DOCUMENT["Rules"].items()
        if conditions.holding({"given": rule["RuleCondition"]}, values)
        and not all(conditions.holding({"kept": each["Assert"]}, values) for each in rule["Assertions"])
    }


USELESS = {
    "ACertificateHasADomain": {"CertificateArn": "arn"},
    "AClosedAddressHasADomain": {"CloseExecuteApiEndpoint": "true"},
    "ADomainHasACertificate": {"CustomDomainName": "engage.example.com"},
    "AHeaderHasAToken": {"WebhookTokenHeader": "X-Api-Key", "WebhookAuth": "signature"},
    "AReconciliationHasAnEnterprise": {"EngageApiSecretArn": "arn"},
    "AReducedPlatformLogHasItsLevel": {"PlatformLogs": "problems", "LogLevel": "WARNING"},
    "ARepairHasAReconciliation": {"ReconcileMode": "repair"},
    "ASnapshotIsNotKeptStarted": {"WebhookSnapStart": "PublishedVersions", "WebhookProvisionedConcurrency": "1"},
    "AToleranceHasASignature": {"WebhookToleranceSeconds": "60"},
    "ATruststoreVersionHasATruststore": {"TruststoreVersion": "1"},
    "AnEnterpriseHasAReconciliation": {"EngageEnterprise": "example"},
    "MutualTlsHasADomain": {"TruststoreUri": "s3://bucket/key"},
}
"""By rule, parameters that it alone refuses."""


@pytest.mark.parametrize("rule", DOCUMENT["Rules"])
def test_a_setting_that_would_quietly_do_nothing_does_not_deploy(rule: str) -> None:
    assert broken_rules(**USELESS[rule]) == {rule}
    said = " ".join(assertion["AssertDescription"] for assertion in DOCUMENT["Rules"][rule]["Assertions"])
    assert any(name in said for name in USELESS[rule]), "the error names the parameter"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"CertificateArn": "arn", "CustomDomainName": "engage.example.com", "CloseExecuteApiEndpoint": "true"},
        {"WebhookTokenHeader": "X-Api-Key"},
        {"EngageApiSecretArn": "arn", "EngageEnterprise": "example", "ReconcileMode": "repair"},
        {"PlatformLogs": "problems"},
        {"WebhookAuth": "signature", "WebhookToleranceSeconds": "60"},
    ],
)
def test_the_defaults_and_settings_that_belong_together_break_no_rule(parameters: dict[str, str]) -> None:
    assert broken_rules(**parameters) == set()


def test_the_api_invokes_the_alias_and_may_invoke_nothing_else(translated: Resources) -> None:
    (api,) = of_type(translated, "AWS::ApiGatewayV2::Api").values()
    for methods in api["Properties"]["Body"]["paths"].values():
        uri = methods["post"]["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        assert uri.endswith(":lambda:path/2015-03-31/functions/${WebhookFunctionAliaslive}/invocations")
    permissions = of_type(translated, "AWS::Lambda::Permission").values()
    assert [permission["Properties"]["FunctionName"] for permission in permissions] == [
        {"Ref": "WebhookFunctionAliaslive"}
    ] * len(api["Properties"]["Body"]["paths"])


def test_concurrency_is_reserved_and_provisioned_only_when_asked_for(translated: Resources) -> None:
    alias = translated["WebhookFunctionAliaslive"]["Properties"]
    assert alias["ProvisionedConcurrencyConfig"] == {
        "Fn::If": [
            "HasProvisionedConcurrency",
            {"ProvisionedConcurrentExecutions": {"Ref": "WebhookProvisionedConcurrency"}},
            {"Ref": "AWS::NoValue"},
        ]
    }
    assert translated[FUNCTION]["Properties"]["ReservedConcurrentExecutions"] == {
        "Fn::If": ["HasReservedConcurrency", {"Ref": "WebhookReservedConcurrency"}, {"Ref": "AWS::NoValue"}]
    }


def test_new_code_a_new_layer_and_a_new_setting_each_publish_a_version(translated: Resources) -> None:
    changed = copy.deepcopy(DOCUMENT)
    changed["Resources"][FUNCTION]["Properties"]["Environment"]["Variables"]["NEW"] = "1"
    assert _version(_translated()) == _version(translated)
    others = [_translated(changed), _translated(code="2")]
    others += [_translated(new_layers=[layer]) for layer in of_type(DOCUMENT["Resources"], LAYER)]
    assert len({_version(one) for one in (translated, *others)}) == 1 + len(others)


def test_a_parameter_that_reaches_the_function_publishes_a_version_when_it_changes() -> None:
    """SAM compares the template, in which the parameter's name stays the same; so its value is in the description."""
    not_versioned = {"ReservedConcurrentExecutions", "ProvisionedConcurrencyConfig", "VersionDescription", "Events"}
    versioned = {name: value for name, value in WEBHOOK.items() if name not in not_versioned}
    reaching = {*_parameters(versioned), *_parameters(DOCUMENT["Globals"]["Function"])} & set(PARAMETERS)
    assert set(references(WEBHOOK["VersionDescription"])) == reaching
    assert sum(_longest(PARAMETERS[name]) + 1 for name in reaching) <= 256, "Lambda's limit of a description"


def _parameters(node: Any) -> Iterator[str]:
    """Yield every name that the node refers to, also through a condition."""
    yield from references(node)
    for name in _conditions(node):
        yield from references(DOCUMENT["Conditions"][name])


def _conditions(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for part in node:
            yield from _conditions(part)
    elif isinstance(node, dict):
        if "Fn::If" in node:
            yield node["Fn::If"][0]
        for value in node.values():
            yield from _conditions(value)


def _translated(document: dict[str, Any] = DOCUMENT, *, code: str = "1", new_layers: Collection[str] = ()) -> Resources:
    made: Resources = translate(document, code=code, new_layers=new_layers)["Resources"]
    return made


def _version(translated: Resources) -> str:
    (version,) = of_type(translated, "AWS::Lambda::Version")
    return version


def _longest(parameter: dict[str, Any]) -> int:
    """Characters of the longest value that the parameter takes."""
    if "MaxLength" in parameter:
        return int(parameter["MaxLength"])
    if "AllowedValues" in parameter:
        return max(len(str(value)) for value in parameter["AllowedValues"])
    return len(str(parameter["MaxValue"]))
