"""Delta points to the running totals that Prometheus' functions expect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.series import is_stale


class Samples(NamedTuple):
    """Flat samples: series codes, epoch milliseconds, values."""

    codes: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]

    def pick(self, keep: npt.NDArray[np.bool_]) -> Samples:
        """Those samples only."""
        return Samples(self.codes[keep], self.times[keep], self.values[keep])


def concat(parts: list[Samples]) -> Samples:
    """One after the other."""
    codes, times, values = zip(*parts, strict=True)
    return Samples(np.concatenate(codes), np.concatenate(times), np.concatenate(values))


def accumulate(deltas: Samples, starts: npt.NDArray[np.int64]) -> Samples:
    """Sum delta samples up per series, and put a 0 one millisecond after each series' first start.

    The next batch begins at 0 again; its 0 lies after this batch's last sample, so `rate()` and
    `increase()` see a counter that was reset in between and lose nothing at the border.

    Parameters
    ----------
    deltas
        What was added in each interval, in any order; stale markers are kept and add nothing.
    starts
        When each interval began, epoch milliseconds; 0 where unknown (then no 0 is put in).
    """
    order = np.lexsort((deltas.times, deltas.codes))
    codes, times, added = deltas.codes[order], deltas.times[order], deltas.values[order]
    stale = is_stale(added)
    totals = pd.Series(np.where(stale, 0.0, added)).groupby(codes).cumsum().to_numpy()
    series, first = np.unique(codes, return_index=True)
    begin = starts[order][first]
    room = (begin > 0) & (begin + 1 < times[first])
    zeros = Samples(series[room], begin[room] + 1, np.zeros(int(room.sum())))
    return concat([zeros, Samples(codes, times, np.where(stale, added, totals))])
