"""The trimmed data of the SDK in the build: every call is the same as with the complete data."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore import xform_name
from botocore.session import get_session

from tests import runtime, sam
from tests.sdk_calls import ARGUMENTS, CALLS, FIRST_CALLS, MORE_ARGUMENTS, MORE_DATA
from tests.template import every_condition, of_type, resources

WITHOUT_RULE_SET = re.compile(r"(dynamodb|secretsmanager) \S+ use_(fips|dualstack)_endpoint")
CODE = (sam.ROOT / "functions", sam.ROOT / "layers" / "appointments")
PARAMETERS = {"calls": CALLS, "services": FIRST_CALLS}
Answer = dict[str, Any]


@pytest.fixture(scope="module")
def both(opt: Path) -> tuple[Answer, Answer]:
    """The answers of the built botocore and of the complete one, in the same Python."""
    whole = str(Path(botocore.__file__).parent.parent)
    with ThreadPoolExecutor() as threads:
        trimmed, full = threads.map(
            lambda path: runtime.run("sdk", {**PARAMETERS, "paths": [path]}), (str(opt / "python"), whole)
        )
    return trimmed, full


def test_the_built_botocore_has_the_version_of_the_environment(opt: Path) -> None:
    assert (opt / "python" / f"botocore-{botocore.__version__}.dist-info").is_dir()


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_a_call_sends_the_same_request_and_parses_the_answer_equally(both: tuple[Answer, Answer], number: int) -> None:
    trimmed, full = (answer["calls"][number] for answer in both)
    assert trimmed == full


def test_each_endpoint_is_the_same_in_every_region_of_every_partition(both: tuple[Answer, Answer]) -> None:
    trimmed, full = (answer["endpoints"] for answer in both)
    assert set(trimmed) == set(full)
    for key in set(trimmed):
        if not WITHOUT_RULE_SET.match(key):
            assert (key, trimmed[key]) == (key, full[key])


def test_no_function_uses_the_endpoints_that_differ() -> None:
    """The exceptions above are the FIPS and dual-stack endpoints of the two services without a rule set."""
    template = (sam.ROOT / "template.yaml").read_text(encoding="utf-8")
    sources = [source.read_text(encoding="utf-8") for folder in CODE for source in folder.rglob("*.py")]
    assert not [text for text in (template, *sources) if re.search("dualstack|use_fips", text.lower())]


def test_the_data_contain_exactly_the_operations_that_the_code_calls(opt: Path) -> None:
    included, more = (_operations(opt / "python" / folder) for folder in ("botocore/data", MORE_DATA))
    assert included | more == set(_called()) == ARGUMENTS.keys() | MORE_ARGUMENTS.keys()
    assert included == set(ARGUMENTS)
    assert more == {*MORE_ARGUMENTS, ("dynamodb", "transact_write_items")}


def test_each_paginated_operation_has_its_paginator(opt: Path) -> None:
    pages = [json.loads(file.read_text())["pagination"] for file in (opt / "python" / MORE_DATA).glob("*/*/pag*.json")]
    assert {xform_name(name) for each in pages for name in each} >= set(_paginated()) != set()


def test_only_the_reconciliation_reads_its_data(opt: Path) -> None:
    assert (opt / "python" / MORE_DATA).is_dir()
    for name, function in of_type(resources(every_condition()), "AWS::Serverless::Function").items():
        path = function["Properties"]["Environment"]["Variables"].get("AWS_DATA_PATH")
        assert path == (f"/opt/python/{MORE_DATA}" if name == "ReconcileFunction" else None)


def test_the_search_finds_the_calls_in_the_code() -> None:
    assert ("dynamodb", "transact_write_items") in set(_called())


def _operations(folder: Path) -> set[tuple[str, str]]:
    return {
        (file.parent.parent.name, xform_name(operation))
        for file in folder.glob("*/*/service-2.json")
        for operation in json.loads(file.read_text())["operations"]
    }


def _paginated() -> Iterator[str]:
    """Yield each operation that the deployed code makes a paginator for."""
    for folder in CODE:
        for source in folder.rglob("*.py"):
            for call in ast.walk(ast.parse(source.read_text())):
                if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "get_paginator":
                    yield ast.literal_eval(call.args[0])


def _called() -> Iterator[tuple[str, str]]:
    """Yield each operation that the deployed code calls by name, for each service that it has a client for."""
    trees = [ast.parse(source.read_text()) for folder in CODE for source in folder.rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    session = get_session()
    names = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)} | set(_paginated())
    for service in _services(calls, set(session.get_available_services())):
        operations = set(map(xform_name, session.get_service_model(service).operation_names))
        yield from ((service, name) for name in names & operations)


def _services(calls: list[ast.Call], known: set[str]) -> set[str]:
    """Return the services that the code makes a client for: the first argument of each such call."""
    makers = {"client", "new_client", "Lazy"}
    first = [call.args[0] for call in calls if call.args and ast.unparse(call.func).rpartition(".")[2] in makers]
    return {node.value for node in first if isinstance(node, ast.Constant) and node.value in known}
