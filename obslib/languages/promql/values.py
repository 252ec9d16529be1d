"""What expressions evaluate to: matrices of series x steps, and samples in windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from obslib.core.series import METRIC_NAME

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Labels = Mapping[str, str]
LabelKey = tuple[tuple[str, str], ...]

Bounds = Callable[[Ints, Ints, Ints, int], tuple[Ints, Ints]]
"""From times, offsets, right ends and length of the ranges to flat bounds of windows."""

METADATA_LABELS = (METRIC_NAME, "__type__", "__unit__")
"""Labels that say what the metric is; operations that change its meaning drop them together."""
BLOCK_CELLS = 1 << 15
"""Windows are computed for about this many cells (series x steps) at a time, to stay in the caches."""


def label_key(labels: Labels) -> LabelKey:
    """A hashable form of a label set; sorting by it is Prometheus' order of series."""
    return tuple(sorted(labels.items()))


def without_metadata(labels: Labels) -> Labels:
    """The labels without name, type and unit."""
    return {name: value for name, value in labels.items() if name not in METADATA_LABELS}


@dataclass(frozen=True)
class Grid:
    """The evaluation times of an expression (epoch ms, equally spaced), and the bounds of the whole query."""

    times: Ints
    step: int
    query_start: int
    query_end: int
    query_step: int

    @classmethod
    def of_query(cls, start: int, end: int, step: int) -> Grid:
        """The grid of a range query, end inclusive; for an instant query start is end and step 0."""
        times = np.arange(start, end + 1, max(step, 1), dtype=np.int64)
        return cls(times, step, start, end, step)

    def __len__(self) -> int:
        return len(self.times)

    def first(self) -> Grid:
        """The first step alone."""
        return replace(self, times=self.times[:1])


@dataclass(frozen=True)
class Vector:
    """An instant vector at every step: `values[i, j]` is series `i` at step `j`, where `present`.

    `drop_name` marks series whose name goes when the query is done (or at once, without delayed
    name removal).
    """

    labels: Sequence[Labels]
    values: Floats
    present: Bools
    drop_name: Bools

    @classmethod
    def empty(cls, steps: int) -> Vector:
        """No series."""
        return cls([], np.empty((0, steps)), np.empty((0, steps), dtype=bool), np.empty(0, dtype=bool))

    @classmethod
    def single(cls, values: Floats) -> Vector:
        """One series without labels, present everywhere."""
        return cls([{}], values[None, :], np.ones((1, len(values)), dtype=bool), np.zeros(1, dtype=bool))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.intp] | Bools) -> Vector:
        """Some of the series, by position or mask."""
        chosen = np.arange(len(self))[rows]
        return Vector(
            [self.labels[row] for row in chosen], self.values[chosen], self.present[chosen], self.drop_name[chosen]
        )

    def pruned(self) -> Vector:
        """Without series that are present at no step."""
        alive: Bools = np.asarray(self.present.any(axis=1))
        return self if alive.all() else self.take(alive)

    def dropping_names(self) -> Vector:
        """The same with every name marked to be dropped."""
        return replace(self, drop_name=np.ones(len(self), dtype=bool))

    def spread(self, steps: int) -> Vector:
        """The result of one step repeated at `steps` steps."""
        return replace(
            self,
            values=np.repeat(self.values, steps, axis=1),
            present=np.repeat(self.present, steps, axis=1),
        )


@dataclass(frozen=True)
class Windows:
    """Samples of some series, and for each series and step which of them lie in the range.

    `times` and `values` are flat; series `i` owns `offsets[i]:offsets[i + 1]`, its window at step `j` is
    `left[i, j]:right[i, j]`. `starts` and `ends` are the bounds of the ranges (epoch ms, open on the left),
    `evaluated` the evaluation times.
    """

    times: Ints
    values: Floats
    offsets: Ints
    left: Ints
    right: Ints
    starts: Ints
    ends: Ints
    evaluated: Ints
    seconds: float

    @property
    def counts(self) -> Ints:
        """Samples in each window."""
        return self.right - self.left

    def gather(self, places: Ints) -> tuple[Ints, Floats]:
        """Times and values at these flat positions; positions beyond the samples give the last one."""
        if not len(self.times):
            return np.zeros(places.shape, dtype=np.int64), np.full(places.shape, np.nan)
        return self.times.take(places, mode="clip"), self.values.take(places, mode="clip")

    def nth(self, n: int) -> tuple[Bools, Ints, Floats]:
        """The `n`-th sample of each window: whether there is one, its time and value."""
        there = n < self.counts
        times, values = self.gather(self.left + n)
        return there, times, values

    def longest(self) -> int:
        """Samples in the fullest window."""
        return int(self.counts.max(initial=0))


@dataclass(frozen=True)
class Ranges:
    """A range vector: raw samples (no stale markers) and the range to take at each step.

    Series `i` owns the samples `offsets[i]:offsets[i + 1]`. `ends` are the right ends of the ranges
    (equally spaced, or all equal), `length` their length in ms. `bounds` finds the windows of the
    samples where that is not simply what lies in the range.
    """

    labels: Sequence[Labels]
    drop_name: Bools
    offsets: Ints
    times: Ints
    values: Floats
    ends: Ints
    length: int
    evaluated: Ints
    bounds: Bounds | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def blocks(self) -> Iterator[tuple[slice, Windows]]:
        """The windows of all series, some series at a time."""
        per_series = max(len(self.ends), len(self.times) // max(len(self), 1), 1)
        stride = max(1, BLOCK_CELLS // per_series)
        for start in range(0, len(self), stride):
            stop = min(start + stride, len(self))
            yield slice(start, stop), self._windows(start, stop)

    def map(self, function: Callable[[Windows], tuple[Floats, Bools]], *, keeps_name: bool = False) -> Vector:
        """Apply a function from windows to values and presence, block by block."""
        shape = (len(self), len(self.ends))
        values, present = np.empty(shape), np.empty(shape, dtype=bool)
        for rows, windows in self.blocks():
            values[rows], present[rows] = function(windows)
        dropped = self.drop_name if keeps_name else np.ones(len(self), dtype=bool)
        return Vector(self.labels, values, present, dropped).pruned()

    def _windows(self, start: int, stop: int) -> Windows:
        low, high = int(self.offsets[start]), int(self.offsets[stop])
        offsets = self.offsets[start : stop + 1] - low
        times = self.times[low:high]
        left, right = (self.bounds or window_bounds)(times, offsets, self.ends, self.length)
        return Windows(
            times,
            self.values[low:high],
            offsets,
            left,
            right,
            self.ends - self.length,
            self.ends,
            self.evaluated,
            self.length / 1_000,
        )


def window_bounds(times: Ints, offsets: Ints, ends: Ints, length: int) -> tuple[Ints, Ints]:
    """Flat bounds of `(end - length, end]` for every series and end; ends are equally spaced or all equal."""
    steps = len(ends)
    step = int(ends[1] - ends[0]) if steps > 1 else 0
    shift, rest = divmod(length, step) if step else (0, 1)
    if rest == 0 and shift <= steps:
        # The left bounds are the right bounds of earlier ends: count once over a longer grid.
        longer = np.concatenate([ends[0] - step * np.arange(shift, 0, -1), ends])
        both = counts_until(times, offsets, longer)
        return both[:, :steps], both[:, shift:]
    return counts_until(times, offsets, ends - length), counts_until(times, offsets, ends)


def counts_until(times: Ints, offsets: Ints, moments: Ints) -> Ints:
    """Flat position after the last sample at or before each moment, for every series.

    `moments` are equally spaced (or all equal), so a division finds a sample's first moment: linear in samples
    plus results, where a binary search per result would not be.
    """
    series, steps = len(offsets) - 1, len(moments)
    step = int(moments[1] - moments[0]) if steps > 1 else 0
    cells = (times + (step - 1 - int(moments[0]))) // step if step else np.where(times <= moments[0], 0, steps)
    np.clip(cells, 0, steps, out=cells)
    cells += np.repeat(np.arange(series, dtype=np.int64) * (steps + 1), np.diff(offsets))
    counts = np.bincount(cells, minlength=series * (steps + 1)).reshape(series, steps + 1)
    return np.asarray(np.cumsum(counts[:, :steps], axis=1) + offsets[:-1, None], dtype=np.int64)
