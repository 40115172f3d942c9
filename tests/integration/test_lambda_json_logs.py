"""What the functions log with PlatformLogs=problems, under the log handler of Lambda's runtime interface client.

The parameter sets the format JSON and the level INFO, which Lambda passes in two variables.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from samples.life import LIFE
from tests.builders import ENVIRONMENT, TOKEN, make_table_and_buckets, start_webhook, webhook_event

bootstrap = pytest.importorskip("awslambdaric.bootstrap")

PERSONAL = "Verhaegen"
"""The name of a customer in the body."""
CONTEXT = SimpleNamespace(
    function_name="webhook", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="r-1"
)


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, restored after the test."""
    root = logging.getLogger()
    handlers, level, converter = list(root.handlers), root.level, logging.Formatter.converter
    yield root
    root.handlers[:], logging.Formatter.converter = handlers, converter
    root.setLevel(level)


def logged(
    level: str, root: logging.Logger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """Store a delivery and refuse another, as under Lambda with JSON logs of this level. Returns the output."""
    monkeypatch.setenv("AWS_LAMBDA_LOG_FORMAT", "JSON")
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", level)
    with mock_aws(), warnings.catch_warnings():
        warnings.simplefilter("error")
        secret = boto3.client("secretsmanager").create_secret(Name="token", SecretString=TOKEN)
        for name, value in (ENVIRONMENT | {"WEBHOOK_SECRET_ARN": secret["ARN"]}).items():
            monkeypatch.setenv(name, value)
        make_table_and_buckets()
        bootstrap._setup_logging(bootstrap.LogFormat.JSON, level, bootstrap.StandardLogSink())
        handler = start_webhook()
        capsys.readouterr()
        assert handler.lambda_handler(webhook_event(LIFE[0]), CONTEXT)["statusCode"] == 202
        assert handler.lambda_handler(webhook_event(LIFE[0], token=None), CONTEXT)["statusCode"] == 401
    assert root.level == logging.getLevelName(level)
    return capsys.readouterr().out


def test_the_functions_lines_are_those_of_the_text_format(
    root: logging.Logger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "INFO")
    output = logged("INFO", root, monkeypatch, capsys)
    stored, refusal, refused = [json.loads(line) for line in output.splitlines() if line]
    assert (stored["message"], stored["Accepted"]) == ("stored", [1.0])
    assert (refusal["level"], refused["Unauthorized"]) == ("WARNING", [1.0])
    assert PERSONAL not in output


def test_no_body_is_logged_at_debug(
    root: logging.Logger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "DEBUG")
    output = logged("DEBUG", root, monkeypatch, capsys)
    assert '"stored"' in output
    assert PERSONAL not in output
