"""Classic histogram buckets: from cumulative counts by `le` to counts between bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.errors import InputError
from obslib.core.frames import labels_of
from obslib.core.units import Scale, format_value, scale_for, unit_of_metric

_BUCKET = re.compile(r"\b(\w+)_bucket\b")
_NOISE = 0.01
_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Buckets:
    """`n` steps x `k` buckets. `edges` are `k + 1` bounds: from 0 (or `-inf`) to the last `le`.

    `falling` counts the cells in which a cumulative count was lower than that of the bucket below,
    by more than 1 % of all: data that is no histogram.
    """

    edges: _Values
    counts: _Values
    falling: int


def buckets_of(frame: pd.DataFrame) -> Buckets:
    """De-cumulate a frame with one series per bound; unknown stays unknown.

    Raises
    ------
    InputError
        If a series has no `le`, one that is no number, or two series have the same.
    """
    labels = labels_of(frame)
    if any("le" not in one for one in labels):
        raise InputError(
            "a heatmap needs one series per bucket, with the label le.",
            fix="for example sum by (le) (increase(http_request_duration_seconds_bucket[5m])).",
        )
    bounds = np.array([_bound(one["le"]) for one in labels], dtype=np.float64)
    if len(np.unique(bounds)) < len(bounds):
        raise InputError(
            "several series have the same bucket bound.", fix="add them up with sum by (le) (...), or select one."
        )
    order = np.argsort(bounds)
    bounds, totals = bounds[order], frame.to_numpy(dtype=np.float64)[:, order]
    counts = np.diff(totals, axis=1, prepend=0.0)
    least = -_NOISE * np.fmax.reduce(totals, axis=1, initial=0.0)[:, None]
    first = 0.0 if bounds[0] > 0 else -np.inf
    return Buckets(np.concatenate([[first], bounds]), np.maximum(counts, 0.0), int((counts < least).sum()))


def bound_unit(query: str) -> str:
    """The unit that the name of the query's `_bucket` metric promises for the bounds, or `""`.

    >>> bound_unit("sum by (le) (rate(http_request_duration_seconds_bucket[5m]))")
    's'
    """
    found = _BUCKET.search(query)
    return unit_of_metric(found[1]) if found else ""


def edge_texts(edges: _Values, unit: str) -> list[str]:
    """Each bound with its unit, as on an axis."""
    return [format_value(float(edge), unit) if edge else "0" for edge in edges]


def row_names(edges: _Values, unit: str) -> list[str]:
    """What each bucket holds, in words."""
    texts = edge_texts(edges, unit)
    names = [f"{low} to {high}" for low, high in pairwise(texts)]
    if np.isinf(edges[-1]):
        names[-1] = f"over {texts[-2]}"
    if np.isinf(edges[0]):
        names[0] = f"up to {texts[1]}" if np.isfinite(edges[1]) else "all"
    return names


def cell_scale(counts: _Values, unit: str) -> Scale:
    """The scale for the fullest cell."""
    return scale_for(float(np.fmax.reduce(counts, axis=None, initial=0.0)), unit)


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"the bucket bound le={text!r} is no number.", fix="select a classic histogram.") from error
