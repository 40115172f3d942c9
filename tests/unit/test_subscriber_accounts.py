"""Who may use the bus from another account, and what an archive keeps: nothing, unless a parameter says so."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local import conditions
from tests.template import DEFAULTS, DOCUMENT, default_conditions, of_type, resources

ACCOUNTS = "111122223333,444455556666"
RULES_OF_THE_BUS = {
    "Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/${AppointmentsBus}/*"
}
CREATE, MANAGE = "SubscribersCreateRulesForThisSource", "SubscribersManageTheirRules"


def stack(**parameters: Any) -> dict[str, Any]:
    return resources(conditions.holding(DOCUMENT["Conditions"], DEFAULTS | parameters))


def statements(**parameters: Any) -> dict[str, Any]:
    found = of_type(stack(**parameters), "AWS::Events::EventBusPolicy").values()
    assert all(policy["Properties"]["EventBusName"] == {"Ref": "AppointmentsBus"} for policy in found)
    return {policy["Properties"]["StatementId"]: policy["Properties"]["Statement"] for policy in found}


def test_by_default_no_other_account_may_use_the_bus_and_nothing_is_archived() -> None:
    assert of_type(resources(default_conditions()), "AWS::Events::EventBusPolicy", "AWS::Events::Archive") == {}


def test_a_named_account_may_create_rules_that_match_this_source_alone() -> None:
    statement = statements(SubscriberAccounts=ACCOUNTS)[CREATE]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"AWS": {"Fn::Split": [",", {"Ref": "SubscriberAccounts"}]}},
        "Action": "events:PutRule",
        "Resource": RULES_OF_THE_BUS,
        "Condition": {
            "StringEqualsIfExists": {"events:creatorAccount": "${aws:PrincipalAccount}"},
            "ForAllValues:StringEquals": {"events:source": {"Ref": "EventSource"}},
            "Null": {"events:source": "false"},
        },
    }


def test_a_named_account_may_manage_only_the_rules_that_it_created() -> None:
    statement = statements(SubscriberAccounts=ACCOUNTS)[MANAGE]
    assert statement["Principal"] == {"AWS": {"Fn::Split": [",", {"Ref": "SubscriberAccounts"}]}}
    assert statement["Resource"] == RULES_OF_THE_BUS
    assert statement["Condition"] == {"StringEquals": {"events:creatorAccount": "${aws:PrincipalAccount}"}}
    assert statement["Action"] == [
        "events:DeleteRule",
        "events:DescribeRule",
        "events:DisableRule",
        "events:EnableRule",
        "events:ListTargetsByRule",
        "events:PutTargets",
        "events:RemoveTargets",
    ]


def test_no_other_account_may_put_events_or_change_the_bus() -> None:
    granted = statements(SubscriberAccounts=ACCOUNTS)
    assert granted.keys() == {CREATE, MANAGE}
    actions = [action for each in granted.values() for action in _listed(each["Action"])]
    assert all(re.fullmatch(r"events:\w+(Rule|Targets)", action) for action in actions)
    assert not any("*" in action for action in actions)


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("", True),
        ("111122223333", True),
        (ACCOUNTS, True),
        ("*", False),
        ("111122223333,*", False),
        ("111122223333, 444455556666", False),
        ("111122223333,", False),
        ("11112222333", False),
        ("arn:aws:iam::111122223333:root", False),
    ],
)
def test_only_numbers_of_accounts_can_be_named(value: str, allowed: bool) -> None:
    pattern = DOCUMENT["Parameters"]["SubscriberAccounts"]["AllowedPattern"]
    assert (re.fullmatch(pattern, value) is not None) is allowed


@pytest.mark.parametrize(
    ("accounts", "detail", "warned"), [("", "full", False), (ACCOUNTS, "full", True), (ACCOUNTS, "reference", False)]
)
def test_full_messages_for_other_accounts_cause_a_warning(accounts: str, detail: str, warned: bool) -> None:
    held = conditions.holding(
        DOCUMENT["Conditions"], DEFAULTS | {"SubscriberAccounts": accounts, "EventDetail": detail}
    )
    assert (DOCUMENT["Outputs"]["SubscriberWarning"]["Condition"] in held) is warned


def test_an_archive_keeps_the_messages_of_this_source_for_the_days_of_the_parameter() -> None:
    (archive,) = of_type(stack(ArchiveRetentionDays=30), "AWS::Events::Archive").values()
    assert archive["Properties"] == {
        "SourceArn": {"Fn::GetAtt": ["AppointmentsBus", "Arn"]},
        "EventPattern": {"source": [{"Ref": "EventSource"}]},
        "RetentionDays": {"Ref": "ArchiveRetentionDays"},
    }


def test_the_customers_key_encrypts_the_archive() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/k"
    (archive,) = of_type(stack(ArchiveRetentionDays=30, KmsKeyArn=key), "AWS::Events::Archive").values()
    assert archive["Properties"]["KmsKeyIdentifier"] == {"Ref": "KmsKeyArn"}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
