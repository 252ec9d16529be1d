"""OTLP messages as nested Arrow columns, the same from protobuf and from JSON.

Shapes come from the protobuf descriptors: `ptars` turns serialized messages into Arrow without a
Python object per message; DuckDB reads JSON documents into structs with the JSON names, which are
then renamed and cast to what `ptars` yields. Differences that remain on purpose: from JSON, ids and
bytes are text, elements of nested values are JSON text, and absent scalars are null instead of 0.
Reference: OTLP specification 1.x, "JSON Protobuf Encoding".
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.errors import InputError
from obslib.store.ingest.duck import columns_of

Signal = Literal["traces", "logs", "metrics"]
ROOTS: dict[Signal, str] = {"traces": "resource_spans", "logs": "resource_logs", "metrics": "resource_metrics"}
JSON_ROOTS: dict[str, Signal] = {"resourceSpans": "traces", "resourceLogs": "logs", "resourceMetrics": "metrics"}

_NOT_TELEMETRY = {"key_strindex", "string_value_strindex", "entity_refs"}  # profiles' string table; entities


def from_protobuf(messages: list[bytes], signal: Signal) -> pa.Array:
    """Serialized `Export...ServiceRequest`s (or `...Data`) as one array of resource structs.

    Raises
    ------
    InputError
        If a message is not valid protobuf of that signal.
    """
    request = _descriptor(signal)
    batch = _decode(request, pa.array(messages, pa.binary()), f"an OTLP {signal} message")
    return pc.list_flatten(batch.column(ROOTS[signal]))


def from_json(documents: pa.Array, signal: Signal) -> pa.Array:
    """Valid JSON documents as one array of resource structs; documents of other signals yield none."""
    table = _parse(documents, json_shape(_descriptor(signal)))
    message = _handler(_descriptor(signal)).schema()
    name = next(key for key, value in JSON_ROOTS.items() if value == signal)
    return align(pc.list_flatten(pc.struct_field(table, name)), message.field(ROOTS[signal]).type.value_type)


def open_any_values(items: pa.Array) -> pa.Array:
    """Elements of an `ArrayValue` as `AnyValue` structs."""
    return _open(items, "AnyValue")


def open_key_values(items: pa.Array) -> pa.Array:
    """Elements of a `KeyValueList` as `KeyValue` structs.

    Where the list does not itself stand below a `KeyValue` (a log's body), `ptars` opens the pairs
    and leaves their values serialized.
    """
    if not pa.types.is_struct(items.type):
        return _open(items, "KeyValue")
    values = open_any_values(pc.fill_null(pc.struct_field(items, "value"), b""))
    return pa.StructArray.from_arrays([pc.struct_field(items, "key"), values], names=["key", "value"])


def json_shape(message: Any) -> dict[str, object]:
    """A message's fields under their JSON names, as DuckDB's `from_json` wants them."""
    return {item.json_name: _json_type(item) for item in message.fields if item.name not in _NOT_TELEMETRY}


def align(source: pa.Array, target: pa.DataType) -> pa.Array:
    """Rename and cast what DuckDB read from JSON to the Arrow type that `ptars` yields for the message."""
    if pa.types.is_string(source.type) and pa.types.is_nested(target):
        return source  # unopened JSON of a nested value
    if pa.types.is_struct(target):
        return _align_struct(source, target)
    if pa.types.is_list(target):
        valid = pc.fill_null(pc.list_value_length(source), 0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate([[0], np.cumsum(valid)]).astype(np.int32))
        return pa.ListArray.from_arrays(offsets, align(pc.list_flatten(source), target.value_type))
    if pa.types.is_binary(target):
        return source
    if pa.types.is_integer(target) and pa.types.is_string(source.type):
        return _enum_numbers(source)
    return source.cast(target)


def _align_struct(source: pa.Array, target: pa.StructType) -> pa.Array:
    known = {source.type.field(index).name for index in range(source.type.num_fields)}
    arrays, names = [], []
    for item in target:
        name = camel(item.name)
        if name in known:
            arrays.append(align(pc.struct_field(source, name), item.type))
            names.append(item.name)
    return pa.StructArray.from_arrays(arrays, names=names, mask=pc.is_null(source))


def _parse(documents: pa.Array, shape: object) -> pa.Array:
    query = f"SELECT from_json(doc, '{json.dumps(shape)}') FROM given"
    return columns_of(query, {"doc": documents})[0]


def _decode(message: Any, serialized: pa.Array, what: str) -> pa.RecordBatch:
    try:
        return _handler(message).array_to_record_batch(serialized)
    except ValueError as error:
        raise InputError(
            f"not {what}: {error}.",
            fix="check that the body is uncompressed protobuf, and that the signal is the right one.",
        ) from error


def _open(items: pa.Array, name: str) -> pa.Array:
    from opentelemetry.proto.common.v1 import common_pb2

    message = common_pb2.DESCRIPTOR.message_types_by_name[name]
    handler = _handler(message)
    if not pa.types.is_string(items.type):
        batch = _decode(message, items, "an OTLP attribute value")
        return pa.StructArray.from_arrays(batch.columns, fields=list(batch.schema))
    return align(_parse(items, json_shape(message)), pa.struct(list(handler.schema())))


def _json_type(item: Any) -> object:
    kind: object
    if item.containing_type.name in {"ArrayValue", "KeyValueList"}:
        kind = "JSON"  # the recursion: opened level by level
    elif item.message_type is not None:
        kind = json_shape(item.message_type)
    else:
        kind = _sql_types(item.__class__).get(item.type, "VARCHAR")
    return [kind] if item.is_repeated else kind


@cache
def _sql_types(fields: Any) -> dict[int, str]:
    """Protobuf's scalar types in SQL; enums, bytes and strings stay text. `fields` is the descriptors' class."""
    types = dict.fromkeys((fields.TYPE_DOUBLE, fields.TYPE_FLOAT), "DOUBLE")
    types |= dict.fromkeys((fields.TYPE_INT32, fields.TYPE_SINT32), "INTEGER")
    types |= dict.fromkeys((fields.TYPE_UINT32, fields.TYPE_FIXED32), "UINTEGER")
    types |= dict.fromkeys((fields.TYPE_INT64, fields.TYPE_SINT64, fields.TYPE_SFIXED64), "BIGINT")
    types |= dict.fromkeys((fields.TYPE_UINT64, fields.TYPE_FIXED64), "UBIGINT")
    return types | {fields.TYPE_BOOL: "BOOLEAN"}


def camel(name: str) -> str:
    """`span_id` as `spanId`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _enum_numbers(names: pa.Array) -> pa.Array:
    """Enum values, which JSON has as numbers or (against the specification) as names."""
    encoded = names.dictionary_encode()
    known = _enum_values()
    numbers = [int(text) if text.isdigit() else known.get(text, 0) for text in encoded.dictionary.to_pylist()]
    return pc.fill_null(pa.array(numbers, pa.int32()).take(encoded.indices), 0)


@cache
def _enum_values() -> dict[str, int]:
    from opentelemetry.proto.logs.v1 import logs_pb2
    from opentelemetry.proto.metrics.v1 import metrics_pb2
    from opentelemetry.proto.trace.v1 import trace_pb2

    enums = [logs_pb2.SeverityNumber, metrics_pb2.AggregationTemporality]
    enums += [trace_pb2.Span.SpanKind, trace_pb2.Status.StatusCode]
    return {name: number for enum in enums for name, number in enum.items()}


@cache
def _descriptor(signal: Signal) -> Any:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    requests: dict[Signal, Any] = {
        "traces": ExportTraceServiceRequest,
        "logs": ExportLogsServiceRequest,
        "metrics": ExportMetricsServiceRequest,
    }
    return requests[signal].DESCRIPTOR


@cache
def _handler(message: Any) -> Any:
    from ptars import HandlerPool

    return HandlerPool([message.file]).get_for_message(message)
