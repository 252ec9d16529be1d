"""CSV with a header: measurements (one value a row, or one column a series) or log records.

A column named like a time is required. With a column named like a message the rows are log records.
Otherwise columns of numbers are series, and columns of text are their labels; a column `value` is
named by a column `metric` (or `name`), or by the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.layout import Batch, MetricBatch
from obslib.store.ingest import json_fields as known
from obslib.store.ingest.file_context import FileContext
from obslib.store.ingest.json_objects import string_members
from obslib.store.ingest.lines import Stream
from obslib.store.ingest.log_records import flag_lacking_zone, log_table, severity_numbers
from obslib.store.ingest.moments import parse_moments
from obslib.store.ingest.nested import Indices, floats
from obslib.store.ingest.openmetrics import parse_series
from obslib.store.ingest.otlp_names import label_name
from obslib.store.ingest.report import IngestReport
from obslib.store.ingest.series_table import SeriesIndex, SeriesRow

DELIMITERS = (",", ";", "\t", "|")
_TIMES = ("timestamp", "@timestamp", "datetime", "time", "_time", "ts", "event_time", "start_time", "date")
_VALUES = {"value", "_value", "val"}
_METRICS = ("metric", "metric_name", "__name__", "_measurement", "series", "name")
_MESSAGES = {"message", "msg", "body", "content", "log"}
_NUMBER = r"^[ \t]*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[ \t]*$|^[ \t]*[-+]?(?i:inf|infinity|nan)[ \t]*$"
_BLOCK_BYTES = 8 << 20
_HEADER_BYTES = 64 << 10


@dataclass(frozen=True)
class Columns:
    """What the columns are: the time (perhaps a date and a time of day), then a message, or numbers with labels."""

    time: tuple[str, ...]
    message: str | None
    numbers: tuple[str, ...]
    labels: tuple[str, ...]
    metric: str | None


def sniff(head: bytes) -> tuple[str, list[str]] | None:
    """Delimiter and header of a CSV file with a time column; None if it is none."""
    first = head[:_HEADER_BYTES].split(b"\n", 1)[0].decode("utf-8", "replace").strip("\r\ufeff").replace("\r", " ")
    for delimiter in sorted(DELIMITERS, key=first.count, reverse=True):
        header = next(csv.reader([first], delimiter=delimiter), [])
        if len(header) > 1 and any(name.strip().lower() in _TIMES for name in header):
            return delimiter, header
    return None


def read_csv(stream: Stream, context: FileContext) -> Iterator[Batch]:
    """Batches of a CSV file; rows of another length and cells that are no number are skipped and counted."""
    sniffed = sniff(stream.head)
    if sniffed is None:
        raise context.error(
            "line 1",
            "no header with a time column and at least one more",
            f"name the columns in line 1, the time as one of {', '.join(_TIMES)}.",
        )
    delimiter, header = sniffed
    columns: Columns | None = None
    index = SeriesIndex()
    for table, numbers in _tables(stream, delimiter, header, context.report):
        columns = columns or classify(table)
        rows = _Rows(table, columns, context, numbers, index)
        yield Batch(logs=rows.logs()) if columns.message else Batch(metrics=rows.metrics())


def classify(table: pa.Table) -> Columns:
    """Decide by the names and the first block of cells what each column is."""
    lower = {name.strip().lower(): name for name in reversed(table.column_names)}
    time = _time_columns(lower)
    message = next((lower[name] for name in lower if name in _MESSAGES), None)
    others = [name for name in table.column_names if name not in {*time, message}]
    value = next((lower[name] for name in lower if name in _VALUES), None)
    if value is not None and message is None:
        metric = next((lower[name] for name in _METRICS if name in lower), None)
        labels = tuple(name for name in others if name not in {value, metric})
        return Columns(time, None, (value,), labels, metric)
    numbers = tuple(name for name in others if message is None and _is_numeric(table[name]))
    return Columns(time, message, numbers, tuple(name for name in others if name not in numbers), None)


def _time_columns(lower: Mapping[str, str]) -> tuple[str, ...]:
    """The column with the time; where days and times of day stand apart, both."""
    best = next(name for name in _TIMES if name in lower)
    return (lower["date"], lower["time"]) if best == "time" and "date" in lower else (lower[best],)


def _is_numeric(cells: pa.ChunkedArray) -> bool:
    """Most cells that are not empty are numbers."""
    given = cells.filter(pc.not_equal(cells, ""))
    matching = pc.sum(pc.match_substring_regex(given, _NUMBER)).as_py() or 0
    return bool(len(given)) and matching * 2 > len(given)


class _Rows:
    """One block of rows, with their numbers in the file."""

    def __init__(
        self, table: pa.Table, columns: Columns, context: FileContext, numbers: Indices, index: SeriesIndex
    ) -> None:
        self._table = table.combine_chunks()
        self._columns, self._context, self._numbers, self._index = columns, context, numbers, index
        times = pc.binary_join_element_wise(*map(self._cells, columns.time), " ")
        flag_lacking_zone(times, numbers, context.report, "row")
        self._moments = parse_moments(times)

    def logs(self) -> pa.Table:
        """The rows as log records."""
        columns, rows = self._columns, self._table.num_rows
        taken = {*columns.time, columns.message}
        fields: dict[str, pa.Array] = {}
        for name, candidates in (
            ("severity_text", known.SEVERITY),
            ("service_name", known.SERVICE),
            ("trace_id", known.TRACE_ID),
            ("span_id", known.SPAN_ID),
        ):
            found = next((one for one in columns.labels if one.strip().lower() in map(str.lower, candidates)), None)
            fields[name] = self._cells(found) if found else pa.repeat("", rows)
            taken.add(found)
        rest = {name: self._cells(name) for name in columns.labels if name not in taken}
        attributes = string_members(rest) if rest else pa.repeat("{}", rows)
        table = {
            "timestamp": self._moments,
            "body": self._cells(columns.message or ""),
            "severity_number": severity_numbers(fields["severity_text"]),
            "log_attributes": attributes,
            **fields,
        }
        return log_table(table, self._context.service, self._context.report, self._numbers.tolist())

    def metrics(self) -> MetricBatch:
        """The cells of the number columns as samples."""
        times = pc.cast(self._moments, pa.int64())
        timed = times.is_valid().to_numpy(zero_copy_only=False)
        self._skip("time that cannot be read", np.flatnonzero(~timed))
        millis = pc.fill_null(times, 0).to_numpy(zero_copy_only=False) // 10**6
        identity, groups = self._groups()
        codes, stamps, values = [], [], []
        for name in self._columns.numbers:
            cells = self._cells(name)
            is_number = pc.match_substring_regex(cells, _NUMBER).to_numpy(zero_copy_only=False)
            empty = pc.equal(pc.utf8_trim_whitespace(cells), "").to_numpy(zero_copy_only=False)
            self._skip(f"cell of {name!r} that is no number", np.flatnonzero(~is_number & ~empty & timed))
            rows = np.flatnonzero(is_number & timed)
            series = np.array([self._series(name, group) for group in groups], dtype=np.int64)
            codes.append(series[identity[rows]])
            stamps.append(millis[rows])
            values.append(floats(pc.utf8_trim_whitespace(cells.take(pa.array(rows))).cast(pa.float64())))
        if not codes:
            return self._index.batch(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        return self._index.batch(np.concatenate(codes), np.concatenate(stamps), np.concatenate(values))

    def _groups(self) -> tuple[npt.NDArray[np.int64], list[dict[str, str]]]:
        """For each row its combination of label values (and metric name), and the combinations."""
        names = [*self._columns.labels, *([self._columns.metric] if self._columns.metric else [])]
        if not names:
            return np.zeros(self._table.num_rows, dtype=np.int64), [{}]
        encoded = [self._cells(name).dictionary_encode() for name in names]
        keys = np.stack([one.indices.to_numpy(zero_copy_only=False) for one in encoded])
        distinct, inverse = np.unique(keys, axis=1, return_inverse=True)
        groups = [
            {name: one.dictionary[int(code)].as_py() for name, one, code in zip(names, encoded, column, strict=True)}
            for column in distinct.T
        ]
        return inverse.reshape(-1), groups

    def _series(self, column: str, group: dict[str, str]) -> int:
        labels = {label_name(name): value for name, value in group.items() if name != self._columns.metric}
        if self._context.service:
            labels.setdefault("service", self._context.service)
        named = group.get(self._columns.metric or "")
        if named is None:
            named = column if column.strip().lower() not in _VALUES else self._context.path.name.split(".")[0]
        parsed = parse_series(named)
        if isinstance(parsed, tuple) and "{" in named:
            return self._index.code(SeriesRow(parsed[0], {**labels, **parsed[1]}))
        return self._index.code(SeriesRow(_metric_name(named), labels))

    def _cells(self, name: str) -> pa.Array:
        column = self._table[name]
        return pc.fill_null(column.chunk(0) if column.num_chunks else pa.nulls(0, pa.string()), "")

    def _skip(self, reason: str, rows: npt.NDArray[np.int64]) -> None:
        places = (int(self._numbers[row]) for row in rows)
        self._context.report.skip(reason, places, unit="row", count=len(rows))


def _metric_name(text: str) -> str:
    name = re.sub(r"[^a-zA-Z0-9_:]+", "_", text.strip()).strip("_") or "value"
    return f"_{name}" if name[0].isdigit() else name


class _Blocks(io.RawIOBase):
    """Blocks as the readable file that pyarrow wants."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with what comes next."""
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _tables(
    stream: Stream, delimiter: str, header: Sequence[str], report: IngestReport
) -> Iterator[tuple[pa.Table, Indices]]:
    """Blocks of rows as text, with the number of each row (the header is row 1)."""
    from pyarrow import csv as arrow_csv

    broken: list[int] = []

    def skip_row(row: arrow_csv.InvalidRow) -> str:
        broken.append(row.number)
        report.skip(f"row without exactly {row.expected_columns} cells", [row.number], unit="row")
        return "skip"

    names, first = _unique(header), 2
    try:
        reader = arrow_csv.open_csv(
            io.BufferedReader(_Blocks(stream.utf8_blocks()), 1 << 20),
            arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=names, skip_rows=1),
            arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip_row),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
        for batch in reader:
            rows = np.setdiff1d(np.arange(first, first + batch.num_rows + len(broken)), broken)[: batch.num_rows]
            first = int(rows[-1]) + 1 if len(rows) else first
            yield pa.Table.from_batches([batch]), rows
    except pa.ArrowInvalid as error:  # a row beyond the block size, a quote that is never closed
        report.skip(f"rest of the file: {error}", [first], unit="row")


def _unique(header: Sequence[str]) -> list[str]:
    """Column names, told apart where they repeat or are empty."""
    names: list[str] = []
    for place, name in enumerate(header, 1):
        names.append(name if name and name not in names else f"{name or 'column'}_{place}")
    return names
