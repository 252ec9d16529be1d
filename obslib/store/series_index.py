"""The series table in memory: label sets to ids and back, and matchers to ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from obslib.core.errors import StoreError
from obslib.core.series import METRIC_NAME, Matcher
from obslib.store.files import SERIES
from obslib.store.manifest import DataFile

Key = tuple[str, tuple[tuple[str, str], ...]]


class SeriesIndex:
    """All series of a store. Ids are given in order of arrival, sorted by name and labels within a batch."""

    def __init__(self) -> None:
        self._ids: dict[Key, int] = {}
        self._loaded: set[str] = set()
        self._by_id: dict[int, dict[str, str]] = {}
        self._by_name: dict[str, list[int]] = {}
        self._latest: tuple[pa.Table, npt.NDArray[np.int32]] | None = None

    def load(self, folder: Path, files: Sequence[DataFile]) -> None:
        """Read the series files not seen yet (a store only ever adds series)."""
        for file in files:
            if file.path not in self._loaded:
                table = _read(folder / file.path)
                self._add(table.column("series_id").to_pylist(), keys_of(table))
                self._loaded.add(file.path)

    def assign(self, series: pa.Table) -> tuple[npt.NDArray[np.int32], pa.Table]:
        """Ids for each row of a batch's series table, and the rows (with ids) that are new."""
        if self._latest is not None and series.equals(self._latest[0]):  # as from scrape to scrape
            return self._latest[1], SERIES.empty_table()
        keys = keys_of(series)
        fresh = {key: row for row, key in reversed(list(enumerate(keys))) if key not in self._ids}
        first = max(self._by_id, default=-1) + 1
        order = sorted(fresh, key=_neighbours)
        self._add(range(first, first + len(order)), order)
        ids = np.array([self._ids[key] for key in keys], dtype=np.int32)
        self._latest = series, ids
        rows = pa.array([fresh[key] for key in order], pa.int64())
        added = series.take(rows).add_column(0, "series_id", pa.array(range(first, first + len(order)), pa.int32()))
        added = added.append_column("service_name", pa.array([_service(key) for key in order], pa.string()))
        return ids, added.select(SERIES.names).cast(SERIES)

    def note_file(self, path: str) -> None:
        """Remember that this file's series are in memory already."""
        self._loaded.add(path)

    def find(self, matchers: Sequence[Matcher]) -> list[int]:
        """Sorted ids of the series that satisfy every matcher."""
        name = next((m.value for m in matchers if m.name == METRIC_NAME and m.op == "="), None)
        candidates = self._by_id if name is None else self._by_name.get(name, [])
        tests = [(m.name, _remembering(m)) for m in matchers if not (m.name == METRIC_NAME and m.op == "=")]
        return sorted(i for i in candidates if all(test(self._by_id[i].get(label, "")) for label, test in tests))

    def labels(self, number: int) -> Mapping[str, str]:
        """Labels of one series, `__name__` included."""
        return self._by_id[number]

    def __len__(self) -> int:
        return len(self._by_id)

    def _add(self, ids: Sequence[int], keys: Sequence[Key]) -> None:
        for number, key in zip(ids, keys, strict=True):
            if number in self._by_id:  # a merge of series files lists known ones again
                continue
            self._ids[key] = number
            self._by_id[number] = {METRIC_NAME: key[0], **dict(key[1])}
            self._by_name.setdefault(key[0], []).append(number)


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, columns=["series_id", "metric_name", "labels"])
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path} cannot be read: {error}.", fix="restore the file from a backup.") from error


def keys_of(series: pa.Table) -> list[Key]:
    """Identity of each series: its name and its labels, sorted, without empty ones."""
    names = series.column("metric_name").to_pylist()
    return [_key(name, labels or ()) for name, labels in zip(names, series.column("labels").to_pylist(), strict=True)]


def _neighbours(key: Key) -> tuple[str, str, Key]:
    """Series that are read together get ids, and so places in the files, side by side."""
    return key[0], _service(key), key


def _service(key: Key) -> str:
    return next((value for name, value in key[1] if name == "service"), "")


def _key(name: str, labels: Iterable[tuple[str, str]]) -> Key:
    return name, tuple(sorted((key, value) for key, value in labels if value))


def _remembering(matcher: Matcher) -> Callable[[str], bool]:
    """The matcher as a test that looks at each distinct value once."""
    seen: dict[str, bool] = {}

    def test(value: str) -> bool:
        if value not in seen:
            seen[value] = matcher.matches(value)
        return seen[value]

    return test
