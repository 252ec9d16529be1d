"""The embedded store: append durably, read while others write, query with SQL or as raw series."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from obslib.core.errors import StoreError
from obslib.core.layout import Batch, MetricBatch, conform
from obslib.core.series import Matcher, SeriesBlock
from obslib.store import sql
from obslib.store.compaction import compact_all, expire, merge_small, sweep
from obslib.store.files import KINDS, by_day, write_file
from obslib.store.manifest import DataFile, Manifest, ManifestFile, disk_error, parse_retention, retire
from obslib.store.samples import read_block, sort_samples, to_table
from obslib.store.series_index import SeriesIndex
from obslib.store.sql import Parameters

PIECE = 4_000_000
"""Samples that `read_series_blocks` aims to hand out at once."""
Plan = tuple[npt.NDArray[np.int32], list[Mapping[str, str]], list[DataFile]]
TABLE_SIGNALS = ("logs", "spans", "events", "exemplars")


@dataclass(frozen=True)
class SignalInfo:
    """Size and extent of one signal; `start` and `end` are NaT where it has no rows."""

    signal: str
    rows: int
    bytes: int
    files: int
    start: pd.Timestamp
    end: pd.Timestamp


class Store:
    """A directory of telemetry. Any number of readers and writers, in any processes, may use it at once.

    Make one with `Store.create(path)` or `Store.open(path)`; the constructor expects it to exist.

    Examples
    --------
    >>> import tempfile, obslib
    >>> store = Store.create(Path(tempfile.mkdtemp()) / "telemetry")
    >>> store.sql("select count(*) as n from logs")["n"].tolist()
    [0]
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._disk = ManifestFile(self.folder)
        self._index = SeriesIndex()
        self._connection = sql.connect(self.folder)
        self._guard = threading.RLock()
        self._stamp: tuple[int, int] = (0, 0)
        self._viewed = -1
        self._manifest = self._disk.read()
        self._refresh()

    @classmethod
    def open(cls, folder: str | Path) -> Store:
        """Open a store that exists.

        Raises
        ------
        StoreError
            If there is none at `folder`, or it cannot be read.
        """
        return cls(Path(folder).expanduser())

    @classmethod
    def create(cls, folder: str | Path) -> Store:
        """Open the store at `folder`, making an empty one if there is none."""
        path = Path(folder).expanduser()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error("create", path, error) from error
        disk = ManifestFile(path)
        with disk.writing():
            if not (path / "manifest.json").exists():
                disk.commit(Manifest())
        return cls(path)

    def append(self, batch: Batch, *, origin: str = "") -> None:
        """Add a batch, whole or not at all; when this returns, it survives a crash or power loss.

        Parameters
        ----------
        batch
            Any signals together, each following its schema in `obslib.core.layout`.
        origin
            Remembered with the commit, for `has_origin`: what this batch was made from.

        Raises
        ------
        StoreError
            If the disk is full, read-only or fails; the store is then as it was before.
        """
        with self._guard, self._disk.writing():
            manifest = self._latest()
            try:
                files = [*self._write_metrics(batch.metrics), *self._write_tables(batch)]
                origins = (*manifest.origins, origin) if origin else manifest.origins
                manifest = msgspec.structs.replace(manifest, files=(*manifest.files, *files), origins=origins)
                manifest = self._disk.commit(manifest)
            except BaseException:
                self._index = SeriesIndex()  # it may hold ids that were never committed
                self._stamp = (0, 0)
                raise
            self._tidy_up(manifest)

    def has_origin(self, origin: str) -> bool:
        """Whether a batch with this origin has been committed."""
        return origin in self._current().origins

    def sql(self, query: str, parameters: Parameters = ()) -> pd.DataFrame:
        """Run one SELECT over the views `metrics, series, samples, logs, spans, events, exemplars`.

        Parameters are bound (`?` with a list, `$name` with a dict), never pasted into the text.

        Raises
        ------
        QueryError
            If it is not one reading statement, or DuckDB refuses it.
        """
        return sql.to_frame(self.arrow(query, parameters))

    def arrow(self, query: str, parameters: Parameters = ()) -> pa.Table:
        """Like `sql`, as an Arrow table."""
        return sql.run(self._cursor(), query, parameters)

    def read_series(self, matchers: Sequence[Matcher], start: int, end: int) -> SeriesBlock:
        """Raw samples of the matching series with `start <= time <= end` (epoch ms)."""
        ids, labels, files = self._plan(matchers, start, end)
        return read_block([self.folder / file.path for file in files], ids, labels, start, end)

    def read_series_blocks(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterator[SeriesBlock]:
        """Like `read_series`, about `PIECE` samples at a time, each series whole in one of them."""
        ids, labels, files = self._plan(matchers, start, end)
        expected = sum(file.rows for file in files) * len(ids) // max(len(self._index), 1)
        paths = [self.folder / file.path for file in files]
        for part in np.array_split(np.arange(len(ids)), 1 + expected // PIECE):
            yield read_block(paths, ids[part], [labels[n] for n in part.tolist()], start, end)

    def find_series(self, matchers: Sequence[Matcher]) -> list[dict[str, str]]:
        """Label sets (with `__name__`) of every matching series, whenever it had samples."""
        with self._guard:
            self._current()
            return [dict(self._index.labels(number)) for number in self._index.find(matchers)]

    def live_series(self, matchers: Sequence[Matcher], start: int, end: int) -> list[dict[str, str]]:
        """Label sets of the matching series that have samples with `start <= time <= end` (epoch ms)."""
        found = self.read_series(matchers, start, end)
        return [dict(found.labels[n]) for n in np.flatnonzero(np.diff(found.offsets)).tolist()]

    def info(self) -> list[SignalInfo]:
        """Rows, bytes, files and extent of every signal."""
        manifest = self._current()
        return [_info(signal, manifest.of(signal)) for signal in (*KINDS, "series")]

    def compact(self) -> None:
        """Merge the files of each signal and day into one, drop exact duplicate samples, sweep leftovers."""
        with self._guard, self._disk.writing():
            manifest = self._latest()
            manifest = self._disk.commit(expire(self.folder, compact_all(self.folder, manifest)))
            sweep(self.folder, manifest)

    def retain(self, rules: str = "", *, now: pd.Timestamp | None = None) -> dict[str, int]:
        """Delete whole days that are past their retention; returns rows deleted by signal.

        Parameters
        ----------
        rules
            `"metrics 90d, logs 14d, traces 7d"`, remembered and applied by later appends, too;
            without it, what is remembered.
        now
            What age counts from (default: the store's own fixed clock if it has one, else the clock).
        """
        with self._guard, self._disk.writing():
            manifest = self._latest()
            days = {**manifest.retention, **parse_retention(rules)}
            manifest = msgspec.structs.replace(manifest, retention=days)
            gone = _too_old(manifest, now)
            self._disk.commit(retire(manifest, gone, time.time()))
        return {signal: sum(f.rows for f in gone if f.signal == signal) for signal in days}

    def remember_retention(self, rules: str) -> None:
        """Set the rules that appends apply from now on; nothing is deleted before the next one."""
        days = parse_retention(rules)
        if days != self._current().retention:
            with self._guard, self._disk.writing():
                self._disk.commit(msgspec.structs.replace(self._latest(), retention=days))

    def property(self, name: str) -> str:
        """A note stored with `set_property`, or `""`."""
        return self._current().properties.get(name, "")

    def set_property(self, name: str, value: str) -> None:
        """Store a note about the whole store, such as the fixed `now` of archived data."""
        with self._guard, self._disk.writing():
            manifest = self._latest()
            self._disk.commit(msgspec.structs.replace(manifest, properties={**manifest.properties, name: value}))

    def _plan(self, matchers: Sequence[Matcher], start: int, end: int) -> Plan:
        """Which series match, and which files may hold samples of theirs."""
        with self._guard:
            manifest = self._current()
            ids = np.array(self._index.find(matchers), dtype=np.int32)
            labels = [self._index.labels(number) for number in ids.tolist()]
        files = [f for f in manifest.of("metrics") if f.start <= end * 10**6 + 999_999 and f.end >= start * 10**6]
        return ids, labels, files if len(ids) else []

    def _tidy_up(self, manifest: Manifest) -> None:
        """Merge small files, apply the retention; the batch is safe already, so a full disk only defers it."""
        try:
            kept = retire(manifest, gone, time.time()) if (gone := _too_old(manifest)) else manifest
            tidied = expire(self.folder, merge_small(self.folder, kept))
            if tidied is not manifest:
                self._disk.commit(tidied)
        except StoreError:
            return

    def _write_metrics(self, batch: MetricBatch | None) -> list[DataFile]:
        if batch is None or not len(batch.codes):
            return []
        ids, added = self._index.assign(batch.series)
        files = []
        if added.num_rows:
            files.append(write_file(self.folder, "series", added))
            self._index.note_file(files[0].path)
        sample_ids, values = ids[batch.codes], batch.values
        for day, rows in by_day(batch.times * 10**6):
            samples = sort_samples(sample_ids[rows], batch.times[rows], values[rows])
            files.append(write_file(self.folder, "metrics", to_table(samples), day=day))
        return files

    def _write_tables(self, batch: Batch) -> list[DataFile]:
        files = []
        for signal in TABLE_SIGNALS:
            table: pa.Table | None = getattr(batch, signal)
            if table is None or not table.num_rows:
                continue
            kind = KINDS[signal]
            table = conform(table, kind.schema)
            times = table.column(kind.time).cast(pa.int64()).to_numpy()
            for day, rows in by_day(times):
                part = table if isinstance(rows, slice) else table.take(pa.array(rows))
                ordered = part.sort_by([(name, "ascending") for name in kind.order])
                files.append(write_file(self.folder, signal, ordered, day=day))
        return files

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for one question, on views of the newest manifest."""
        with self._guard:
            manifest = self._current()
            if self._viewed != manifest.version:
                sql.create_views(self._connection, self.folder, manifest)
                self._viewed = manifest.version
            return self._connection.cursor()

    def _current(self) -> Manifest:
        """The newest committed manifest, for reading; the series index follows it."""
        with self._guard:
            try:
                stat = (self.folder / "manifest.json").stat()
            except OSError as error:
                raise disk_error("read", self.folder, error) from error
            if (stat.st_ino, stat.st_mtime_ns) != self._stamp:
                self._refresh()
            return self._manifest

    def _latest(self) -> Manifest:
        """The manifest, read anew under the write lock."""
        self._refresh()
        return self._manifest

    def _refresh(self) -> None:
        stat = (self.folder / "manifest.json").stat()
        self._manifest = self._disk.read()
        self._stamp = (stat.st_ino, stat.st_mtime_ns)
        self._index.load(self.folder, self._manifest.of("series"))

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"


def _too_old(manifest: Manifest, now: pd.Timestamp | None = None) -> list[DataFile]:
    """Files of days that are past the remembered retention."""
    if not manifest.retention:
        return []
    at = now if now is not None else pd.Timestamp(manifest.properties.get("now") or pd.Timestamp.now("UTC"))
    first = {signal: str((at - pd.Timedelta(days=days)).date()) for signal, days in manifest.retention.items()}
    return [file for file in manifest.files if file.day < first.get(file.signal, "")]


def _info(signal: str, files: list[DataFile]) -> SignalInfo:
    dated = [file for file in files if file.rows and signal != "series"]
    return SignalInfo(
        signal=signal,
        rows=sum(file.rows for file in files),
        bytes=sum(file.bytes for file in files),
        files=len(files),
        start=pd.Timestamp(min(file.start for file in dated), unit="ns", tz="UTC") if dated else pd.NaT,
        end=pd.Timestamp(max(file.end for file in dated), unit="ns", tz="UTC") if dated else pd.NaT,
    )
