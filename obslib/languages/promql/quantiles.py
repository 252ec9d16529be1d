"""The interpolated quantile that PromQL uses everywhere."""

from __future__ import annotations

import numpy as np

from obslib.languages.promql.values import Floats, Ints


def nan_first(values: Floats, counts: Ints) -> Floats:
    """Sort the first `counts[i]` values of each row, NaN as the smallest."""
    inside = np.arange(values.shape[1]) < counts[:, None]
    nans = (np.isnan(values) & inside).sum(axis=1)
    ordered = np.sort(np.where(inside, values, np.nan), axis=1)
    places = np.arange(values.shape[1]) - nans[:, None]
    return np.where(places < 0, np.nan, np.take_along_axis(ordered, np.maximum(places, 0), axis=1))


def quantile_of_sorted(values: Floats, counts: Ints, q: Floats) -> Floats:
    """Quantile of each row of ascending values, of which the first `counts[i]` belong to row `i`.

    `q` outside 0 to 1 gives -Inf or +Inf, NaN gives NaN; so does a row without values.
    """
    rank = q * (counts - 1)
    safe = np.where(np.isfinite(rank), rank, 0.0)
    lower = np.clip(np.floor(safe), 0, np.maximum(counts - 1, 0)).astype(np.int64)
    upper = np.clip(lower + 1, 0, np.maximum(counts - 1, 0))
    weight = safe - np.floor(safe)
    rows = np.arange(len(values))
    between = values[rows, lower] * (1 - weight) + values[rows, upper] * weight
    # Exactly on a value: its neighbour does not count, not even an infinite one.
    between = np.where(weight == 0, values[rows, lower], between)
    result = np.where(q < 0, -np.inf, np.where(q > 1, np.inf, between))
    return np.asarray(np.where(np.isnan(q) | (counts == 0), np.nan, result))
