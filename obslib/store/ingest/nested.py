"""Small Arrow helpers: open nested lists, keep the way back to the parent, encode words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def explode(lists: pa.Array) -> tuple[pa.Array, Indices]:
    """All elements of all lists, and for each the row its list stood in (null lists are empty)."""
    return pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)


def offsets_of(lists: pa.Array) -> Indices:
    """Where each list starts among the elements that `explode` returns; one more entry closes the last."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def field(structs: pa.Array, name: str) -> pa.Array:
    """A struct's field, null where the struct is null."""
    return pc.struct_field(structs, name)


def column(structs: pa.Array, name: str, fallback: float | str) -> pa.Array:
    """A struct's field with `fallback` where it is absent."""
    return pc.fill_null(field(structs, name), fallback)


def integers(structs: pa.Array, name: str) -> Indices:
    """A struct's integer field; absent, or beyond 63 bits, is 0."""
    found = column(structs, name, 0).to_numpy(zero_copy_only=False)
    return np.where(found <= np.uint64(np.iinfo(np.int64).max), found, 0).astype(np.int64)


def floats(values: pa.Array) -> Floats:
    """Any numbers as floats; null is NaN."""
    return np.asarray(pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def spread(values: pa.Array, rows: Indices) -> pa.DictionaryArray:
    """`values[rows]`, dictionary-encoded: each distinct text is kept once."""
    encoded = pc.fill_null(values, "").dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.take(pa.array(rows)), encoded.dictionary)


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as a single array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


_HEX = np.array([f"{byte:02x}" for byte in range(256)], dtype="S2")


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


def _hex_of_text(ids: pa.Array) -> pa.Array:
    if pc.any(pc.is_in(pc.utf8_length(ids), pa.array([12, 24], pa.int32()))).as_py():
        import duckdb

        query = """SELECT CASE WHEN length(id) IN (12, 24) THEN coalesce(lower(hex(try(from_base64(id)))), id)
                   ELSE id END AS id FROM given"""
        with duckdb.connect() as connection:
            connection.register("given", pa.table({"id": ids}))
            ids = one_array(connection.sql(query).to_arrow_table()["id"])
    return _without_zero_ids(pc.utf8_lower(ids))


def _without_zero_ids(ids: pa.Array) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(ids, "^0+$"), "", ids)
