"""Merging many small files into few: a little after each append, everything on request."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from obslib.core.errors import StoreError
from obslib.store.files import KINDS, SERIES_KIND, write_file
from obslib.store.manifest import DataFile, Manifest, retire
from obslib.store.samples import sort_samples, to_table

FAN_IN = 16
"""Files of one level, signal and day that are merged into one of the next level."""
GRACE_SECONDS = 600.0
"""How long a replaced file stays, for readers that opened the manifest before."""

Partition = tuple[str, str]


def merge_small(folder: Path, manifest: Manifest) -> Manifest:
    """Merge wherever `FAN_IN` files of one level have gathered (each row is rewritten log-many times)."""
    levels: dict[tuple[str, str, int], list[DataFile]] = defaultdict(list)
    for file in manifest.files:
        levels[file.signal, file.day, file.level].append(file)
    for (_, _, level), files in levels.items():
        if len(files) >= FAN_IN:
            manifest = _merge(folder, manifest, files, level + 1)
    return manifest


def compact_all(folder: Path, manifest: Manifest) -> Manifest:
    """One file per signal and day (series: one in all)."""
    partitions: dict[Partition, list[DataFile]] = defaultdict(list)
    for file in manifest.files:
        partitions[file.signal, file.day].append(file)
    for files in partitions.values():
        if len(files) > 1 or files[0].level == 0:
            manifest = _merge(folder, manifest, files, max(file.level for file in files) + 1)
    return manifest


def sweep(folder: Path, manifest: Manifest) -> None:
    """Delete the leftovers of crashes: files that no manifest names.

    Call it under the write lock: then no writer is between its data file and its manifest.
    """
    named = {file.path for file in manifest.files} | {retired.path for retired in manifest.retired}
    for signal in (*KINDS, "series"):
        for path in (folder / signal).rglob("*"):
            if path.is_file() and path.relative_to(folder).as_posix() not in named:
                path.unlink(missing_ok=True)


def expire(folder: Path, manifest: Manifest) -> Manifest:
    """Delete the replaced files whose grace has passed; the same manifest where there are none."""
    now = time.time()
    over = {retired.path for retired in manifest.retired if now - retired.at >= GRACE_SECONDS}
    if not over:
        return manifest
    for path in over:
        (folder / path).unlink(missing_ok=True)
    return msgspec.structs.replace(manifest, retired=tuple(r for r in manifest.retired if r.path not in over))


def _merge(folder: Path, manifest: Manifest, files: list[DataFile], level: int) -> Manifest:
    """Merge files, given in the order of their commits, into one that stands in their place."""
    signal, day = files[0].signal, files[0].day
    try:
        table = pa.concat_tables([pq.read_table(folder / file.path) for file in files])
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"cannot read a file of {signal} {day} while compacting: {error}.",
            fix="restore the named file; nothing has been changed.",
        ) from error
    merged = write_file(folder, signal, _ordered(signal, table), day=day, level=level)
    return retire(manifest, files, time.time(), replacement=merged)


def _ordered(signal: str, table: pa.Table) -> pa.Table:
    """Sorted as the signal's files are; of equal samples the one committed last stays."""
    if signal == "metrics":
        columns = (table.column("series_id"), table.column("time").cast(pa.int64()), table.column("value"))
        return to_table(sort_samples(*(column.to_numpy() for column in columns)))
    kind = KINDS.get(signal, SERIES_KIND)
    table = table.cast(kind.schema) if signal == "series" else table
    return table.sort_by([(name, "ascending") for name in kind.order])
