"""Least privilege: this file lists the actions of each role, and the template grants exactly these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from appointments.storage import bodies
from local.conditions import resolve
from local.template import references
from tests.template import Resources, default_conditions, every_condition, of_type, resources, translate

LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
LARGE_BODIES = f"${{BodiesBucket.Arn}}/{bodies.PREFIX}*"
GRANTS = {
    "WebhookFunctionRole": {
        "WebhookFunctionLogGroup": LOG,
        "WebhookSecret": {"secretsmanager:GetSecretValue"},
        "AppointmentsTable": {"dynamodb:PutItem", "dynamodb:ConditionCheckItem"},
        "BacklogQueue": {"sqs:SendMessage"},
        LARGE_BODIES: {"s3:PutObject"},
        "${QuarantineBucket.Arn}/*": {"s3:PutObject"},
    },
    "BacklogFunctionRole": {
        "BacklogFunctionLogGroup": LOG,
        "BacklogQueue": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        "AppointmentsTable": {"dynamodb:PutItem", "dynamodb:ConditionCheckItem"},
        LARGE_BODIES: {"s3:GetObject", "s3:PutObject"},
        "BodiesBucket": {"s3:ListBucket"},
        "${QuarantineBucket.Arn}/*": {"s3:PutObject"},
    },
    "PublisherFunctionRole": {
        "PublisherFunctionLogGroup": LOG,
        "*": {"dynamodb:ListStreams"},
        "AppointmentsTable.StreamArn": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
        "AppointmentsBus": {"events:PutEvents"},
        LARGE_BODIES: {"s3:GetObject"},
        "BodiesBucket": {"s3:ListBucket"},
        "PublisherFailureQueue": {"sqs:SendMessage"},
    },
    "ReconcileFunctionRole": {  # with ReconcileMode=repair
        "ReconcileFunctionLogGroup": LOG,
        "EngageApiSecretArn": {"secretsmanager:GetSecretValue"},
        "AppointmentsTable": {"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:PutItem"},
        "${AppointmentsTable.Arn}/index/OfficeIndex": {"dynamodb:Scan"},
        "${BodiesBucket.Arn}/reconciliation/*": {"s3:GetObject", "s3:PutObject"},
        LARGE_BODIES: {"s3:PutObject"},
        "BacklogQueue": {"sqs:GetQueueAttributes"},
        "BacklogFailureQueue": {"sqs:GetQueueAttributes"},
    },
    "ReconcileClockRole": {"*": {"cloudwatch:PutMetricData"}},
}
"""By role and by resource (a logical id is that resource's ARN), every action that is allowed."""
KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
KEY_THROUGH = {
    "WebhookFunctionRole": {"dynamodb", "s3", "secretsmanager", "sqs"},
    "BacklogFunctionRole": {"dynamodb", "s3", "sqs"},
    "PublisherFunctionRole": {"dynamodb", "s3", "sqs"},
    "ReconcileFunctionRole": {"dynamodb", "s3", "secretsmanager"},
}
"""Through which services a role may use the customer's key, where there is one."""
CLOCK = "ReconcileClockRole"
"""The one role that no function has: EventBridge Scheduler writes a metric with it."""
NO_NARROWER = TRACE | {"dynamodb:ListStreams", "cloudwatch:PutMetricData"}
"""The actions that know no narrower resource than "*" (AWS's service authorization reference)."""
TABLE_READERS = {"ReconcileFunctionRole": {"dynamodb:BatchGetItem", "dynamodb:Scan"}}
"""The roles with an action that only reads appointments: no function on the path of a delivery needs one."""
CUSTOMERS = {"KmsKeyArn", "EngageApiSecretArn"}
"""Parameters that name a resource of the customer's."""
UNDER_AN_APPOINTMENT = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["APPOINTMENT#*"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}
IN_A_TRANSACTION = {"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}}
TABLE_CONDITIONS = {
    "dynamodb:PutItem": UNDER_AN_APPOINTMENT | IN_A_TRANSACTION,
    "dynamodb:ConditionCheckItem": UNDER_AN_APPOINTMENT,  # it exists in transactions only, without the key
    "dynamodb:BatchGetItem": UNDER_AN_APPOINTMENT,
}
PRINCIPALS = {"Groups", "Roles", "Users"}
READS = {"GetItem", "BatchGetItem", "Query", "Scan", "PartiQLSelect", "ExportTableToPointInTime"}


@dataclass(frozen=True)
class Grant:
    """One allowed action on one resource."""

    role: str
    action: str
    resource: str
    condition: Any

    @property
    def service(self) -> str:
        return self.action.partition(":")[0]


@pytest.fixture(params=[False, True], ids=["by default", "with every option"])
def conditions(request: pytest.FixtureRequest) -> set[str]:
    return every_condition() if request.param else default_conditions()


@pytest.fixture
def stack(conditions: set[str]) -> Resources:
    return resources(conditions)


@pytest.fixture
def grants(stack: Resources) -> list[Grant]:
    return list(_grants(stack))


def test_a_role_may_do_exactly_what_is_listed(grants: list[Grant], conditions: set[str], stack: Resources) -> None:
    allowed: dict[str, dict[str, set[str]]] = {}
    for grant in grants:
        allowed.setdefault(grant.role, {}).setdefault(grant.resource, set()).add(grant.action)
    keys = {"KmsKeyArn": KEY} if "HasKmsKey" in conditions else {}
    trace = TRACE if "TracesFunctions" in conditions else set()
    anywhere = {role: listed.get("*", set()) | trace for role, listed in GRANTS.items()} | {CLOCK: GRANTS[CLOCK]["*"]}
    expected = {
        role: listed | ({} if role == CLOCK else keys) | {"*": anywhere[role]}
        for role, listed in GRANTS.items()
        if role in stack
    }
    assert allowed == {
        role: {resource: actions for resource, actions in granted.items() if actions}
        for role, granted in expected.items()
    }


def test_the_key_is_used_through_the_services_that_hold_the_roles_data(
    grants: list[Grant], conditions: set[str]
) -> None:
    through = {grant.role: grant.condition for grant in grants if grant.resource == "KmsKeyArn"}
    expected = {
        role: {
            "StringLike": {"kms:ViaService": [{"Fn::Sub": f"{service}.${{AWS::Region}}.*"} for service in sorted(via)]}
        }
        for role, via in KEY_THROUGH.items()
    }
    assert through == (expected if "HasKmsKey" in conditions else {})


def test_every_function_has_a_role_of_its_own_and_nothing_else_has_permissions(stack: Resources) -> None:
    functions = of_type(stack, "AWS::Serverless::Function")
    assert [f["Properties"].get("Role") for f in functions.values()] == [
        {"Fn::GetAtt": [f"{name}Role", "Arn"]} for name in functions
    ]
    assert not any("Policies" in function["Properties"] for function in functions.values())
    people = of_type(stack, "AWS::IAM::ManagedPolicy")  # tests/integration/test_cli_permissions.py judges them
    assert not any(PRINCIPALS & policy["Properties"].keys() for policy in people.values())
    identities = {name for name, resource in stack.items() if resource["Type"].startswith("AWS::IAM::")} - people.keys()
    assert identities - {CLOCK} == {f"{name}Role" for name in functions}
    assert identities == GRANTS.keys() & stack.keys()
    properties = {key for name in identities for key in stack[name]["Properties"]}
    assert properties - {"PermissionsBoundary"} == {"AssumeRolePolicyDocument", "Policies"}


@pytest.mark.parametrize("role", of_type(translate()["Resources"], "AWS::IAM::Role"))
def test_a_parameter_bounds_the_permissions_of_every_role_also_of_those_that_sam_makes(role: str) -> None:
    translated = translate()["Resources"][role]["Properties"]
    bounded = {"HasPermissionsBoundary"}
    assert resolve(translated, bounded)["PermissionsBoundary"] == {"Ref": "PermissionsBoundaryArn"}
    assert "PermissionsBoundary" not in resolve(translated, set())


def test_only_lambda_assumes_a_role_and_the_scheduler_that_of_the_clock(stack: Resources) -> None:
    for name, role in of_type(stack, "AWS::IAM::Role").items():
        (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        here = {"Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}}
        assert statement == {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com" if name == CLOCK else "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
            **(here if name == CLOCK else {}),
        }


def test_the_clock_writes_metrics_of_its_stack_only(grants: list[Grant], conditions: set[str]) -> None:
    of_clock = [grant for grant in grants if grant.role == CLOCK]
    assert len(of_clock) == ("Reconciles" in conditions)
    for grant in of_clock:
        namespace = {"Fn::Sub": "Appointments/${AWS::StackName}"}
        assert grant.condition == {"StringEquals": {"cloudwatch:namespace": namespace}}


def test_no_action_is_a_wildcard_and_no_resource_but_where_there_is_no_narrower(grants: list[Grant]) -> None:
    assert [grant for grant in grants if "*" in grant.action] == []
    assert {grant.action for grant in grants if grant.resource == "*"} <= NO_NARROWER


def test_every_resource_is_one_of_the_stack_or_the_customers_key(stack: Resources) -> None:
    for role in of_type(stack, "AWS::IAM::Role").values():
        for statement in _statements(role):
            for resource in _list(statement["Resource"]):
                named = {name for name in references(resource) if not name.startswith("AWS::")}
                assert resource == "*" or named <= {*stack, *CUSTOMERS}
                assert resource == "*" or named, "a resource is named by reference"


def test_no_function_on_the_path_of_a_delivery_has_an_action_that_only_reads_appointments(
    grants: list[Grant], stack: Resources
) -> None:
    readers: dict[str, set[str]] = {}
    for grant in grants:
        if grant.service == "dynamodb" and grant.action.partition(":")[2] in READS:
            readers.setdefault(grant.role, set()).add(grant.action)
    assert readers == {role: actions for role, actions in TABLE_READERS.items() if role in stack}


def test_no_function_deletes_or_administers(grants: list[Grant]) -> None:
    """Taking a message off a queue that was consumed is all the deleting there is."""
    verbs = ("Delete", "Purge", "Create", "UpdateTable", "Tag", "Untag", "Set", "PutBucket", "PutResourcePolicy")
    actions = {grant.action for grant in grants if grant.action.partition(":")[2].startswith(verbs)}
    assert actions <= {"sqs:DeleteMessage", "logs:CreateLogStream"}


def test_the_table_is_written_under_an_appointments_key_and_in_a_transaction_only(grants: list[Grant]) -> None:
    """A single PutItem with ReturnValues=ALL_OLD would return and replace any item whose key is known."""
    writes = [grant for grant in grants if grant.resource == "AppointmentsTable"]
    assert {grant.action for grant in writes} <= set(TABLE_CONDITIONS)
    for grant in writes:
        assert grant.condition == TABLE_CONDITIONS[grant.action]


def test_a_reader_of_objects_can_tell_a_missing_one_from_a_forbidden_one(grants: list[Grant]) -> None:
    """S3 answers 404 only with s3:ListBucket. A condition on s3:prefix never holds for a GetObject.

    The reconciliation reads an object only after S3 has said that it exists.
    """
    readers = {(grant.role, grant.resource) for grant in grants if grant.action == "s3:GetObject"}
    readers = {(role, resource) for role, resource in readers if role != "ReconcileFunctionRole"}
    assert {role for role, _ in readers} == {"BacklogFunctionRole", "PublisherFunctionRole"}
    listers = {(grant.role, grant.resource): grant.condition for grant in grants if grant.action == "s3:ListBucket"}
    for role, objects in readers:
        bucket = objects.removeprefix("${").partition(".Arn}/")[0]
        assert listers[role, bucket] is None, "a condition"


def test_a_reconciliation_that_only_reports_cannot_write_to_the_table_nor_see_the_queues() -> None:
    reporting = resources(every_condition() - {"Repairs"})
    granted = {grant.action for grant in _grants(reporting) if grant.role == "ReconcileFunctionRole"}
    assert not {action for action in granted if action.startswith("sqs:")}
    assert {action for action in granted if action.startswith("dynamodb:")} == TABLE_READERS["ReconcileFunctionRole"]


def test_the_schedule_may_invoke_its_function_and_nothing_else() -> None:
    role = translate()["Resources"]["ReconcileFunctionScheduleRole"]["Properties"]
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == (
        "lambda:InvokeFunction",
        {"Fn::GetAtt": ["ReconcileFunction", "Arn"]},
    )


def test_whom_a_resource_lets_in_is_a_service_on_behalf_of_one_resource_here(stack: Resources) -> None:
    for name, resource in stack.items():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            continue  # it lets nobody in: an administrator attaches it
        properties = resource["Properties"]
        document = properties.get("PolicyDocument") or properties.get("ResourcePolicy") or {}
        for statement in _list(document.get("PolicyDocument", document).get("Statement", [])):
            if statement["Effect"] == "Allow":
                assert set(statement["Principal"]) == {"Service"}, name
                assert "aws:SourceArn" in statement["Condition"]["ArnEquals"], name
                assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}, name


def _grants(stack: Resources) -> Iterator[Grant]:
    for name, role in of_type(stack, "AWS::IAM::Role").items():
        for statement in _statements(role):
            assert set(statement) <= {"Effect", "Action", "Resource", "Condition"}, "no NotAction, no NotResource"
            assert statement["Effect"] == "Allow"
            for action in _list(statement["Action"]):
                for resource in _list(statement["Resource"]):
                    yield Grant(name, action, _name(resource), statement.get("Condition"))


def _statements(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in role["Properties"]["Policies"]:
        yield from _list(policy["PolicyDocument"]["Statement"])


def _name(resource: Any) -> str:
    """``Table`` for the ARN of a table, ``Table.StreamArn`` for another attribute, ``${Bucket.Arn}/*`` as written."""
    match resource:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]} | {"Fn::Sub": str(name)}:
            return name
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
    assert isinstance(resource, str)
    return resource


def _list(one_or_more: Any) -> list[Any]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]
