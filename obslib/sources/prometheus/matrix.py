"""A matrix answer, streamed: from pieces of JSON to arrays, with no Python object per sample.

Nearly all of such an answer are the `values` arrays, `[[1764037200,"0.5"],[1764037260,"NaN"], ...]`.
They are cut out of the stream and read as CSV; the small frame that remains is decoded as JSON.
A label cannot pretend to be such an array: quotes inside JSON strings are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import numpy as np
import pyarrow as pa
from pyarrow import csv

from obslib.core.errors import SourceError, UnsupportedError
from obslib.sources._answers import BrokenBodyError
from obslib.sources.prometheus.answers import decode_data, open_envelope
from obslib.sources.prometheus.steps import Floats, Ints, Part, Stretch

_OPENING = re.compile(rb'"values"\s*:\s*\[')
_LONGEST_OPENING = 64
_CLOSING = re.compile(rb"\]\s*\]")
_EMPTY = re.compile(rb"\s*\]")
_BATCH_BYTES = 1 << 20
_PARSE = csv.ParseOptions(quote_char=False)
_LINES = bytes.maketrans(b"]", b"\n")
_CONVERT = csv.ConvertOptions(
    column_types={"time": pa.float64(), "value": pa.float64()},
    include_columns=["time", "value"],
    null_values=[],
    strings_can_be_null=False,
)


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    histograms: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Data(msgspec.Struct, rename={"result_type": "resultType"}):
    result_type: str
    result: list[_Series]


def read_matrix(chunks: Iterable[bytes], stretch: Stretch) -> Part:
    """Read the answer for a stretch of steps, piece by piece.

    Raises
    ------
    BrokenBodyError
        If it ends early or is not JSON.
    UnsupportedError
        If it has native histograms, which are no numbers.
    QueryError, SourceError
        If it is an error, no matrix, or has other points than those that were asked for.
    """
    numbers = _Numbers(stretch)
    envelope = open_envelope(_cut(chunks, numbers))
    data = decode_data(envelope.data, _Data)
    if data.result_type != "matrix":
        raise SourceError(
            f"the answer is a {data.result_type}, not a matrix.",
            fix="check that the url leads to the Prometheus HTTP API and not to something in between.",
        )
    if any(one.histograms is not msgspec.UNSET for one in data.result):
        raise UnsupportedError(
            "the result has native histograms, which a table of numbers cannot hold.",
            fix="take numbers of them: histogram_quantile(0.9, ...), histogram_count(...), histogram_avg(...).",
        )
    blocks = numbers.finish()
    if any(one.values for one in data.result) or sum(map(len, blocks)) != len(data.result):
        raise BrokenBodyError("series and their values do not match")
    return Part(stretch, [one.metric for one in data.result], blocks, envelope.notes())


def _cut(chunks: Iterable[bytes], numbers: _Numbers) -> bytearray:
    """Give the contents of every `values` array to `numbers`; what remains of the JSON."""
    frame, buffer = bytearray(), bytearray()
    at = sought = 0  # `buffer[:at]` is dealt with; what is looked for does not begin before `sought`
    inside = False
    for chunk in chunks:
        del buffer[:at]
        at, sought = 0, max(sought - at, 0)
        buffer += chunk
        while True:
            if inside:
                brace = buffer.find(b"}", sought)  # no number has one, so the array ends before it
                if brace < 0:
                    sought = len(buffer)
                    break
                end = _end_of_array(buffer, at, brace)
                numbers.add(bytes(memoryview(buffer)[at:end]))
                at = sought = end
            else:
                found = _OPENING.search(buffer, sought)
                if found is None:
                    sought = max(sought, len(buffer) - _LONGEST_OPENING)
                    break
                frame += memoryview(buffer)[at : found.end()]
                at = sought = found.end()
            inside = not inside
    if inside:
        raise BrokenBodyError("the body ends within the values of a series")
    frame += memoryview(buffer)[at:]
    return frame


def _end_of_array(buffer: bytearray, start: int, brace: int) -> int:
    """Where the bracket stands that closes an array of pairs; `brace` is the next `}` behind its start."""
    empty = _EMPTY.match(buffer, start)
    if empty:
        return empty.end() - 1
    if buffer.find(b":", start, brace) < 0:  # nothing but the array: the common case, and quick to see
        end = buffer.rfind(b"]", start, brace)
    else:
        closing = _CLOSING.search(buffer, start, brace)
        end = closing.end() - 1 if closing else -1
    if end < 0:
        raise BrokenBodyError("the values of a series do not end")
    return end


@dataclass
class _Numbers:
    """Collects the texts of arrays, and makes rows of them about a megabyte at a time."""

    _stretch: Stretch
    _blocks: list[Floats] = field(default_factory=list)
    _texts: list[bytes] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)
    _size: int = 0

    def add(self, text: bytes) -> None:
        count = text.count(b"[")
        self._counts.append(count)
        if count:
            self._texts.append(text)
            self._size += len(text)
        if self._size >= _BATCH_BYTES:
            self._parse()

    def finish(self) -> list[Floats]:
        if self._counts:
            self._parse()
        return self._blocks

    def _parse(self) -> None:
        counts = np.array(self._counts, dtype=np.int64)
        times, values = parse_pairs(b",".join(self._texts))
        if len(times) != counts.sum():
            raise BrokenBodyError(f"{int(counts.sum())} points were announced, {len(times)} can be read")
        self._blocks.append(self._stretch.place(counts, times, values))
        self._texts, self._counts, self._size = [], [], 0


def parse_pairs(text: bytes) -> tuple[Ints, Floats]:
    """Times (epoch ms) and values of `[seconds,"value"],[seconds,"value"], ...`.

    Raises
    ------
    BrokenBodyError
        If anything in it is not a pair of numbers.

    Examples
    --------
    >>> parse_pairs(b'[1764037200,"0.5"],[1764037260.25,"+Inf"]')
    (array([1764037200000, 1764037260250]), array([0.5, inf]))
    """
    if not text:
        return np.empty(0, dtype=np.int64), np.empty(0)
    # `[1,"2"],[3,"4"]` becomes the lines `,1,2` and `,3,4`: one pass, for a first column that nobody reads.
    lines = b"," + text.translate(_LINES, b'[" \t\r\n')
    read = csv.ReadOptions(column_names=["", "time", "value"], use_threads=False, block_size=len(lines) + 1)
    try:
        table = csv.read_csv(pa.BufferReader(lines), read, _PARSE, _CONVERT)
    except pa.ArrowInvalid as error:
        raise BrokenBodyError(f"a value is not a number: {str(error)[:200]}") from error
    seconds, values = table["time"].to_numpy(), table["value"].to_numpy()
    return np.rint(seconds * 1000.0).astype(np.int64), values
