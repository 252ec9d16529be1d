"""Samples in the order of the files: by series, then time, each moment once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from obslib.core.series import SeriesBlock
from obslib.store.files import SAMPLES

Ids = npt.NDArray[np.int32]
Samples = tuple[Ids, npt.NDArray[np.int64], npt.NDArray[np.float64]]
_NOTHING: Samples = (np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True)
class Footer:
    """What a file's footer says of each row group: first and last series id, first and last time (ms)."""

    metadata: pq.FileMetaData
    ids: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]


def read_block(
    paths: Sequence[Path], ids: Ids, labels: Sequence[Mapping[str, str]], start: int, end: int
) -> SeriesBlock:
    """Samples of the series `ids` (sorted; `labels` go with them) with `start <= time <= end` (epoch ms).

    `paths` are by day, within a day in the order of their commits. Row groups that cannot hold any are
    skipped by their footer; two files are read at a time. Measured: a quarter of the CPU time of the
    same selection in SQL.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        parts = list(pool.map(lambda path: _read_file(path, ids, start, end), paths))
    offsets, (found, times, values) = _join([part for part in parts if len(part[0])], ids)
    if not _rises(found, times):  # files overlap in time: appends that no compaction has merged yet
        found, times, values = sort_samples(found, times, values)
        offsets = np.append(np.searchsorted(found, ids), len(found)).astype(np.int64)
    return SeriesBlock(labels, offsets, times, values)


def to_table(samples: Samples) -> pa.Table:
    """Samples as the table that the store's files hold."""
    ids, times, values = samples
    return pa.Table.from_arrays(
        [pa.array(ids), pa.array(times, SAMPLES.field("time").type), pa.array(values)], schema=SAMPLES
    )


def sort_samples(ids: Ids, times: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> Samples:
    """Order by series and time; of two samples of one series and moment the later in the input stays."""
    order = _order(ids, times)
    if order is not None:
        ids, times, values = ids[order], times[order], values[order]
    again = (ids[1:] == ids[:-1]) & (times[1:] == times[:-1])
    if again.any():
        keep = np.append(~again, True)
        ids, times, values = ids[keep], times[keep], values[keep]
    return ids, times, values


def _join(parts: Sequence[Samples], ids: Ids) -> tuple[npt.NDArray[np.int64], Samples]:
    """Put the files' samples of each series one after the other, without a sort; with each series' offset."""
    bounds = [np.append(np.searchsorted(found, ids), len(found)) for found, _, _ in parts]
    counts = np.array([np.diff(bound) for bound in bounds], dtype=np.int64).reshape(len(parts), len(ids))
    offsets = np.append(0, counts.sum(axis=0).cumsum())
    if not parts:
        return offsets, _NOTHING
    if len(parts) == 1:
        return offsets, parts[0]
    joined = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int64), np.empty(offsets[-1])
    first = offsets[:-1] + np.vstack([np.zeros_like(counts[:1]), counts[:-1].cumsum(axis=0)])
    for part, bound, count, begin in zip(parts, bounds, counts, first, strict=True):
        places = np.repeat(begin - bound[:-1], count) + np.arange(len(part[0]))
        for whole, column in zip(joined, part, strict=True):
            whole[places] = column
    return offsets, joined


def _rises(ids: Ids, times: npt.NDArray[np.int64]) -> bool:
    """Whether times rise strictly within each series."""
    return bool(((times[1:] > times[:-1]) | (ids[1:] != ids[:-1])).all())


def _order(ids: Ids, times: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    """A stable order by series and time, or None where the input has it already."""
    if not len(ids):
        return None
    first = int(times.min())
    key = ids.astype(np.int64) * (int(times.max()) - first + 1) + (times - first)
    return None if (key[1:] >= key[:-1]).all() else np.argsort(key, kind="stable")


def _read_file(path: Path, ids: Ids, start: int, end: int) -> Samples:
    footer = _footer(path)
    near = np.searchsorted(ids, footer.ids[:, 0], side="left") < np.searchsorted(ids, footer.ids[:, 1], side="right")
    wanted = np.flatnonzero(near & (footer.times[:, 0] <= end) & (footer.times[:, 1] >= start))
    if not len(wanted):
        return _NOTHING
    with pq.ParquetFile(path, metadata=footer.metadata) as file:
        table = file.read_row_groups(wanted.tolist(), columns=["series_id", "time", "value"], use_threads=False)
    found = table.column("series_id").to_numpy()
    times = table.column("time").cast(pa.int64()).to_numpy()
    values = table.column("value").to_numpy()
    keep = _chosen(found, ids)
    if start > footer.times[wanted, 0].min() or end < footer.times[wanted, 1].max():
        keep = (times >= start) & (times <= end) & (True if keep is None else keep)
    return (found, times, values) if keep is None else (found[keep], times[keep], values[keep])


def _chosen(found: Ids, ids: Ids) -> npt.NDArray[np.bool_] | None:
    """Which samples belong to the wanted series; None for all of them."""
    table = np.zeros(max(int(found.max()), int(ids[-1])) + 1, dtype=bool)
    table[ids] = True
    keep = table[found]
    return None if keep.all() else keep


@lru_cache(maxsize=1_024)
def _footer(path: Path) -> Footer:
    metadata = pq.read_metadata(path)
    place = {metadata.schema.column(n).path: n for n in range(metadata.num_columns)}
    statistics = [
        [metadata.row_group(g).column(place[name]).statistics for name in ("series_id", "time")]
        for g in range(metadata.num_row_groups)
    ]
    ids = np.array([[one.min, one.max] for one, _ in statistics], dtype=np.int64)
    times = np.array([[one.min_raw, one.max_raw] for _, one in statistics], dtype=np.int64)
    return Footer(metadata, ids, times)
