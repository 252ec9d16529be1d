"""Functions of how samples change within a range: rate and its relatives.

Each takes `Windows` and gives values and presence per series and step. Formulas: Prometheus'
documentation of rate(); extrapolation as in promql/functions.go (`extrapolatedRate`).
"""

from __future__ import annotations

import numpy as np

from obslib.languages.promql.sums import KahanSum
from obslib.languages.promql.values import Bools, Floats, Ints, Windows

_THRESHOLD = 1.1
"""A gap up to this many average intervals wide at the edge of the range is extrapolated over entirely."""


def rate(windows: Windows, *, counter: bool = True, per_second: bool = True) -> tuple[Floats, Bools]:
    """Increase over the range, extrapolated to its bounds; with `counter` resets are made up for."""
    first_times, first = windows.gather(windows.left)
    last_times, increase = windows.gather(windows.right - 1)
    increase -= first
    if counter:
        add_reset_corrections(windows, increase)
    counts = windows.counts
    sampled = (last_times - first_times) / 1_000
    average = sampled / (counts - 1)
    limit = average * _THRESHOLD
    average /= 2
    to_start = (first_times - windows.starts) / 1_000
    np.copyto(to_start, average, where=to_start >= limit)
    if counter:
        # Counters are not negative: do not extrapolate to before their zero.
        to_zero = sampled * (first / increase)
        np.copyto(to_start, to_zero, where=(increase > 0) & (first >= 0) & (to_zero < to_start))
    to_end = (windows.ends - last_times) / 1_000
    np.copyto(to_end, average, where=to_end >= limit)
    # In Prometheus' order, so that results are the same to the last bit.
    to_start += sampled
    to_start += to_end
    to_start /= sampled
    if per_second:
        to_start /= windows.seconds
    increase *= to_start
    return increase, counts >= 2


def increase(windows: Windows) -> tuple[Floats, Bools]:
    """Increase of a counter over the range."""
    return rate(windows, per_second=False)


def delta(windows: Windows) -> tuple[Floats, Bools]:
    """Change of a gauge over the range."""
    return rate(windows, counter=False, per_second=False)


def add_reset_corrections(windows: Windows, sums: Floats) -> None:
    """Add to each window's sum the values right before its counter resets."""
    values, offsets = windows.values, windows.offsets
    falls = np.flatnonzero(values[1:] < values[:-1]) + 1
    owners = np.searchsorted(offsets, falls, side="right") - 1
    inner = falls != offsets[owners]
    falls, rows = falls[inner], np.unique(owners[inner])
    if not len(rows):
        return
    # Only series with resets are looked at, and there only windows with any.
    low = np.searchsorted(falls, windows.left[rows] + 1)
    high = np.searchsorted(falls, windows.right[rows])
    affected = np.nonzero(high > low)
    low, high = low[affected], high[affected]
    cells = (rows[affected[0]], affected[1])
    corrected, before = sums[cells], values[falls - 1]
    for place in range(int((high - low).max(initial=0))):
        inside = low + place < high
        corrected[inside] += before[low[inside] + place]
    sums[cells] = corrected


def last_two(windows: Windows) -> tuple[Bools, Floats, Floats, Floats]:
    """Where there are two samples, the last two values, and the seconds between them."""
    times, last = windows.gather(windows.right - 1)
    earlier, previous = windows.gather(windows.right - 2)
    return windows.counts >= 2, previous, last, (times - earlier) / 1_000


def irate(windows: Windows) -> tuple[Floats, Bools]:
    """Per-second rate of a counter between the last two samples."""
    present, previous, last, seconds = last_two(windows)
    return np.where(last < previous, last, last - previous) / seconds, present & (seconds > 0)


def idelta(windows: Windows) -> tuple[Floats, Bools]:
    """Difference of the last two samples."""
    present, previous, last, seconds = last_two(windows)
    return last - previous, present & (seconds > 0)


def resets(windows: Windows) -> tuple[Floats, Bools]:
    """How often the value fell."""
    values = windows.values
    return _transitions(windows, values[1:] < values[:-1])


def changes(windows: Windows) -> tuple[Floats, Bools]:
    """How often the value changed; NaN after NaN is no change."""
    values = windows.values
    differs = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    return _transitions(windows, differs)


def _transitions(windows: Windows, happened: Bools) -> tuple[Floats, Bools]:
    """Count in each window the samples (after its first) at which something happened."""
    before = np.concatenate([[0, 0], np.cumsum(happened)]).astype(np.int64)
    last = np.clip(windows.right, 0, len(before) - 1)
    first = np.clip(windows.left + 1, 0, len(before) - 1)
    return (before[last] - before[first]).astype(np.float64), windows.counts >= 1


def deriv(windows: Windows) -> tuple[Floats, Bools]:
    """Per-second slope of a least-squares line."""
    origin, _ = windows.gather(windows.left)
    slope, _, present = linear_regression(windows, origin)
    return slope, present


def predict_linear(windows: Windows, ahead: Floats) -> tuple[Floats, Bools]:
    """Value of the least-squares line `ahead` seconds after the evaluation time."""
    origin = np.broadcast_to(windows.evaluated, windows.left.shape)
    slope, intercept, present = linear_regression(windows, origin)
    return slope * ahead + intercept, present


def linear_regression(windows: Windows, origin: Ints) -> tuple[Floats, Floats, Bools]:
    """Slope per second, value at `origin` (epoch ms per cell), and where there are two samples."""
    shape = windows.left.shape
    sum_x, sum_y = KahanSum.zeros(shape), KahanSum.zeros(shape)
    sum_xy, sum_xx = KahanSum.zeros(shape), KahanSum.zeros(shape)
    _, start_value = windows.gather(windows.left)
    constant = np.ones(shape, dtype=bool)
    for place in range(windows.longest()):
        there, times, y = windows.nth(place)
        x = (times - origin) / 1_000
        sum_x.add(x, there)
        sum_y.add(y, there)
        sum_xy.add(x * y, there)
        sum_xx.add(x * x, there)
        constant &= ~there | (y == start_value)
    n = windows.counts.astype(np.float64)
    x, y = sum_x.result(), sum_y.result()
    covariance = sum_xy.result() - x * y / n
    variance = sum_xx.result() - x * x / n
    slope = covariance / variance
    intercept = y / n - slope * x / n
    level = np.where(np.isinf(start_value), np.nan, start_value)
    slope = np.where(constant, level * 0.0, slope)
    return slope, np.where(constant, level, intercept), windows.counts >= 2
