"""Quantiles and fractions of classic histograms (`le` buckets).

Rules: documentation of histogram_quantile(); edge cases as in promql/quantile.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from obslib.languages.promql.context import Context
from obslib.languages.promql.values import Bools, Floats, Ints, LabelKey, Labels, Vector

BUCKET_LABEL = "le"
_SMALL_DELTA = 1e-12


@dataclass(frozen=True)
class Buckets:
    """Cumulative counts (`buckets` x `steps`) of one histogram by ascending upper bound, at some of the steps."""

    bounds: Floats
    counts: Floats
    steps: Bools


@dataclass
class Histogram:
    """The bucket series of one histogram: upper bounds, and rows of the vector."""

    labels: Labels
    bounds: list[float]
    rows: list[int]


def histograms_of(ctx: Context, vector: Vector, position: int) -> list[Histogram]:
    """Group bucket series into histograms; a series without a proper `le` is a warning."""
    found: dict[LabelKey, Histogram] = {}
    for row, labels in enumerate(vector.labels):
        text = labels.get(BUCKET_LABEL, "")
        bound = _bound(text)
        if bound is None:
            ctx.warn(
                f'bucket label "{BUCKET_LABEL}" is missing or has a malformed value of "{text}"'
                f"{ctx.for_metric(labels)}",
                position,
            )
            continue
        rest = {name: value for name, value in labels.items() if name != BUCKET_LABEL}
        histogram = found.setdefault(tuple(sorted(rest.items())), Histogram(rest, [], []))
        histogram.bounds.append(bound)
        histogram.rows.append(row)
    return list(found.values())


def _bound(text: str) -> float | None:
    # Python reads underscores and spaces in numbers, Go does not.
    try:
        return None if set(text) & {"_", " "} else float(text)
    except ValueError:
        return None


def buckets_of(vector: Vector, histogram: Histogram) -> Iterator[Buckets]:
    """The buckets of a histogram, once for each set of them that is present at some steps."""
    order = np.argsort(histogram.bounds, kind="stable")
    rows = np.array(histogram.rows)[order]
    bounds = np.array(histogram.bounds)[order]
    present = vector.present[rows]
    patterns, which = np.unique(present, axis=1, return_inverse=True)
    for place in range(patterns.shape[1]):
        pattern, steps = patterns[:, place], which.ravel() == place
        if pattern.any():
            yield _coalesced(bounds[pattern], vector.values[rows[pattern]][:, steps], steps)


def _coalesced(bounds: Floats, counts: Floats, steps: Bools) -> Buckets:
    """Buckets written with different `le` texts of the same number become one."""
    unique, first = np.unique(bounds, return_index=True)
    return Buckets(unique, np.add.reduceat(counts, first, axis=0), steps)


def monotonic(counts: Floats) -> tuple[Floats, bool]:
    """Counts that never fall, and whether more than rounding errors had to be mended."""
    mended, forced = counts.copy(), False
    for place in range(1, len(counts)):
        previous, current = mended[place - 1], counts[place]
        close = np.abs(current - previous) < _SMALL_DELTA * (np.abs(current) + np.abs(previous))
        falls = current < previous
        forced = forced or bool((falls & ~close).any())
        mended[place] = np.where(falls | close, previous, current)
    return mended, forced


def quantile(buckets: Buckets, q: Floats) -> tuple[Floats, bool]:
    """The `q`-quantile (per step), interpolated within its bucket, and whether counts were mended."""
    result = np.full(len(q), np.nan)
    bounds = buckets.bounds
    valid = len(bounds) >= 2 and np.isposinf(bounds[-1])
    forced = False
    if valid:
        counts, forced = monotonic(buckets.counts)
        inside = (counts[-1] != 0) & (q >= 0) & (q <= 1)
        result[inside] = _interpolated(bounds, counts[:, inside], q[inside])
    result[q < 0] = -np.inf
    result[q > 1] = np.inf
    return result, forced


def _interpolated(bounds: Floats, counts: Floats, q: Floats) -> Floats:
    rank = q * counts[-1]
    # Counts of NaN reach no rank, so that the quantile lies in the last bucket.
    bucket = np.minimum((~(counts >= rank)).sum(axis=0), len(bounds) - 1)
    columns = np.arange(counts.shape[1])
    below = np.where(bucket > 0, counts[np.maximum(bucket - 1, 0), columns], 0.0)
    low = np.where(bucket > 0, bounds[np.maximum(bucket - 1, 0)], 0.0)
    high = bounds[bucket]
    value = low + (high - low) * ((rank - below) / (counts[bucket, columns] - below))
    # No lower bound: the lowest bucket's upper one, if it is not positive. No upper bound: the last finite one.
    value = np.where((bucket == 0) & (bounds[0] <= 0), bounds[0], value)
    return np.asarray(np.where(bucket == len(bounds) - 1, bounds[-2], value))


def fraction(buckets: Buckets, lower: Floats, upper: Floats) -> Floats:
    """Share of observations between two bounds (per step), interpolated within buckets."""
    bounds = buckets.bounds
    steps = np.arange(len(lower))
    if not np.isposinf(bounds[-1]):
        return np.full(len(lower), np.nan)
    counts = buckets.counts
    total = counts[-1]
    # Falling counts can give ranks above the total, which Prometheus caps.
    ranks = [np.minimum(_rank(bounds, counts, edge, steps), total) for edge in (lower, upper)]
    share = np.where(lower >= upper, 0.0, (ranks[1] - ranks[0]) / total)
    unknown = (total == 0) | np.isnan(total) | np.isnan(lower) | np.isnan(upper)
    return np.asarray(np.where(unknown, np.nan, share))


def _rank(bounds: Floats, counts: Floats, edge: Floats, columns: Ints) -> Floats:
    """Number of observations at or below an edge."""
    bucket = np.minimum(np.searchsorted(bounds, edge, side="left"), len(bounds) - 1)
    below = np.where(bucket > 0, counts[np.maximum(bucket - 1, 0), columns], 0.0)
    lowest = 0.0 if bounds[0] > 0 else -np.inf
    low = np.where(bucket > 0, bounds[np.maximum(bucket - 1, 0)], lowest)
    high = bounds[bucket]
    share = np.clip((edge - low) / (high - low), 0.0, 1.0)
    # Nothing is known about where observations lie in a bucket of infinite width: none counts as being in
    # a range that ends or starts within it.
    share = np.where(np.isneginf(low), ~np.isneginf(edge), np.where(np.isposinf(high), 0.0, share))
    share = np.where(edge >= high, 1.0, share)
    return np.asarray(below + share * (counts[bucket, columns] - below))
