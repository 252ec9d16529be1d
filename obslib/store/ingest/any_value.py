"""OTLP attribute values (`AnyValue`) as JSON text, column by column.

Both encodings arrive as the same Arrow structs. What lies below an array or a map is recursive and
so arrives unopened: serialized messages from protobuf, JSON text from JSON; each level is opened as
one more column, not one more object.
Reference: opentelemetry-proto, common/v1/common.proto.
"""

from __future__ import annotations

import base64
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obslib.store.ingest import otlp_shapes as shapes
from obslib.store.ingest.nested import column, explode, field, offsets_of

_MAX_DEPTH = 32
_NEEDS_ESCAPE = r'["\\\x00-\x1f]'
_OTHER_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"


def attributes_json(attributes: pa.Array) -> pa.Array:
    """Lists of `KeyValue` as JSON objects; absent lists are `{}`."""
    return _objects(attributes, depth=0)


def values_text(values: pa.Array) -> pa.Array:
    """`AnyValue`s as text: strings as they are, all else as JSON; null where there is no value."""
    text = field(values, "string_value")
    if text.null_count == 0:
        return text
    return pc.coalesce(text, pc.if_else(_is_set(values), values_json(values), None))


def values_json(values: pa.Array, depth: int = 0) -> pa.Array:
    """`AnyValue`s as JSON; `null` where there is no value."""
    parts = [json_strings(field(values, "string_value"))]
    if pc.any(pc.is_null(parts[0])).as_py():
        parts += [
            pc.cast(field(values, "int_value"), pa.string()),
            pc.cast(field(values, "bool_value"), pa.string()),
            json_numbers(field(values, "double_value")),
            _bytes_json(field(values, "bytes_value")),
        ]
        parts += [_nested_json(values, name, depth) for name in ("array_value", "kvlist_value")]
    return pc.coalesce(*parts, "null")


def attribute(attributes: pa.Array, key: str) -> pa.Array:
    """The text of one attribute in each list of `KeyValue`; null where it is absent."""
    pairs, rows = explode(attributes)
    result = np.full(len(attributes), None, dtype=object)
    hits = np.flatnonzero(pc.equal(column(pairs, "key", ""), key).to_numpy(zero_copy_only=False))
    found = values_text(field(pairs.take(pa.array(hits)), "value"))
    result[rows[hits]] = found.to_numpy(zero_copy_only=False)
    return pa.array(result, pa.string())


def json_strings(texts: pa.Array) -> pa.Array:
    """Texts as JSON strings, escaped; null stays null."""
    if pc.any(pc.match_substring_regex(texts, _NEEDS_ESCAPE)).as_py():
        for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
            texts = pc.replace_substring(texts, raw, escaped)
        if pc.any(pc.match_substring_regex(texts, _OTHER_CONTROL)).as_py():
            for code in (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)):
                texts = pc.replace_substring(texts, chr(code), f"\\u{code:04x}")
    return pc.binary_join_element_wise('"', texts, '"', "")


def json_numbers(numbers: pa.Array) -> pa.Array:
    """Floats as JSON; NaN and infinities, which JSON lacks, become the strings that protojson uses."""
    text = pc.cast(numbers, pa.string())
    if not pc.all(pc.is_finite(numbers)).as_py():
        names = pc.if_else(pc.is_nan(numbers), '"NaN"', pc.if_else(pc.greater(numbers, 0), '"Infinity"', '"-Infinity"'))
        text = pc.if_else(pc.is_finite(numbers), text, names)
    return text


def _objects(pairs: pa.Array, depth: int) -> pa.Array:
    flat, _ = explode(pairs)
    keys = column(flat, "key", "").dictionary_encode()
    names = pa.array([json.dumps(key, ensure_ascii=False) + ":" for key in keys.dictionary.to_pylist()], pa.string())
    texts = pc.binary_join_element_wise(names.take(keys.indices), values_json(field(flat, "value"), depth), "")
    return _wrapped(pairs, texts, "{", "}")


def _nested_json(values: pa.Array, name: str, depth: int) -> pa.Array:
    """`array_value` or `kvlist_value`: open the elements one level, then write them the same way."""
    holders = field(values, name)
    present = pc.is_valid(holders)
    if not pc.any(present).as_py():
        return pa.nulls(len(values), pa.string())
    items = field(holders, "values")
    if depth >= _MAX_DEPTH:
        text: pa.Array | str = '"(nested too deep)"'
    elif name == "array_value":
        opened = shapes.open_any_values(explode(items)[0])
        text = _wrapped(items, values_json(opened, depth + 1), "[", "]")
    else:
        opened = shapes.open_key_values(explode(items)[0])
        offsets = pa.array(offsets_of(items).astype(np.int32))
        text = _objects(pa.ListArray.from_arrays(offsets, opened), depth + 1)
    return pc.if_else(present, text, None)


def _wrapped(lists: pa.Array, texts: pa.Array, opening: str, closing: str) -> pa.Array:
    offsets = pa.array(offsets_of(lists).astype(np.int32))
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, texts), ",")
    return pc.binary_join_element_wise(opening, joined, closing, "")


def _bytes_json(values: pa.Array) -> pa.Array:
    """Bytes as base64 strings, as in OTLP/JSON (where they arrive as such)."""
    if pa.types.is_string(values.type):
        return json_strings(values)
    encoded = values.dictionary_encode()
    texts = [f'"{base64.b64encode(value).decode()}"' for value in encoded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(encoded.indices)


def _is_set(values: pa.Array) -> pa.Array:
    names = ("string_value", "bool_value", "int_value", "double_value", "array_value", "kvlist_value", "bytes_value")
    is_set = pc.is_valid(field(values, names[0]))
    for name in names[1:]:
        is_set = pc.or_(is_set, pc.is_valid(field(values, name)))
    return is_set
