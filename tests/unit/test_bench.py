"""The benchmark's pure parts: its arithmetic, its tables and drawing, and the deliveries that it makes."""

from __future__ import annotations

import json
import random
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from appointments.contract.parsing import parse_body
from bench import chart, deliveries, growth, imports, table
from bench.measures import Measure, Measures, ratios, summary
from bench.stub import operation_of
from bench.variants import FLOOR, TYPICAL, WEBHOOK
from bench.verify import WrongAnswerError, check_answer, check_arrival
from bench.wire import Answer, Request


@pytest.fixture
def report() -> dict[str, Any]:
    measures = Measures()
    for ours, floor, typical in ((10.0, 2.0, 40.0), (12.0, 3.0, 40.0), (11.0, 2.0, 44.0)):
        for name, value in ((FLOOR, floor), (WEBHOOK, ours), (TYPICAL, typical)):
            measures.add(Measure("main.warmCpu", "warm delivery, CPU", "ms", WEBHOOK), name, value)
            measures.add(Measure("main.warmCalls", "SDK calls", "", WEBHOOK), name, 4 if name == TYPICAL else 1)
    on = {
        "date": "2026-03-02",
        "cpu": "A & B <CPU>",
        "cores": 2,
        "kernel": "6",
        "architecture": "x",
        "python": "3.13.0",
    }
    return {"machine": on, "rounds": 3, "measures": measures.as_dict(), "notes": ["a note"]}


def test_a_summary_is_the_median_between_its_quartiles() -> None:
    assert summary([5, 1, 3, 2, 4]) == {"median": 3, "q1": 2, "q3": 4, "n": 5}
    assert summary([7]) == {"median": 7, "q1": 7, "q3": 7, "n": 1}


def test_a_ratio_is_taken_within_its_round() -> None:
    slow_round = ratios([10, 30], [20, 60])
    assert slow_round == [0.5, 0.5]


def test_what_a_variant_never_does_has_no_ratio() -> None:
    measure = Measure("main.calls", "calls", "", WEBHOOK, {WEBHOOK: [1, 1], "no-op": [0, 0], TYPICAL: [4, 4]})
    assert measure.as_dict()["ratios"].keys() == {TYPICAL}


def test_a_table_has_a_row_for_every_measure_and_ratios_of_ours(report: dict[str, Any]) -> None:
    ((heading, rows),) = table.tables(report)
    assert heading == "One delivery"
    assert rows[0] == ["", FLOOR, WEBHOOK, TYPICAL, "webhook ÷ floor", "webhook ÷ typical"]
    assert rows[1] == ["warm delivery, CPU, ms", "2", "11", "40", "5.00 (4.50-5.25)", "0.25 (0.25-0.28)"]
    assert rows[2] == ["SDK calls", "1", "1", "4", "1.00", "0.25"]


def test_markdown_is_made_of_the_json_alone(report: dict[str, Any]) -> None:
    page = table.markdown(json.loads(json.dumps(report)))
    assert "| SDK calls | 1 | 1 | 4 | 1.00 | 0.25 |" in page.splitlines()
    assert "- a note" in page.splitlines()
    columns = {line.count("|") for line in page.splitlines() if line.startswith("|")}
    assert columns == {7}


def test_the_drawing_is_well_formed_and_has_a_bar_for_every_ratio(report: dict[str, Any]) -> None:
    drawing = ET.fromstring(chart.svg(report))  # noqa: S314 - our own
    assert [bar.label for bar in chart.bars(report)] == ["warm delivery, CPU", "SDK calls of a delivery"]
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {"0.25", "warm delivery, CPU", TYPICAL} <= set(texts)


@pytest.mark.parametrize("case", list(growth.cases()), ids=lambda case: case.title)
def test_a_grown_delivery_is_within_the_contract_and_its_limits(case: growth.Case) -> None:
    parsed = parse_body(deliveries.encode(case.envelope))
    assert parsed.violations == ()


@pytest.mark.parametrize("size", growth.SIZES[1:])
def test_a_grown_body_has_the_size_that_was_asked_for(size: int) -> None:
    body = deliveries.encode(deliveries.of_size(size, random.Random(1)))
    assert size - 1000 < len(body) <= size


def test_a_renewed_delivery_is_no_duplicate_and_the_same_otherwise() -> None:
    one = deliveries.document()
    first, second = deliveries.renewed(one), deliveries.renewed(one, appointment_id="7", updated_at=deliveries.later(1))
    assert len({one["id"], first["id"], second["id"]}) == 3
    assert second["data"]["appointment"]["id"] == "7"
    assert one == deliveries.document()
    assert first["data"]["appointment"]["participants"] == one["data"]["appointment"]["participants"]


def test_an_import_profile_adds_up_by_package() -> None:
    lines = [
        "import time: self [us] | cumulative | imported package",
        "import time:       100 |        100 |   json.decoder",
        "import time:       300 |        400 | pydantic",
        "import time:       100 |        100 |   pydantic.main",
        '{"level": "INFO"}',
    ]
    found = imports.by_package(lines)
    assert (found["modules"], found["milliseconds"]) == (3, 0.5)
    assert found["packages"][0] == {"package": "pydantic", "milliseconds": 0.4, "share": 0.8}
    assert found["packages"][1]["package"] == imports.STANDARD


def test_calls_are_named_by_service_and_operation() -> None:
    names = {"DynamoDB_20120810.PutItem", "AWSEvents.PutEvents", "secretsmanager.GetSecretValue"}
    found = {operation_of(Request("POST", "/", {"x-amz-target": name}, b"")) for name in names}
    assert found == {"dynamodb.PutItem", "events.PutEvents", "secretsmanager.GetSecretValue"}
    assert operation_of(Request("PUT", "/bucket/key", {}, b"")) == "s3.PUT"


def test_a_handler_that_does_not_do_its_work_is_found_out() -> None:
    envelope = deliveries.document()
    check_answer(b'{"statusCode": 202}')
    with pytest.raises(WrongAnswerError):
        check_answer(b'{"statusCode": 422}')
    put = {"TransactItems": [{"Put": {"Item": {"body": {"S": json.dumps(envelope)}}}}]}
    check_arrival(FLOOR, [("dynamodb.TransactWriteItems", json.dumps(put).encode())], envelope)
    with pytest.raises(WrongAnswerError, match="stored"):
        check_arrival(FLOOR, [], envelope)
    with pytest.raises(WrongAnswerError, match="published"):
        check_arrival(TYPICAL, [("dynamodb.TransactWriteItems", json.dumps(put).encode())], envelope)


def test_an_answer_leaves_as_one_piece() -> None:
    encoded = Answer(b"{}", 202, {"content-type": "application/json"}).encoded()
    assert encoded == b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
