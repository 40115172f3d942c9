"""The benchmark without its processes: arithmetic, tables, checks, and the deliveries that it makes."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from bench import deliveries, table
from bench.checks import WrongAnswerError, check_answer, check_arrival
from bench.measures import Measure, Measures, ratios, summary
from bench.stub import operation_of
from bench.variants import FLOOR, TYPICAL, WEBHOOK
from bench.wire import Request, Response, Server


@pytest.fixture
def report() -> dict[str, Any]:
    measures = Measures()
    for webhook, floor, typical in ((10.0, 2.0, 40.0), (12.0, 3.0, 40.0), (11.0, 2.0, 44.0)):
        for name, value in ((FLOOR, floor), (WEBHOOK, webhook), (TYPICAL, typical)):
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


def test_a_variant_with_counts_of_zero_has_no_ratio() -> None:
    measure = Measure("main.calls", "calls", "", WEBHOOK, {WEBHOOK: [1, 1], "no-op": [0, 0], TYPICAL: [4, 4]})
    assert measure.as_dict()["ratios"].keys() == {TYPICAL}


def test_a_table_has_a_row_for_every_measure_and_the_ratios_of_the_webhook(report: dict[str, Any]) -> None:
    ((heading, rows),) = table.tables(report)
    assert heading == "One delivery"
    assert rows[0] == ["", FLOOR, WEBHOOK, TYPICAL, "webhook ÷ floor", "webhook ÷ typical"]
    assert rows[1] == ["warm delivery, CPU, ms", "2", "11", "40", "5.00 (4.50-5.25)", "0.25 (0.25-0.28)"]
    assert rows[2] == ["SDK calls", "1", "1", "4", "1.00", "0.25"]


def test_the_text_of_a_report_that_was_read_from_json_has_aligned_columns(report: dict[str, Any]) -> None:
    lines = table.text(json.loads(json.dumps(report))).splitlines()
    head, cpu, calls = lines[lines.index("ONE DELIVERY") + 1 :][:3]
    assert head.split() == [FLOOR, WEBHOOK, TYPICAL, "webhook", "÷", "floor", "webhook", "÷", "typical"]
    assert {line.index(first) for line, first in ((head, "webhook ÷ typical"), (cpu, "0.25 ("), (calls, "0.25"))} == {
        head.index("webhook ÷ typical")
    }
    assert lines[-1] == "- a note"


def test_a_new_delivery_differs_from_the_sample_only_in_its_ids_and_the_given_members() -> None:
    sample = deliveries.sample_envelope()
    first = deliveries.new_delivery(sample)
    second = deliveries.new_delivery(sample, appointment_id="7", updated_at=deliveries.update_instant(1))
    assert len({sample["id"], first["id"], second["id"]}) == 3
    assert second["data"]["appointment"]["id"] == "7"
    assert second["data"]["appointment"]["updatedAt"] == "2026-03-03T09:00:01.000Z"
    assert sample == deliveries.sample_envelope()
    assert first["data"]["appointment"]["participants"] == sample["data"]["appointment"]["participants"]


def test_calls_are_named_by_service_and_operation() -> None:
    names = {"DynamoDB_20120810.PutItem", "AWSEvents.PutEvents", "secretsmanager.GetSecretValue"}
    found = {operation_of(Request("POST", "/", {"x-amz-target": name}, b"")) for name in names}
    assert found == {"dynamodb.PutItem", "events.PutEvents", "secretsmanager.GetSecretValue"}
    assert operation_of(Request("PUT", "/bucket/key", {}, b"")) == "s3.PUT"


def test_a_handler_that_does_not_do_its_work_fails_the_checks() -> None:
    envelope = deliveries.sample_envelope()
    check_answer(b'{"statusCode": 202}')
    with pytest.raises(WrongAnswerError):
        check_answer(b'{"statusCode": 422}')
    put = {"TransactItems": [{"Put": {"Item": {"body": {"S": json.dumps(envelope)}}}}]}
    check_arrival(FLOOR, [("dynamodb.TransactWriteItems", json.dumps(put).encode())], envelope)
    with pytest.raises(WrongAnswerError, match="stored"):
        check_arrival(FLOOR, [], envelope)
    with pytest.raises(WrongAnswerError, match="published"):
        check_arrival(TYPICAL, [("dynamodb.TransactWriteItems", json.dumps(put).encode())], envelope)


def test_a_response_is_encoded_in_one_piece() -> None:
    encoded = Response(b"{}", 202, {"content-type": "application/json"}).encode()
    assert encoded == b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


def test_the_server_reads_a_body_in_chunks_as_the_runtime_interface_client_sends_it() -> None:
    received: list[Request] = []

    def answer(request: Request) -> Response:
        received.append(request)
        return Response(b"[]")

    server = Server(answer)
    connection = http.client.HTTPConnection(server.address, timeout=10)
    try:
        for _ in range(2):  # the second request shows that the first was read to its end
            connection.request("POST", "/response", iter([b"{", b'"statusCode": 202}']), encode_chunked=True)
            assert connection.getresponse().read() == b"[]"
    finally:
        connection.close()
        server.stop()
    assert [(request.path, request.body) for request in received] == [("/response", b'{"statusCode": 202}')] * 2
