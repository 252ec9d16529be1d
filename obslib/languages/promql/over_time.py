"""Functions that aggregate the samples within a range (`*_over_time`).

Each takes `Windows` and gives values and presence per series and step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from obslib.languages.promql.quantiles import nan_first, quantile_of_sorted
from obslib.languages.promql.sums import SCALE, KahanSum, mean
from obslib.languages.promql.values import Bools, Floats, Ints, Windows

_PADDED_CELLS = 1 << 21


def count_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Number of samples."""
    return windows.counts.astype(np.float64), windows.counts > 0


def present_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """1 where there is a sample."""
    return np.ones(windows.left.shape), windows.counts > 0


def sum_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Sum of the values."""
    return _kahan_sum(windows).result(), windows.counts > 0


def avg_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Mean of the values, also where their sum overflows."""
    plain, counts = _kahan_sum(windows), windows.counts.astype(np.float64)
    scaled = _kahan_sum(windows, SCALE) if np.isinf(plain.total).any() else None
    return mean(plain, scaled, counts), counts > 0


def _kahan_sum(windows: Windows, scale: float = 1.0) -> KahanSum:
    sums = KahanSum.zeros(windows.left.shape)
    for place in range(windows.longest()):
        there, _, values = windows.nth(place)
        sums.add(values * scale, there)
    return sums


def min_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Smallest value; NaN only if all are NaN."""
    return _reduce(windows, np.fmin)


def max_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Largest value; NaN only if all are NaN."""
    return _reduce(windows, np.fmax)


def _reduce(windows: Windows, function: np.ufunc) -> tuple[Floats, Bools]:
    present = windows.counts > 0
    values = np.full(present.shape, np.nan)
    if present.any():
        # reduceat takes pairs of bounds; one value more lets a window end at the last sample.
        bounds = np.stack([windows.left[present], windows.right[present]], axis=1).ravel()
        values[present] = function.reduceat(np.append(windows.values, np.nan), bounds)[::2]
    return values, present


def first_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Oldest value."""
    return windows.gather(windows.left)[1], windows.counts > 0


def last_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Newest value."""
    return windows.gather(windows.right - 1)[1], windows.counts > 0


def ts_of_first_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Time of the oldest sample, in seconds."""
    return windows.gather(windows.left)[0] / 1_000, windows.counts > 0


def ts_of_last_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Time of the newest sample, in seconds."""
    return windows.gather(windows.right - 1)[0] / 1_000, windows.counts > 0


def ts_of_min_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Time of the last smallest value, in seconds."""
    return _time_of(windows, np.less_equal)


def ts_of_max_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Time of the last largest value, in seconds."""
    return _time_of(windows, np.greater_equal)


def _time_of(windows: Windows, better: Callable[[Floats, Floats], Bools]) -> tuple[Floats, Bools]:
    _, best = windows.gather(windows.left)
    moments = np.zeros(windows.left.shape, dtype=np.int64)
    for place in range(windows.longest()):
        there, times, values = windows.nth(place)
        takes = there & (better(values, best) | np.isnan(best))
        best, moments = np.where(takes, values, best), np.where(takes, times, moments)
    return moments / 1_000, windows.counts > 0


def stdvar_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Population variance (Welford's method: exact zero for equal values)."""
    shape = windows.left.shape
    center, squares = KahanSum.zeros(shape), KahanSum.zeros(shape)
    for place in range(windows.longest()):
        there, _, values = windows.nth(place)
        distance = values - center.result()
        center.add(distance / (place + 1), there)
        squares.add(distance * (values - center.result()), there)
    return squares.result() / windows.counts, windows.counts > 0


def stddev_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Population standard deviation."""
    variance, present = stdvar_over_time(windows)
    return np.sqrt(variance), present


def quantile_over_time(windows: Windows, q: Floats) -> tuple[Floats, Bools]:
    """The `q`-quantile of the values (`q` per step), interpolated; NaN counts as the smallest value."""
    quantiles = np.broadcast_to(q, windows.left.shape)

    def one(padded: Floats, counts: Ints, cells: tuple[Ints, Ints]) -> Floats:
        return quantile_of_sorted(nan_first(padded, counts), counts, quantiles[cells])

    return _over_padded(windows, one)


def mad_over_time(windows: Windows) -> tuple[Floats, Bools]:
    """Median of the distances from the median; NaN if any value is NaN."""

    def one(padded: Floats, counts: Ints, _: tuple[Ints, Ints]) -> Floats:
        half = np.full(len(counts), 0.5)
        middle = quantile_of_sorted(nan_first(padded, counts), counts, half)
        spread = quantile_of_sorted(nan_first(np.abs(padded - middle[:, None]), counts), counts, half)
        inside = np.arange(padded.shape[1]) < counts[:, None]
        return np.asarray(np.where((np.isnan(padded) & inside).any(axis=1), np.nan, spread))

    return _over_padded(windows, one)


def _over_padded(
    windows: Windows, function: Callable[[Floats, Ints, tuple[Ints, Ints]], Floats]
) -> tuple[Floats, Bools]:
    """Give a function all samples of many windows at once, one window a row, padded at the end."""
    counts = windows.counts
    present = counts > 0
    result = np.full(counts.shape, np.nan)
    rows, columns = np.nonzero(present)
    longest = max(windows.longest(), 1)
    stride = max(1, _PADDED_CELLS // longest)
    for start in range(0, len(rows), stride):
        cells = (rows[start : start + stride], columns[start : start + stride])
        places = windows.left[cells][:, None] + np.arange(longest)
        result[cells] = function(windows.gather(places)[1], counts[cells], cells)
    return result, present


def double_exponential_smoothing(windows: Windows, smoothing: Floats, trend: Floats) -> tuple[Floats, Bools]:
    """Holt's linear smoothing, newest value; both factors per step, between 0 and 1."""
    _, older = windows.gather(windows.left)
    _, second = windows.gather(windows.left + 1)
    level, slope = older, second - older
    for place in range(1, windows.longest()):
        there, _, values = windows.nth(place)
        if place > 1:
            slope = np.where(there, trend * (level - older) + (1 - trend) * slope, slope)
        smoothed = smoothing * values + (1 - smoothing) * (level + slope)
        older, level = np.where(there, level, older), np.where(there, smoothed, level)
    return level, windows.counts >= 2
