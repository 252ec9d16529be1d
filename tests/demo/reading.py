"""How the tests of the demo read generated series."""

from __future__ import annotations

import numpy as np
import pandas as pd

from obslib.demo.metrics.families import FAMILIES, Family
from obslib.demo.metrics.series import MetricSet, OneSeries


def family_of(name: str) -> Family:
    """The family of a series' name (histograms have three names)."""
    return FAMILIES.get(name) or FAMILIES[name.rpartition("_")[0]]


def plain(values: np.ndarray) -> np.ndarray:
    """Without stale markers and gaps."""
    return values[~np.isnan(values)]


def named(history: MetricSet, name: str, **labels: str) -> list[OneSeries]:
    """Series of a name whose labels match."""
    return [one for one in history.series if one.name == name and labels.items() <= dict(one.labels).items()]


def total_growth(history: MetricSet, name: str, **labels: str) -> np.ndarray:
    """Increase per minute over all matching series."""
    size = history.platform.grid.size
    total = np.zeros(size)
    for one in named(history, name, **labels):
        values = pd.Series(np.where(np.isnan(one.values), np.nan, one.values)).ffill().to_numpy()
        grown = np.diff(values, prepend=values[0])
        total[one.first : one.first + len(grown)] += np.where(grown < 0, 0.0, np.nan_to_num(grown))[: size - one.first]
    return total
