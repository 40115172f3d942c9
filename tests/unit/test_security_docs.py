"""docs/security.md speaks of what is in the template."""

from __future__ import annotations

import json
import re

from local.template import references
from tests.template import DOCUMENT, PATH, every_condition, of_type, resources
from tests.unit.test_data_at_rest import HOLDERS

TEXT = (PATH.parent / "docs" / "security.md").read_text()


def test_whatever_holds_data_is_named_and_said_how_long() -> None:
    holders = of_type(DOCUMENT["Resources"], *HOLDERS, "AWS::Events::EventBus")
    table = TEXT.partition("## What is where")[2].partition("\n## ")[0]
    assert [name for name in holders if f"`{name}`" not in table] == []


def test_every_parameter_that_is_named_exists() -> None:
    named = set(re.findall(r"`([A-Z][A-Za-z]+(?:Arn|Uri|Version|Name|Limit|Concurrency|InDays))`", TEXT))
    assert named - {"WebhookSecretArn"} <= set(DOCUMENT["Parameters"])


def test_the_keys_policy_lets_in_the_services_that_encrypt_by_themselves() -> None:
    """A role uses the key in its own name; only log groups and the bus have nobody to ask for them."""
    policy = json.loads(TEXT.partition("```json\n")[2].partition("```")[0])
    services = {statement["Principal"].get("Service") for statement in policy["Statement"]} - {None}
    assert services == {"logs.REGION.amazonaws.com", "events.amazonaws.com"}
    for statement in policy["Statement"]:
        assert ("Condition" in statement) is ("Service" in statement["Principal"])
    bus = resources(every_condition())["AppointmentsBus"]["Properties"]
    assert "KmsKeyArn" in references(bus)
    name = bus["Name"]["Fn::Sub"].replace("${AWS::StackName}", "STACK")
    assert f"arn:aws:events:REGION:ACCOUNT:event-bus/{name}" in json.dumps(policy)
