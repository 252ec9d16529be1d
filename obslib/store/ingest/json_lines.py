"""Log files with one JSON object a line, in any of the common layouts (see `json_fields`).

Time, severity, body, service, trace and span id go to their columns; all other fields become
attributes under their own names, nested objects flattened with dots.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.layout import Batch
from obslib.store.ingest import json_fields as known
from obslib.store.ingest.duck import columns_of
from obslib.store.ingest.file_context import FileContext
from obslib.store.ingest.json_paths import FlatObjects, flatten, is_object
from obslib.store.ingest.lines import Lines, Stream
from obslib.store.ingest.log_records import (
    attach_continuations,
    flag_lacking_zone,
    log_table,
    severity_numbers,
    with_tails,
)
from obslib.store.ingest.moments import parse_moments

_ID = r"^[0-9a-fA-F]{16}$|^[0-9a-fA-F]{32}$"


def read_json_lines(stream: Stream, context: FileContext) -> Iterator[Batch]:
    """Batches of a JSON lines file; lines that are no JSON object are skipped and counted.

    Indented lines below an object (a stack trace that went around the logger) are added to its body.
    """
    for lines in stream.lines():
        yield Batch(logs=_decode(lines, context))


def _decode(lines: Lines, context: FileContext) -> pa.Table:
    objects = is_object(lines.texts).to_numpy(zero_copy_only=False)
    rows, tails = attach_continuations(lines, objects, context.report, "not a JSON object")
    records = _Records(flatten(lines.texts.take(pa.array(rows))), len(rows))
    times = records.text(known.TIME)
    flag_lacking_zone(times, rows + lines.first, context.report, "line")
    words = records.text(known.SEVERITY)
    numbers = records.text(known.SEVERITY_NUMBER)
    columns = {
        "timestamp": parse_moments(times),
        "trace_id": _identifier(records.text(known.TRACE_ID)),
        "span_id": _identifier(records.text(known.SPAN_ID)),
        "service_name": pc.fill_null(records.text(known.SERVICE), ""),
        "severity_number": _severity_number(numbers, words),
        "severity_text": _severity_text(words),
        "body": with_tails(pc.utf8_rtrim(pc.fill_null(records.text(known.BODY), ""), "\r\n"), tails),
        "log_attributes": records.rest(),
    }
    return log_table(columns, context.service, context.report, [int(row) + lines.first for row in rows])


class _Records:
    """Flattened objects from which columns are taken; what is not taken are the attributes."""

    def __init__(self, flat: FlatObjects, rows: int) -> None:
        self._flat, self._rows = flat, rows
        self._places = {field.name: place for place, field in enumerate(flat.fields)}
        self._taken: set[int] = set()

    def text(self, names: Sequence[str]) -> pa.Array:
        """The first of the named fields that each object has, as text; the others stay attributes.

        Objects and arrays under such a name are no text and stay attributes as well.
        """
        found = pa.nulls(self._rows, pa.string())
        for name in names:
            place = self._places.get(name)
            if place is None or place in self._taken or found.null_count == 0:
                continue
            column = self._flat.column(place)
            nested = pc.match_substring_regex(column, r"^[\[{]")
            if pc.any(nested).as_py() or not pc.all(pc.or_(found.is_null(), column.is_null())).as_py():
                found = pc.coalesce(found, pc.if_else(nested, None, _unquoted(column)))
                continue
            found = pc.coalesce(found, _unquoted(column))
            self._taken.add(place)
        return found

    def rest(self) -> pa.Array:
        """All fields that were not taken, as one JSON object a row."""
        fields = self._flat.fields
        kept = [place for place in range(len(fields)) if place not in self._taken]
        if not kept:
            return pa.repeat("{}", self._rows)
        grid = np.arange(self._rows)[:, None] * len(fields) + np.array(kept)
        values = self._flat.values.take(pa.array(grid.ravel()))
        names = pa.array([json.dumps(fields[place].name, ensure_ascii=False) + ":" for place in kept])
        members = pc.binary_join_element_wise(
            names.take(pa.array(np.tile(np.arange(len(kept)), self._rows))), values, ""
        )
        present = members.is_valid()
        counts = present.to_numpy(zero_copy_only=False).reshape(self._rows, len(kept)).sum(axis=1)
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
        joined = pc.binary_join(pa.ListArray.from_arrays(offsets, members.filter(present)), ",")
        return pc.binary_join_element_wise("{", joined, "}", "")


def _unquoted(values: pa.Array) -> pa.Array:
    """JSON strings as text, other values as they are written."""
    plain = pc.utf8_slice_codeunits(values, 1, -1)
    if pc.any(pc.match_substring(values, "\\")).as_py():
        (plain,) = columns_of("SELECT json_extract_string(value, '$') FROM given", {"value": values})
    return pc.if_else(pc.starts_with(values, '"'), plain, values)


def _identifier(texts: pa.Array) -> pa.Array:
    """Hex ids in lower case, UUIDs without hyphens; other forms (Datadog's decimals) are kept as they are."""
    plain = pc.replace_substring(pc.fill_null(texts, ""), "-", "")
    is_hex = pc.match_substring_regex(plain, _ID)
    return pc.if_else(is_hex, pc.utf8_lower(plain), pc.fill_null(texts, ""))


def _severity_number(numbers: pa.Array, words: pa.Array) -> pa.Array:
    own = pc.if_else(pc.match_substring_regex(numbers, r"^(?:[1-9]|1\d|2[0-4])$"), numbers, None).cast(pa.int32())
    return pc.coalesce(own, pc.if_else(_is_number(words), _numbered(words), severity_numbers(words)))


def _severity_text(words: pa.Array) -> pa.Array:
    numbered = _numbered(words).dictionary_encode()
    names = pa.array([known.SEVERITY_WORDS.get(number, "") for number in numbered.dictionary.to_pylist()], pa.string())
    return pc.if_else(_is_number(words), names.take(numbered.indices), pc.utf8_upper(pc.fill_null(words, "")))


def _is_number(words: pa.Array) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(words, r"^\d+$"), False)


def _numbered(words: pa.Array) -> pa.Array:
    encoded = pc.fill_null(words, "").dictionary_encode()
    numbers = [known.NUMBERED_LEVELS.get(word, 0) for word in encoded.dictionary.to_pylist()]
    return pa.array(numbers, pa.int32()).take(encoded.indices)
