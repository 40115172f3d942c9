"""examples/subscriber/template.yaml deploys what its README says."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from cfnlint.decode import cfn_yaml

from tests.project import ROOT

PATH = ROOT / "examples" / "subscriber" / "template.yaml"
TEMPLATE: Any = json.loads(json.dumps(cfn_yaml.load(str(PATH))))
RESOURCES: Any = {name: resource["Properties"] for name, resource in TEMPLATE["Resources"].items()}


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def test_the_rule_sends_every_message_to_the_queue_and_what_fails_to_its_dead_letter_queue() -> None:
    rule = RESOURCES["MessagesRule"]
    assert rule["EventPattern"] == {"source": [{"Ref": "EventSource"}]}
    (target,) = rule["Targets"]
    assert target["Arn"] == arn("MessagesQueue")
    assert target["DeadLetterConfig"] == {"Arn": arn("TargetDeadLetterQueue")}


def test_only_this_rule_may_send_to_the_queues() -> None:
    policy = RESOURCES["QueuesPolicy"]
    assert policy["Queues"] == [{"Ref": "MessagesQueue"}, {"Ref": "TargetDeadLetterQueue"}]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Resource"] == [arn("MessagesQueue"), arn("TargetDeadLetterQueue")]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": arn("MessagesRule")}}


def test_a_message_that_fails_comes_again_and_then_goes_to_the_dead_letter_queue() -> None:
    queue, function = RESOURCES["MessagesQueue"], RESOURCES["RecordsFunction"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == arn("MessagesDeadLetterQueue")
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    source = function["Events"]["Messages"]["Properties"]
    assert source["Queue"] == arn("MessagesQueue")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_function_may_do_what_it_does_and_no_more() -> None:
    (policy,) = RESOURCES["RecordsFunction"]["Policies"]
    statements = [each.get("Fn::If", [None, each])[1] for each in policy["Statement"]]
    assert [each["Action"] for each in statements] == [
        "dynamodb:PutItem",
        "dynamodb:GetItem",
        "s3:GetObject",
        "kms:Decrypt",
    ]
    assert "*" not in [each["Resource"] for each in statements]


def test_cfn_lint_accepts_the_template() -> None:
    lint = "from cfnlint.runner import main; raise SystemExit(main())"
    command = [sys.executable, "-c", lint, "-a", "cfn_lint_serverless.rules", "--", str(PATH)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert answer.returncode == 0, answer.stdout
