"""Spans and logs of OTLP, in both encodings, also as the real SDK encodes them."""

from __future__ import annotations

import base64
import json

import pyarrow as pa
import pytest
from google.protobuf.json_format import MessageToJson
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, StatusCode

from obslib.core import layout
from obslib.core.errors import InputError
from obslib.store.ingest import IngestReport, decode_otlp_json, decode_otlp_protobuf

from .support import (
    NOON,
    SECOND,
    SPAN_ID,
    TRACE_ID,
    any_value,
    attributes,
    log_rows,
    logs,
    otlp_json,
    span_rows,
    traces,
)

RESOURCE = {"service.name": "checkout", "service.namespace": "shop", "service.instance.id": "pod-1", "zone": "a"}


def both(message, signal: str) -> list:
    return [decode_otlp_protobuf(message.SerializeToString(), signal), decode_otlp_json(otlp_json(message))]


def test_a_span_fills_every_column_in_both_encodings():
    span = {
        "parent_span_id": b"\x01" * 8,
        "name": "GET /cart",
        "kind": 2,
        "end_time_unix_nano": NOON + SECOND // 4,
        "trace_state": "a=b",
        "attributes": attributes({"http.request.method": "GET", "n": 3}),
        "status": Status(code=2, message="boom"),
        "dropped_attributes_count": 1,
        "flags": 257,
    }
    for batch in both(traces([span], RESOURCE), "traces"):
        assert batch.spans.schema == layout.SPANS
        (row,) = span_rows(batch)
        assert row["timestamp"].value == NOON
        assert {name: row[name] for name in layout.SPANS.names if name != "timestamp"} == {
            "end_timestamp": NOON + SECOND // 4,
            "duration": SECOND // 4,
            "trace_id": TRACE_ID.hex(),
            "span_id": SPAN_ID.hex(),
            "parent_span_id": "01" * 8,
            "trace_state": "a=b",
            "service_name": "checkout",
            "service_namespace": "shop",
            "service_instance_id": "pod-1",
            "span_name": "GET /cart",
            "span_kind": 2,
            "status_code": 2,
            "status_message": "boom",
            "resource_attributes": RESOURCE,
            "scope_name": "shop.lib",
            "scope_version": "1.2",
            "scope_attributes": {},
            "span_attributes": {"http.request.method": "GET", "n": 3},
            "events_json": [],
            "links_json": [],
            "dropped_attributes_count": 1,
            "dropped_events_count": 0,
            "dropped_links_count": 0,
            "flags": 257,
        }


def test_events_and_links_keep_order_and_attributes():
    message = traces([{}, {}], RESOURCE)
    span = message.resource_spans[0].scope_spans[0].spans[1]
    span.events.add(name="retry", time_unix_nano=NOON + 1)
    span.events.add(name="exception", time_unix_nano=NOON + 2, attributes=attributes({"exception.message": 'a "b"'}))
    span.links.add(trace_id=b"\x02" * 16, span_id=b"\x03" * 8, attributes=attributes({"why": "batch"}))
    for batch in both(message, "traces"):
        first, second = span_rows(batch)
        assert first["events_json"] == []
        assert first["links_json"] == []
        assert second["events_json"] == [
            {"time_unix_nano": NOON + 1, "name": "retry", "attributes": {}},
            {"time_unix_nano": NOON + 2, "name": "exception", "attributes": {"exception.message": 'a "b"'}},
        ]
        assert second["links_json"] == [
            {"trace_id": "02" * 16, "span_id": "03" * 8, "trace_state": "", "attributes": {"why": "batch"}}
        ]


def test_a_span_without_a_start_is_skipped_and_counted():
    report = IngestReport()
    starts = [{"end_time_unix_nano": NOON}, {"start_time_unix_nano": 0}, {"start_time_unix_nano": 2**64 - 1}]
    message = traces(starts, RESOURCE)
    batch = decode_otlp_protobuf(message.SerializeToString(), "traces", report=report)
    assert batch.spans.num_rows == 1
    assert report.skipped == {"no timestamp": 2}
    assert [one.where for one in report.examples] == ["span 2", "span 3"]


def test_a_span_that_ends_before_it_starts_keeps_its_negative_duration_and_is_flagged():
    report = IngestReport()
    message = traces([{"end_time_unix_nano": NOON + 5}, {"end_time_unix_nano": NOON - 5}], RESOURCE)
    batch = decode_otlp_protobuf(message.SerializeToString(), "traces", report=report)
    assert [(row["duration"], row["end_timestamp"]) for row in span_rows(batch)] == [(5, NOON + 5), (-5, NOON - 5)]
    assert report.flagged == {"span that ends before it starts, its duration is kept negative": 1}
    assert [one.where for one in report.flagged_examples] == ["span 2"]


def test_a_span_without_an_end_has_no_duration_and_is_flagged():
    report = IngestReport()
    batch = decode_otlp_protobuf(traces([{}], RESOURCE).SerializeToString(), "traces", report=report)
    assert [row["duration"] for row in span_rows(batch)] == [0]
    assert report.flagged == {"span without an end, its duration is 0": 1}


def test_ids_of_another_size_are_left_empty_and_flagged_in_both_encodings():
    spans = [
        {"end_time_unix_nano": NOON},
        {"end_time_unix_nano": NOON, "trace_id": b"abc", "span_id": TRACE_ID, "parent_span_id": b"\1"},
    ]
    message = traces(spans, RESOURCE)
    message.resource_spans[0].scope_spans[0].spans[0].links.add(trace_id=b"abc", span_id=SPAN_ID)
    for body in (message.SerializeToString(), otlp_json(message)):
        report = IngestReport()
        decode = decode_otlp_json if body.startswith(b"{") else lambda *a, **k: decode_otlp_protobuf(*a, "traces", **k)
        first, second = span_rows(decode(body, report=report))
        assert (first["trace_id"], first["span_id"]) == (TRACE_ID.hex(), SPAN_ID.hex())
        assert (second["trace_id"], second["span_id"], second["parent_span_id"]) == ("", "", "")
        assert (first["links_json"][0]["trace_id"], first["links_json"][0]["span_id"]) == ("", SPAN_ID.hex())
        assert report.flagged == {
            "trace id that is not 16 bytes, left empty": 2,
            "span id that is not 8 bytes, left empty": 1,
            "parent span id that is not 8 bytes, left empty": 1,
        }
        assert {one.where for one in report.flagged_examples} == {"span 2", "link 1"}
        assert report.skipped_total == 0


def test_ids_that_are_no_hex_are_left_empty_and_flagged():
    report = IngestReport()
    body = otlp_json(logs([{"trace_id": TRACE_ID, "span_id": SPAN_ID}], RESOURCE))
    batch = decode_otlp_json(body.replace(TRACE_ID.hex().encode(), b"zz"), report=report)
    assert [(row["trace_id"], row["span_id"]) for row in log_rows([batch])] == [("", SPAN_ID.hex())]
    assert report.flagged == {"trace id that is not 16 bytes, left empty": 1}
    assert report.flagged_examples[0].where == "log record 1"


def test_a_log_record_fills_its_columns_in_both_encodings():
    record = {
        "observed_time_unix_nano": NOON + 7,
        "severity_number": 17,
        "severity_text": "ERROR",
        "body": any_value("payment declined"),
        "attributes": attributes({"user": "u1"}),
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
    }
    for batch in both(logs([record], RESOURCE), "logs"):
        assert batch.logs.schema == layout.LOGS
        (row,) = log_rows([batch])
        assert row["timestamp"].value == NOON
        assert row["observed_timestamp"] == NOON + 7
        assert (row["severity_number"], row["severity_text"]) == (17, "ERROR")
        assert row["body"] == "payment declined"
        assert (row["trace_id"], row["span_id"]) == (TRACE_ID.hex(), SPAN_ID.hex())
        assert row["service_name"] == "checkout"
        assert row["log_attributes"] == {"user": "u1"}


def test_a_log_record_without_a_time_has_the_time_it_was_observed():
    records = [{"time_unix_nano": 0, "observed_time_unix_nano": NOON}, {"time_unix_nano": 0}]
    report = IngestReport()
    batch = decode_otlp_protobuf(logs(records, {}).SerializeToString(), "logs", report=report)
    assert [row["timestamp"].value for row in log_rows([batch])] == [NOON]
    assert report.skipped == {"no timestamp": 1}


def test_the_name_of_a_log_event_is_kept_as_an_attribute():
    records = [{"event_name": "device.app"}, {"event_name": 'a"b', "attributes": attributes({"x": 1})}, {}]
    for batch in both(logs(records, {}), "logs"):
        found = [row["log_attributes"] for row in log_rows([batch])]
        assert found == [{"event.name": "device.app"}, {"event.name": 'a"b', "x": 1}, {}]


def test_ids_may_be_hex_or_base64_in_json():
    message = traces([{"parent_span_id": b"\xff" * 8}], RESOURCE)
    as_protojson = MessageToJson(message).encode()
    assert base64.b64encode(TRACE_ID) in as_protojson
    upper = otlp_json(message).replace(TRACE_ID.hex().encode(), TRACE_ID.hex().upper().encode())
    for body in (as_protojson, upper):
        (row,) = span_rows(decode_otlp_json(body))
        assert (row["trace_id"], row["span_id"], row["parent_span_id"]) == (TRACE_ID.hex(), SPAN_ID.hex(), "ff" * 8)


def test_ids_of_zeros_are_no_ids():
    message = traces([{"parent_span_id": bytes(8)}], RESOURCE)
    for batch in both(message, "traces"):
        assert span_rows(batch)[0]["parent_span_id"] == ""


def test_ids_of_unequal_length_stay_with_their_spans():
    spans = [{"parent_span_id": b""}, {"parent_span_id": b"\x01" * 8}, {"parent_span_id": b"\xab" * 8}]
    found = [row["parent_span_id"] for row in span_rows(both(traces(spans, RESOURCE), "traces")[0])]
    assert found == ["", "01" * 8, "ab" * 8]


def test_json_may_name_enums_and_write_numbers_plainly_or_in_snake_case():
    document = {
        "resource_spans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"string_value": "snake_case"}}]},
                "scope_spans": [
                    {
                        "spans": [
                            {
                                "trace_id": TRACE_ID.hex(),
                                "span_id": SPAN_ID.hex(),
                                "name": 'say "span_id": x',
                                "kind": "SPAN_KIND_SERVER",
                                "start_time_unix_nano": NOON,
                                "end_time_unix_nano": str(NOON + 5),
                                "status": {"code": "STATUS_CODE_ERROR"},
                                "attributes": [{"key": "big_number", "value": {"int_value": "7"}}],
                            }
                        ]
                    }
                ],
            }
        ]
    }
    (row,) = span_rows(decode_otlp_json(json.dumps(document).encode()))
    assert (row["service_name"], row["span_kind"], row["status_code"], row["duration"]) == ("snake_case", 2, 2, 5)
    assert row["span_name"] == 'say "span_id": x'
    assert row["span_attributes"] == {"big_number": 7}


def test_documents_of_before_2022_are_read():
    body = otlp_json(traces([{"name": "old"}], RESOURCE))
    body = body.replace(b'"scopeSpans"', b'"instrumentationLibrarySpans"').replace(
        b'"scope"', b'"instrumentationLibrary"'
    )
    (row,) = span_rows(decode_otlp_json(body))
    assert (row["span_name"], row["scope_name"]) == ("old", "shop.lib")


def test_a_document_may_hold_several_signals():
    document = json.loads(otlp_json(traces([{}], RESOURCE))) | json.loads(otlp_json(logs([{}], RESOURCE)))
    batch = decode_otlp_json(json.dumps(document).encode())
    assert (batch.spans.num_rows, batch.logs.num_rows) == (1, 1)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"resourceSpans": [', r"byte 19: Expecting value"),
        (b"", r"byte 0: Expecting value"),
        (b"\xff\xfe{}", r"byte 0: not UTF-8"),
        (b'{"hello": 1}', r"no OTLP document"),
        (b"[]", r"byte 0: not a JSON object"),
    ],
)
def test_a_body_that_is_no_otlp_json_is_an_error_that_says_where(body: bytes, problem: str):
    with pytest.raises(InputError, match=problem):
        decode_otlp_json(body)


@pytest.mark.parametrize("body", [b"garbage hello", b"\x0a\xff", b'{"resourceSpans": []}'])
def test_a_body_that_is_no_protobuf_is_an_error(body: bytes):
    with pytest.raises(InputError, match="not an OTLP traces message"):
        decode_otlp_protobuf(body, "traces")


@pytest.mark.parametrize("signal", ["traces", "logs", "metrics"])
def test_an_empty_request_is_an_empty_batch(signal: str):
    batch = decode_otlp_protobuf(b"", signal)
    assert sum(table.num_rows for table in (batch.spans, batch.logs) if table is not None) == 0
    assert batch.metrics is None
    assert decode_otlp_json(b"{}").spans is None


def test_values_of_a_wrong_type_do_not_spoil_their_neighbours():
    document = json.loads(otlp_json(traces([{"name": "a"}, {"name": "b"}], RESOURCE)))
    document["resourceSpans"][0]["scopeSpans"][0]["spans"][0] |= {"attributes": "nonsense", "events": 3}
    first, second = span_rows(decode_otlp_json(json.dumps(document).encode()))
    assert first["span_attributes"] == {}
    assert second["span_name"] == "b"


def test_spans_of_the_real_sdk_are_read_like_it_recorded_them():
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "web", "service.instance.id": "w1"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("shop", "2.0")
    with tracer.start_as_current_span("parent", kind=SpanKind.SERVER) as parent:
        links = [Link(parent.get_span_context(), {"why": "test"})]
        with tracer.start_as_current_span("child", attributes={"items": [1, 2], "ok": True}, links=links) as child:
            child.add_event("cache miss", {"key": "k"})
            child.set_status(StatusCode.ERROR, "timed out")
    finished = exporter.get_finished_spans()
    message = encode_spans(finished)
    from_protobuf = decode_otlp_protobuf(message.SerializeToString(), "traces")
    rows = {row["span_name"]: row for row in span_rows(from_protobuf)}
    for span in finished:
        row = rows[span.name]
        assert row["timestamp"].value == span.start_time
        assert row["duration"] == span.end_time - span.start_time
        assert row["trace_id"] == f"{span.context.trace_id:032x}"
        assert row["span_id"] == f"{span.context.span_id:016x}"
    assert rows["child"]["parent_span_id"] == rows["parent"]["span_id"]
    assert rows["child"]["span_attributes"] == {"items": [1, 2], "ok": True}
    assert rows["child"]["events_json"][0]["attributes"] == {"key": "k"}
    assert rows["child"]["links_json"][0]["span_id"] == rows["parent"]["span_id"]
    assert (rows["child"]["status_code"], rows["child"]["status_message"]) == (2, "timed out")
    assert (rows["parent"]["span_kind"], rows["parent"]["service_name"]) == (2, "web")
    assert decode_otlp_json(MessageToJson(message).encode()).spans.equals(from_protobuf.spans)


def test_repeated_resources_are_kept_once_in_the_dictionaries():
    message = traces([{} for _ in range(50)], RESOURCE)
    batch = decode_otlp_protobuf([message.SerializeToString()] * 20, "traces")
    assert batch.spans.num_rows == 1_000
    column = batch.spans["resource_attributes"].combine_chunks()
    assert isinstance(column, pa.DictionaryArray)
    assert len(column.dictionary) == 1
