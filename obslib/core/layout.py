"""The Arrow schemas that the store keeps: OpenTelemetry's layout, named as `duckdb-otlp` names it.

Producers (file ingest, receivers, scrapes, the demo) hand batches of these; the store sorts and
writes them. Attribute columns are JSON objects as text. `timestamp`s are nanoseconds in UTC.
Reference: smithclay/duckdb-otlp, docs/reference/schemas.md; the ClickHouse exporter of
opentelemetry-collector-contrib. Metrics differ: labels are kept once (SERIES), samples are
(series, time, value) with milliseconds, as in Prometheus' own database.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obslib.core.errors import SchemaError, nearest

_TIMESTAMP = pa.timestamp("ns", "UTC")
_WORD = pa.dictionary(pa.int32(), pa.string())

LABELS = pa.map_(pa.string(), pa.string())

SERIES = pa.schema(
    {
        "metric_name": pa.string(),
        "metric_type": pa.string(),  # counter, gauge, histogram, summary, unknown
        "metric_unit": pa.string(),
        "metric_description": pa.string(),
        "labels": LABELS,  # without __name__
    }
)

LOGS = pa.schema(
    {
        "timestamp": _TIMESTAMP,
        "observed_timestamp": pa.int64(),
        "trace_id": pa.string(),  # lower-case hex, "" if none
        "span_id": pa.string(),
        "service_name": _WORD,
        "service_namespace": _WORD,
        "service_instance_id": _WORD,
        "severity_number": pa.int32(),  # 1-24, 0 unknown
        "severity_text": _WORD,
        "body": pa.string(),
        "resource_attributes": _WORD,
        "scope_name": _WORD,
        "scope_version": _WORD,
        "scope_attributes": _WORD,
        "log_attributes": pa.string(),
    }
)

SPANS = pa.schema(
    {
        "timestamp": _TIMESTAMP,
        "end_timestamp": pa.int64(),
        "duration": pa.int64(),
        "trace_id": pa.string(),
        "span_id": pa.string(),
        "parent_span_id": pa.string(),
        "trace_state": _WORD,
        "service_name": _WORD,
        "service_namespace": _WORD,
        "service_instance_id": _WORD,
        "span_name": _WORD,
        "span_kind": pa.int32(),  # 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer
        "status_code": pa.int32(),  # 0 unset, 1 ok, 2 error
        "status_message": _WORD,
        "resource_attributes": _WORD,
        "scope_name": _WORD,
        "scope_version": _WORD,
        "scope_attributes": _WORD,
        "span_attributes": pa.string(),
        "events_json": pa.string(),
        "links_json": pa.string(),
        "dropped_attributes_count": pa.int32(),
        "dropped_events_count": pa.int32(),
        "dropped_links_count": pa.int32(),
        "flags": pa.int32(),
    }
)

EVENTS = pa.schema(
    {
        "start_timestamp": _TIMESTAMP,
        "end_timestamp": _TIMESTAMP,  # null while it lasts
        "event_kind": _WORD,  # deploy, config_change, campaign, alert, incident, annotation ...
        "event_name": pa.string(),
        "severity_text": _WORD,
        "service_name": _WORD,
        "source": _WORD,
        "event_attributes": pa.string(),
    }
)

EXEMPLARS = pa.schema(
    {
        "timestamp": _TIMESTAMP,
        "metric_name": pa.string(),
        "labels": LABELS,  # of the series, without __name__
        "value": pa.float64(),
        "trace_id": pa.string(),
        "span_id": pa.string(),
    }
)


@dataclass(frozen=True)
class MetricBatch:
    """Samples in any order: sample `i` belongs to row `codes[i]` of `series`.

    `series` follows SERIES; `times` are epoch milliseconds; `values` may hold stale markers.
    """

    series: pa.Table
    codes: npt.NDArray[np.int32]
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Batch:
    """What a producer hands over at once, any signals together; the store commits it whole or not at all."""

    metrics: MetricBatch | None = None
    logs: pa.Table | None = None
    spans: pa.Table | None = None
    events: pa.Table | None = None
    exemplars: pa.Table | None = None


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Cast `table` to `schema`, adding absent columns with their neutral value (`""`, `{}`, 0 or null).

    Raises
    ------
    SchemaError
        Naming every column that the schema has no place for, stands twice or cannot be cast, all at once.
    """
    faults = [
        f"column {name!r} has no place in the layout ({nearest(name, schema.names)})"
        for name in table.column_names
        if name not in schema.names
    ]
    faults += [f"column {name!r} stands twice" for name in schema.names if table.column_names.count(name) > 1]
    columns = []
    for item in () if faults else schema:
        try:
            present = item.name in table.column_names
            columns.append(_cast(table[item.name], item.type) if present else _neutral(item, table.num_rows))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            faults.append(f"column {item.name!r} cannot become {item.type}: {error}")
    if faults:
        raise SchemaError("telemetry", faults, fix="put further fields into the attributes column, as JSON text.")
    return pa.Table.from_arrays(columns, schema=schema)


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_dictionary(wanted) and not pa.types.is_dictionary(column.type):
        return column.cast(pa.string()).dictionary_encode().cast(wanted)
    return column.cast(wanted)


def _neutral(item: pa.Field, rows: int) -> pa.Array:
    if pa.types.is_integer(item.type):
        return pa.repeat(pa.scalar(0, item.type), rows)
    text = "{}" if item.name.endswith("attributes") else "[]" if item.name.endswith("_json") else ""
    if pa.types.is_dictionary(item.type):
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array([text]))
    if pa.types.is_string(item.type):
        return pa.repeat(text, rows)
    if pa.types.is_map(item.type):
        return pa.array([[]], item.type).take(pa.array(np.zeros(rows, dtype=np.int32)))
    return pa.nulls(rows, item.type)  # a time or a number that nobody knows
