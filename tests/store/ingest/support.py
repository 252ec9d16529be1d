"""Builders of small inputs, and short forms of what was read from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from obslib.core.layout import Batch
from obslib.store.ingest import IngestReport, read_file

SECOND = 10**9
NOON = 1_793_534_400 * SECOND  # 2026-11-01T12:00:00Z
NOON_MS = NOON // 10**6
TRACE_ID = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
SPAN_ID = bytes.fromhex("00f067aa0ba902b7")

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[int, float]]]


def any_value(value: object) -> AnyValue:
    """A Python value as OTLP has it; None is the empty value."""
    if value is None:
        return AnyValue()
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=map(any_value, value)))
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=attributes(value)))
    names = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value", bytes: "bytes_value"}
    return AnyValue(**{names[type(value)]: value})


def attributes(values: Mapping[str, object]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def traces(spans: Iterable[Mapping[str, object]], resource: Mapping[str, object]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(attributes(resource))
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version = "shop.lib", "1.2"
    for one in spans:
        scope.spans.add(**{"trace_id": TRACE_ID, "span_id": SPAN_ID, "start_time_unix_nano": NOON, **one})
    return request


def logs(records: Iterable[Mapping[str, object]], resource: Mapping[str, object]) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend(attributes(resource))
    scope = group.scope_logs.add()
    for one in records:
        scope.log_records.add(**{"time_unix_nano": NOON, **one})
    return request


def metrics(found: Iterable[Metric], resource: Mapping[str, object] | None = None) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.extend(attributes({"service.name": "shop"} if resource is None else resource))
    group.scope_metrics.add().metrics.extend(found)
    return request


def otlp_json(message: Message) -> bytes:
    """A message in OTLP's JSON: as protobuf's, but ids are hex and enums numbers."""
    document = MessageToDict(message, use_integers_for_enums=True)
    return json.dumps(_with_hex_ids(document)).encode()


def _with_hex_ids(node: object) -> object:
    import base64

    if isinstance(node, list):
        return [_with_hex_ids(item) for item in node]
    if isinstance(node, dict):
        return {
            key: base64.b64decode(value).hex() if key in {"traceId", "spanId", "parentSpanId"} else _with_hex_ids(value)
            for key, value in node.items()
        }
    return node


def read(path: Path, content: bytes | str, **options: object) -> tuple[list[Batch], IngestReport]:
    """Write a file, read it back: its batches and the report."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    report = IngestReport()
    return list(read_file(path, report=report, **options)), report


def samples(*batches: Batch) -> Samples:
    """Samples by series, in time's order: `{(name, labels): [(ms, value), ...]}`."""
    found: Samples = {}
    for batch in batches:
        if batch.metrics is None:
            continue
        rows = batch.metrics.series.to_pylist()
        columns = batch.metrics.codes, batch.metrics.times, batch.metrics.values
        for code, time, value in zip(*(column.tolist() for column in columns), strict=True):
            key = rows[code]["metric_name"], tuple(rows[code]["labels"])
            found.setdefault(key, []).append((time, value))
    return {key: sorted(values) for key, values in found.items()}


def values(*batches: Batch) -> dict[str, float]:
    """The only sample of each series, as `{'name{label="value"}': value}`."""
    found = {}
    for (name, labels), points in samples(*batches).items():
        ((_, value),) = points
        inside = ",".join(f'{label}="{text}"' for label, text in labels)
        found[f"{name}{{{inside}}}" if inside else name] = value
    return found


def log_rows(batches: Iterable[Batch]) -> list[dict[str, object]]:
    """All log records as dicts, their attributes decoded."""
    rows = [row for batch in batches if batch.logs is not None for row in batch.logs.to_pylist()]
    return [{**row, "log_attributes": json.loads(row["log_attributes"])} for row in rows]


def span_rows(batch: Batch) -> list[dict[str, object]]:
    """All spans as dicts, their JSON decoded."""
    assert batch.spans is not None
    decoded = ("span_attributes", "resource_attributes", "scope_attributes", "events_json", "links_json")
    return [{**row, **{name: json.loads(row[name]) for name in decoded}} for row in batch.spans.to_pylist()]
