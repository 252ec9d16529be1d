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
