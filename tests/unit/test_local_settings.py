"""The settings of the local stack: options from the environment, the parsed template, the ports of the tools."""

from __future__ import annotations

import base64
import hmac
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml
from standardwebhooks import Webhook

from local import settings
from local.cloudformation import Alarm
from local.errors import StartError
from local.template import PATH, Template

ROOT = Path(__file__).parent.parent.parent


def test_the_defaults_need_no_variable() -> None:
    options = settings.serve_options({})
    assert (options.host, options.port, options.aws_port, options.engage_port) == ("127.0.0.1", 3000, 4566, 0)
    assert (options.token, options.dynamodb_url, options.parameters) == ("local-token", None, {})


def test_a_variable_sets_a_parameter_of_the_template() -> None:
    assert set(settings.PARAMETERS.values()) <= Template()._document["Parameters"].keys()
    options = settings.serve_options({"WEBHOOK_AUTH": "signature", "EVENT_DETAIL": "reference", "PORT": "0"})
    assert options.parameters == {"WebhookAuth": "signature", "EventDetail": "reference"}
    assert (options.token, options.port) == (settings.SIGNING_SECRET, 0)


class Recorded(dict[str, str]):
    """An environment that records the names that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def test_every_variable_is_documented() -> None:
    environment = Recorded()
    settings.serve_options(environment)
    page = (ROOT / "docs" / "first-run.md").read_text(encoding="utf-8")
    table = page.partition("| variable |")[2].partition("\n\n")[0]
    first_column = "".join(row.split("|")[1] for row in table.splitlines()[2:])
    assert set(re.findall(r"`(\w+)`", first_column)) == environment.names - {settings.DYNAMODB} | {*settings.PARAMETERS}
    assert f"`{settings.DYNAMODB}=" in page


@pytest.mark.parametrize("port", ["", "abc", "-1", "65536", "99999", "1.5", " 1", "\u0663", "1e3"])
@pytest.mark.parametrize("variable", ["PORT", "AWS_PORT", "ENGAGE_PORT"])
def test_a_port_is_a_number_from_0_to_65535(variable: str, port: str) -> None:
    with pytest.raises(StartError, match=f"^{variable} is .* Set it to a number"):
        settings.serve_options({variable: port})


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("a\nb", "a control character"),
        ("a b", "a space"),
        ('{"token":"a"}', "a JSON object"),
    ],
)
def test_a_token_is_one_printable_line(token: str, message: str) -> None:
    with pytest.raises(StartError, match=f"^WEBHOOK_TOKEN .*{message}"):
        settings.serve_options({"WEBHOOK_TOKEN": token})


@pytest.mark.parametrize("secret", ["whsec_", "no base64!", "whsec_a"])
def test_a_signing_secret_is_base64(secret: str) -> None:
    with pytest.raises(StartError, match="is no signing secret"):
        settings.serve_options({"WEBHOOK_AUTH": "signature", "WEBHOOK_TOKEN": secret})


def test_the_signing_key_is_the_key_of_standard_webhooks() -> None:
    now = datetime.now(UTC)
    key = settings.signing_key(settings.SIGNING_SECRET)
    signature = base64.b64encode(hmac.digest(key, f"id.{int(now.timestamp())}.body".encode(), "sha256")).decode()
    assert Webhook(settings.SIGNING_SECRET).sign("id", now, "body") == f"v1,{signature}"
    assert settings.signing_key(settings.SIGNING_SECRET.removeprefix("whsec_")) == key


def test_the_template_is_parsed_as_cfn_lint_parses_it() -> None:
    assert Template()._document == cfn_yaml.load(str(PATH))


def test_sam_local_start_api_is_configured_as_sam_local_invoke_on_other_ports_than_make_serve() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    start_api = dict(config["local_start_api"]["parameters"])
    port = start_api.pop("port")
    assert start_api == config["local_invoke"]["parameters"]
    options = settings.serve_options({})
    assert port not in (options.port, options.aws_port)


def test_an_output_of_a_resource_that_is_not_embedded_is_left_out() -> None:
    template = Template()
    for name, value in {"ByRef": {"Ref": "Dashboard"}, "BySub": {"Fn::Sub": "a/${Dashboard}"}}.items():
        template._document["Outputs"][name] = {"Value": value}
    embedded = template.embeddable({}, {"WebhookUrl": "http://127.0.0.1"})
    assert {"AppointmentsTable", "WebhookFunction"} <= embedded["Resources"].keys()
    assert "Dashboard" not in embedded["Resources"]
    assert not {"ByRef", "BySub"} & embedded["Outputs"].keys()
    assert embedded["Outputs"]["WebhookUrl"]["Value"] == "http://127.0.0.1"
    assert {"TableName", "EventBusArn"} <= embedded["Outputs"].keys()


def test_a_list_of_an_alarm_is_left_out_if_all_its_elements_resolve_to_nothing() -> None:
    properties = {"AlarmActions": [None, None], "OKActions": [None, "arn"]}
    alarm = Alarm("name", properties)  # type: ignore[abstract] # as moto makes it
    assert alarm.properties == {"OKActions": ["arn"]}
