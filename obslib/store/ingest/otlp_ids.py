"""Trace and span ids of either OTLP encoding as lower-case hex."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obslib.store.ingest.duck import columns_of
from obslib.store.ingest.report import IngestReport

_HEX = np.array([f"{byte:02x}" for byte in range(256)], dtype="S2")


def trace_ids(ids: pa.Array, report: IngestReport, unit: str) -> pa.Array:
    """`hex_text` of trace ids; one that is not 16 bytes is flagged as of the `unit` it stands in, and `""`."""
    return _of_size(hex_text(ids), 16, "trace id", report, unit)


def span_ids(ids: pa.Array, report: IngestReport, unit: str, *, name: str = "span id") -> pa.Array:
    """`hex_text` of span ids; one that is not 8 bytes is flagged as of the `unit` it stands in, and `""`."""
    return _of_size(hex_text(ids), 8, name, report, unit)


def hex_text(ids: pa.Array) -> pa.Array:
    """Ids as lower-case hex, `""` where absent or all zero.

    Bytes (protobuf) are written out; text (JSON) may be hex or, as protojson dumps have it, base64.
    """
    if pa.types.is_string(ids.type):
        return _hex_of_text(pc.fill_null(ids, ""))
    filled = pc.fill_null(ids, b"")
    _, offsets, data = filled.buffers()
    starts = np.frombuffer(offsets, dtype=np.int32)[filled.offset : filled.offset + len(filled) + 1]
    raw = np.frombuffer(data or b"", dtype=np.uint8)[starts[0] : starts[-1]]
    text = pa.py_buffer(_HEX[raw].tobytes())
    ends = pa.py_buffer(((starts - starts[0]) * 2).astype(np.int32))
    return _without_zero_ids(pa.StringArray.from_buffers(len(filled), ends, text))


def _of_size(ids: pa.Array, size: int, name: str, report: IngestReport, unit: str) -> pa.Array:
    valid = pc.match_substring_regex(ids, f"^(?:[0-9a-f]{{{2 * size}}})?$")
    invalid = np.flatnonzero(~valid.to_numpy(zero_copy_only=False))
    if not len(invalid):
        return ids
    reason = f"{name} that is not {size} bytes, left empty"
    report.flag(reason, (int(row) + 1 for row in invalid), unit=unit, count=len(invalid))
    return pc.if_else(valid, ids, "")


def _hex_of_text(ids: pa.Array) -> pa.Array:
    if pc.any(pc.is_in(pc.utf8_length(ids), pa.array([12, 24], pa.int32()))).as_py():
        query = """SELECT CASE WHEN length(id) IN (12, 24) THEN coalesce(lower(hex(try(from_base64(id)))), id)
                   ELSE id END AS id FROM given"""
        (ids,) = columns_of(query, {"id": ids})
    return _without_zero_ids(pc.utf8_lower(ids))


def _without_zero_ids(ids: pa.Array) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(ids, "^0+$"), "", ids)
