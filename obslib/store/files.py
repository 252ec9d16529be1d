"""How each signal is sorted and encoded in Parquet, and how a file is written so that it lasts."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from obslib.core import layout
from obslib.store.manifest import DataFile, disk_error, publish

DAY_NS = 86_400 * 10**9


def _stored(schema: pa.Schema) -> pa.Schema:
    """The schema as the files hold it: times without a zone, all UTC, as DuckDB computes with them fastest."""
    return pa.schema(
        [item.with_type(pa.timestamp(item.type.unit)) if pa.types.is_timestamp(item.type) else item for item in schema]
    )


SAMPLES = pa.schema({"series_id": pa.int32(), "time": pa.timestamp("ms"), "value": pa.float64()})
SERIES = pa.schema([pa.field("series_id", pa.int32()), *layout.SERIES, pa.field("service_name", pa.string())])
"""`service_name` repeats the label `service`: a plain column joins three times faster than a map's entry."""


@dataclass(frozen=True)
class Kind:
    """One signal's schema, time column, order and encoding.

    Times and ids are delta-encoded, words dictionary-encoded, values plain: measured smallest
    under zstd on the data of `benchmarks/store.py`. Bloom filters let one trace be found by its id.
    """

    schema: pa.Schema
    time: str
    order: tuple[str, ...]
    group_rows: int
    delta: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    bloom: tuple[str, ...] = ()
    options: dict[str, object] = field(default_factory=dict)


KINDS = {
    "metrics": Kind(SAMPLES, "time", ("series_id", "time"), 1 << 18, delta=("time",), plain=("value",)),
    "logs": Kind(
        _stored(layout.LOGS),
        "timestamp",
        ("timestamp",),
        1 << 16,
        delta=("timestamp", "observed_timestamp"),
        plain=("body", "log_attributes", "span_id"),
        bloom=("trace_id",),
    ),
    "spans": Kind(
        _stored(layout.SPANS),
        "timestamp",
        ("timestamp",),
        1 << 15,
        delta=("timestamp", "end_timestamp"),
        plain=("duration", "span_id"),
        bloom=("trace_id",),
    ),
    "events": Kind(_stored(layout.EVENTS), "start_timestamp", ("start_timestamp",), 1 << 16),
    "exemplars": Kind(
        _stored(layout.EXEMPLARS), "timestamp", ("metric_name", "timestamp"), 1 << 16, bloom=("trace_id",)
    ),
}
SERIES_KIND = Kind(SERIES, "", ("series_id",), 1 << 16)


def write_file(folder: Path, signal: str, table: pa.Table, *, day: str = "", level: int = 0) -> DataFile:
    """Write one sorted table as a new file, durably, and describe it for the manifest.

    Raises
    ------
    StoreError
        If the disk is full, read-only or refuses; nothing half-written is left behind.
    """
    kind = KINDS.get(signal, SERIES_KIND)
    place = f"{signal}/day={day}" if day else signal
    path = folder / place / f"{uuid.uuid4().hex}.parquet"
    temporary = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            _write_parquet(file, table, kind)
            file.flush()
            os.fsync(file.fileno())
        publish(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise disk_error("write", path, error) from error
    start, end = _bounds(table, kind)
    return DataFile(f"{place}/{path.name}", signal, day, table.num_rows, path.stat().st_size, start, end, level)


def _write_parquet(file: object, table: pa.Table, kind: Kind) -> None:
    undecided = [
        name
        for name in kind.schema.names
        if name not in {*kind.delta, *kind.plain} and not pa.types.is_map(kind.schema.field(name).type)
    ]
    pq.write_table(
        table,
        file,
        compression="zstd",
        compression_level=3,  # 9 is 8 % smaller and four times slower
        row_group_size=kind.group_rows,
        use_dictionary=undecided,
        column_encoding={**dict.fromkeys(kind.delta, "DELTA_BINARY_PACKED"), **dict.fromkeys(kind.plain, "PLAIN")},
        bloom_filter_options=dict.fromkeys(kind.bloom, True) or None,
        sorting_columns=pq.SortingColumn.from_ordering(table.schema, [(name, "ascending") for name in kind.order]),
        store_schema=False,
    )


def _bounds(table: pa.Table, kind: Kind) -> tuple[int, int]:
    if not kind.time or not table.num_rows:
        return 0, 0
    unit = 10**6 if kind.time == "time" else 1
    times = table.column(kind.time).cast(pa.int64()).to_numpy()
    return int(times.min()) * unit, int(times.max()) * unit


def by_day(times_ns: np.ndarray) -> list[tuple[str, np.ndarray | slice]]:
    """Which rows belong to which UTC day; one slice where all rows share a day."""
    days = times_ns // DAY_NS
    if len(days) == 0:
        return []
    first, last = int(days.min()), int(days.max())
    if first == last:
        return [(_day_name(first), slice(None))]
    return [(_day_name(int(day)), np.flatnonzero(days == day)) for day in np.unique(days)]


def _day_name(day: int) -> str:
    return str(np.datetime64(day, "D"))
