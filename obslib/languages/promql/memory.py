"""Series in memory: a `SeriesReader` over arrays, for tests, benchmarks and data at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from obslib.core.errors import InputError
from obslib.core.series import Matcher, SeriesBlock

PIECE_SAMPLES = 1 << 18
"""About how many samples a piece of series holds."""


class MemorySeries:
    """A `SeriesReader` over samples that are already in memory.

    Parameters
    ----------
    block
        The series; `times` in epoch milliseconds, strictly increasing within a series. Nothing is copied.

    Raises
    ------
    InputError
        If offsets, times, values and labels do not fit together, or times within a series do not increase.

    Examples
    --------
    >>> series = MemorySeries.of([({"__name__": "up", "job": "api"}, [0, 60_000], [1.0, 1.0])])
    >>> series.read_series([Matcher("job", "=", "api")], 0, 30_000).values.tolist()
    [1.0]
    """

    def __init__(self, block: SeriesBlock) -> None:
        _check(block)
        self._block = block

    @classmethod
    def of(cls, series: Sequence[tuple[Mapping[str, str], npt.ArrayLike, npt.ArrayLike]]) -> MemorySeries:
        """Build from one `(labels, times, values)` per series; `labels` include `__name__`."""
        times = [np.asarray(one[1], dtype=np.int64) for one in series]
        values = [np.asarray(one[2], dtype=np.float64) for one in series]
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in times])]).astype(np.int64)
        return cls(
            SeriesBlock(
                [one[0] for one in series],
                offsets,
                np.concatenate(times) if times else np.empty(0, dtype=np.int64),
                np.concatenate(values) if values else np.empty(0),
            )
        )

    def read_series(self, matchers: Sequence[Matcher], start: int, end: int) -> SeriesBlock:
        """Samples of every matching series with `start <= time <= end` (epoch ms)."""
        rows, begins, ends = self._places(matchers, start, end)
        return _cut(self._block, [self._block.labels[row] for row in rows], begins, ends)

    def read_series_blocks(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterator[SeriesBlock]:
        """The same, some series at a time: few enough that their samples stay in the caches."""
        rows, begins, ends = self._places(matchers, start, end)
        pieces = np.cumsum(ends - begins) // PIECE_SAMPLES
        for piece in np.unique(pieces):
            here = pieces == piece
            yield _cut(self._block, [self._block.labels[row] for row in rows[here]], begins[here], ends[here])

    def _places(
        self, matchers: Sequence[Matcher], start: int, end: int
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Matching series, and where their samples of this time begin and end."""
        block = self._block
        rows = _matching(block.labels, matchers)
        low, high = block.offsets[:-1][rows], block.offsets[1:][rows]
        begins = first_at_least(block.times, low, high, start)
        return rows, begins, first_at_least(block.times, begins, high, end + 1)


def _matching(labels: Sequence[Mapping[str, str]], matchers: Sequence[Matcher]) -> npt.NDArray[np.intp]:
    """Rows all matchers accept; each distinct value of a label is tried once."""
    rows = list(range(len(labels)))
    for matcher in matchers:
        verdicts: dict[str, bool] = {}
        kept = []
        for row in rows:
            value = labels[row].get(matcher.name, "")
            if value not in verdicts:
                verdicts[value] = matcher.matches(value)
            if verdicts[value]:
                kept.append(row)
        rows = kept
    return np.array(rows, dtype=np.intp)


def first_at_least(
    times: npt.NDArray[np.int64], low: npt.NDArray[np.int64], high: npt.NDArray[np.int64], moment: int
) -> npt.NDArray[np.int64]:
    """Binary search in all series at once: the first place in `low[i]:high[i]` that is not before a moment."""
    low, high = low.copy(), high.copy()
    while (searching := low < high).any():
        middle = (low + high) // 2
        early = times.take(middle, mode="clip") < moment
        np.copyto(low, middle + 1, where=searching & early)
        np.copyto(high, middle, where=searching & ~early)
    return low


def _cut(
    block: SeriesBlock,
    labels: Sequence[Mapping[str, str]],
    begins: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
) -> SeriesBlock:
    lengths = ends - begins
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    if len(begins) and (begins[1:] == ends[:-1]).all():
        whole = slice(int(begins[0]), int(ends[-1]))
        return SeriesBlock(labels, offsets, block.times[whole], block.values[whole])
    # Copying slices is several times faster than picking samples one by one.
    slices = [slice(*bounds) for bounds in zip(begins.tolist(), ends.tolist(), strict=True)]
    times = np.concatenate([block.times[one] for one in slices]) if slices else block.times[:0]
    values = np.concatenate([block.values[one] for one in slices]) if slices else block.values[:0]
    return SeriesBlock(labels, offsets, times, values)


def _check(block: SeriesBlock) -> None:
    offsets = block.offsets
    fits = len(offsets) == len(block.labels) + 1 and len(block.times) == len(block.values) == offsets[-1]
    if not fits or (np.diff(offsets) < 0).any() or offsets[0] != 0:
        raise InputError(
            f"{len(block.labels)} label sets, {len(offsets)} offsets, {len(block.times)} times and "
            f"{len(block.values)} values do not fit together.",
            fix="give one offset more than series, from 0 to the number of samples.",
        )
    steps = np.diff(block.times)
    borders = offsets[1:-1] - 1
    steps[borders[(borders >= 0) & (borders < len(steps))]] = 1
    if (steps <= 0).any():
        raise InputError(
            "the times within a series do not increase.", fix="sort each series by time and drop duplicates."
        )
