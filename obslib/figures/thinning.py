"""Fewer points that still show every spike and every gap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]
Values = npt.NDArray[np.float64]


def rows_to_keep(values: Values, points: int) -> Rows:
    """The rows of one series to draw: of each bucket the lowest, the highest and the first unknown.

    Parameters
    ----------
    values
        `n` numbers in time order; NaN is a gap.
    points
        About how many rows to keep, at least 4. All `n` are kept if that is enough.

    Returns
    -------
    Rows
        Sorted positions, the first and the last among them. Times are not moved: each kept row is
        a real one. A gap of whatever length stays visible. At most about 1.5 times `points` rows: three a
        bucket of `2 / points` of the series, and the two ends.
    """
    count = len(values)
    if count <= points:
        return np.arange(count, dtype=np.intp)
    width = -(-2 * count // max(points, 4))
    padded = np.full(-(-count // width) * width, np.nan)
    padded[:count] = values
    buckets = padded.reshape(-1, width)
    unknown = np.isnan(buckets)
    unknown[-1, count - (len(buckets) - 1) * width :] = False  # padding is no gap
    starts = np.arange(len(buckets), dtype=np.intp) * width
    known = ~np.isnan(buckets).all(axis=1)
    lowest = (starts + np.where(np.isnan(buckets), np.inf, buckets).argmin(axis=1))[known]
    highest = (starts + np.where(np.isnan(buckets), -np.inf, buckets).argmax(axis=1))[known]
    gaps = (starts + unknown.argmax(axis=1))[unknown.any(axis=1)]
    ends = np.array([0, count - 1], dtype=np.intp)
    return np.unique(np.concatenate([ends, lowest, highest, gaps]))


def isolated(values: Values) -> Rows:
    """Rows with a value between two gaps: a line cannot show them, a marker must.

    >>> isolated(np.array([1.0, np.nan, 2.0, np.nan, 3.0, 4.0])).tolist()
    [0, 2]
    """
    known = np.concatenate([[False], ~np.isnan(values), [False]])
    return np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])


def with_gap_rows(times: npt.NDArray[np.int64], values: Values) -> tuple[npt.NDArray[np.int64], Values]:
    """Put a row of NaN where rows are missing, so that no line is drawn across.

    Missing means a distance of more than 2.5 times the usual (median) one. `times` are `n` sorted
    epoch numbers of any unit, `values` is `n` x `k`.
    """
    if len(times) < 3:
        return times, values
    distances = np.diff(times)
    usual = float(np.median(distances))
    after = np.flatnonzero(distances > 2.5 * usual) + 1
    if not len(after):
        return times, values
    return np.insert(times, after, times[after - 1] + int(usual)), np.insert(values, after, np.nan, axis=0)
