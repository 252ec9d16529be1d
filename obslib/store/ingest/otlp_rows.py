"""OTLP resource structs, flattened to the store's LOGS and SPANS tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core import layout
from obslib.store.ingest.any_value import attribute, attributes_json, json_strings, values_text
from obslib.store.ingest.nested import Indices, column, explode, field, integers, offsets_of, spread
from obslib.store.ingest.otlp_ids import span_ids, trace_ids
from obslib.store.ingest.report import IngestReport

_NO_TIME = "no timestamp"


@dataclass(frozen=True)
class Context:
    """Records of one signal with, for each, the row of its resource and of its scope."""

    records: pa.Array
    columns: dict[str, pa.Array]

    @classmethod
    def of(cls, resources: pa.Array, scopes_name: str, records_name: str) -> Context:
        """Open resources, then scopes, then records; resource and scope columns follow each record."""
        scopes, resource_rows = explode(field(resources, scopes_name))
        records, scope_rows = explode(field(scopes, records_name))
        per_resource = resource_columns(field(resources, "resource"))
        scope = field(scopes, "scope")
        per_scope = {
            name: column(scope, part, "") for name, part in (("scope_name", "name"), ("scope_version", "version"))
        }
        per_scope["scope_attributes"] = attributes_json(field(scope, "attributes"))
        followed = {name: spread(values, resource_rows[scope_rows]) for name, values in per_resource.items()}
        followed |= {name: spread(values, scope_rows) for name, values in per_scope.items()}
        return cls(records, followed)


def resource_columns(resources: pa.Array) -> dict[str, pa.Array]:
    """The layout's resource columns, one row per resource."""
    attributes = field(resources, "attributes")
    columns = {name.replace(".", "_"): attribute(attributes, name) for name in SERVICE_KEYS}
    return columns | {"resource_attributes": attributes_json(attributes)}


SERVICE_KEYS = ("service.name", "service.namespace", "service.instance.id")


def spans_table(resources: pa.Array, report: IngestReport) -> pa.Table:
    """SPANS rows of `resource_spans`; spans without a start are skipped, invalid ids and ends flagged."""
    context = Context.of(resources, "scope_spans", "spans")
    spans = context.records
    start, end = integers(spans, "start_time_unix_nano"), integers(spans, "end_time_unix_nano")
    status = field(spans, "status")
    table = {
        "timestamp": pa.array(start),
        "end_timestamp": pa.array(end),
        "duration": pa.array(_durations(start, end, report)),
        "trace_id": trace_ids(field(spans, "trace_id"), report, "span"),
        "span_id": span_ids(field(spans, "span_id"), report, "span"),
        "parent_span_id": span_ids(field(spans, "parent_span_id"), report, "span", name="parent span id"),
        "trace_state": column(spans, "trace_state", ""),
        "span_name": column(spans, "name", ""),
        "span_kind": column(spans, "kind", 0),
        "status_code": column(status, "code", 0),
        "status_message": column(status, "message", ""),
        "span_attributes": attributes_json(field(spans, "attributes")),
        "events_json": _events(field(spans, "events")),
        "links_json": _links(field(spans, "links"), report),
        **{name: pa.array(integers(spans, name).astype(np.int32)) for name in _COUNTS},
        **context.columns,
    }
    return _finish(table, layout.SPANS, start > 0, "span", report)


def logs_table(resources: pa.Array, report: IngestReport) -> pa.Table:
    """LOGS rows of `resource_logs`; records without any time are skipped and counted."""
    context = Context.of(resources, "scope_logs", "log_records")
    logs = context.records
    own, observed = integers(logs, "time_unix_nano"), integers(logs, "observed_time_unix_nano")
    time = np.where(own > 0, own, observed)
    table = {
        "timestamp": pa.array(time),
        "observed_timestamp": pa.array(observed),
        "trace_id": trace_ids(field(logs, "trace_id"), report, "log record"),
        "span_id": span_ids(field(logs, "span_id"), report, "log record"),
        "severity_number": column(logs, "severity_number", 0),
        "severity_text": column(logs, "severity_text", ""),
        "body": pc.fill_null(values_text(field(logs, "body")), ""),
        "log_attributes": _with_event_name(attributes_json(field(logs, "attributes")), column(logs, "event_name", "")),
        **context.columns,
    }
    return _finish(table, layout.LOGS, time > 0, "log record", report)


def _durations(start: Indices, end: Indices, report: IngestReport) -> Indices:
    """Nanoseconds from start to end, below 0 where clocks ran apart; 0 where there is no end."""
    for reason, faulty in (
        ("span that ends before it starts, its duration is kept negative", (end > 0) & (end < start)),
        ("span without an end, its duration is 0", (end == 0) & (start > 0)),
    ):
        found = np.flatnonzero(faulty)
        report.flag(reason, (int(row) + 1 for row in found), unit="span", count=len(found))
    return np.where(end > 0, end - start, 0)


_COUNTS = ("dropped_attributes_count", "dropped_events_count", "dropped_links_count", "flags")


def _finish(
    table: dict[str, pa.Array], schema: pa.Schema, keep: npt.NDArray[np.bool_], unit: str, report: IngestReport
) -> pa.Table:
    rows = layout.conform(pa.table(table), schema)
    if keep.all():
        return rows
    report.skip(_NO_TIME, (np.flatnonzero(~keep) + 1).tolist(), unit=unit)
    return rows.filter(pa.array(keep))


def _with_event_name(attributes: pa.Array, names: pa.Array) -> pa.Array:
    """OTLP's `event_name` has no column of its own in the layout; it is kept as attribute `event.name`."""
    named = pc.not_equal(names, "")
    if not pc.any(named).as_py():
        return attributes
    rest = pc.utf8_slice_codeunits(attributes, 1)
    comma = pc.if_else(pc.equal(rest, "}"), "", ",")
    return pc.if_else(
        named, pc.binary_join_element_wise('{"event.name":', json_strings(names), comma, rest, ""), attributes
    )


def _events(events: pa.Array) -> pa.Array:
    flat, _ = explode(events)
    return _json_list(
        events,
        {
            "time_unix_nano": pc.cast(column(flat, "time_unix_nano", 0), pa.string()),
            "name": json_strings(column(flat, "name", "")),
            "attributes": attributes_json(field(flat, "attributes")),
        },
    )


def _links(links: pa.Array, report: IngestReport) -> pa.Array:
    flat, _ = explode(links)
    return _json_list(
        links,
        {
            "trace_id": json_strings(trace_ids(field(flat, "trace_id"), report, "link")),
            "span_id": json_strings(span_ids(field(flat, "span_id"), report, "link")),
            "trace_state": json_strings(column(flat, "trace_state", "")),
            "attributes": attributes_json(field(flat, "attributes")),
        },
    )


def _json_list(lists: pa.Array, members: dict[str, pa.Array]) -> pa.Array:
    """One JSON array of objects per list; `members` are JSON texts of the flattened elements."""
    parts: list[pa.Array | str] = []
    for position, (name, texts) in enumerate(members.items()):
        parts += ["{" if position == 0 else ",", f'"{name}":', texts]
    objects = pc.binary_join_element_wise(*parts, "}", "")
    offsets = pa.array(offsets_of(lists).astype(np.int32))
    return pc.binary_join_element_wise("[", pc.binary_join(pa.ListArray.from_arrays(offsets, objects), ","), "]", "")
