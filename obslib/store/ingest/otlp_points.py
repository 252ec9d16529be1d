"""Data points of each OTLP kind, taken apart into the plain samples that Prometheus would hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obslib.store.ingest.nested import Floats, Indices, column, explode, field, floats, integers, offsets_of


class Part(NamedTuple):
    """Which sample of a point: a suffix to the metric's name and at most one further label."""

    suffix: str = ""
    label: str = ""
    value: str = ""


@dataclass(frozen=True)
class Expansion:
    """Samples of points: sample `i` is part `parts[part[i]]` of point `point[i]`.

    `bounds` is the upper bound of each part that is a bucket, NaN for the others.
    """

    parts: list[Part]
    bounds: Floats
    point: Indices
    part: Indices
    values: Floats

    def bucket_of(self, points: Indices, values: Floats) -> Indices:
        """The part that holds each value: the first bucket of its point with a bound not below it."""
        is_bucket = np.flatnonzero(~np.isnan(self.bounds)[self.part])
        if not len(is_bucket):
            return np.zeros(len(points), dtype=np.int64)
        owner = np.concatenate([self.point[is_bucket], points])
        height = np.concatenate([self.bounds[self.part[is_bucket]], np.nan_to_num(values, nan=np.inf)])
        wanted = np.arange(len(owner)) >= len(is_bucket)
        order = np.lexsort((~wanted, height, owner))  # a value comes just before the bucket it falls into
        bucket_here = np.where(wanted[order], len(order), np.arange(len(order)))
        following = np.minimum.accumulate(bucket_here[::-1])[::-1]
        found = np.empty(len(order), dtype=np.int64)
        found[order] = order[np.minimum(following, len(order) - 1)]
        return self.part[is_bucket[found[len(is_bucket) :]]]


def expand(kind: str, points: pa.Array) -> Expansion:
    """The samples of points of one kind (the names of OTLP's `Metric.data`)."""
    return _EXPANSIONS[kind](points)


def number_values(points: pa.Array) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """`as_double` or `as_int` as floats, and whether either is there."""
    value = pc.coalesce(field(points, "as_double"), pc.cast(field(points, "as_int"), pa.float64(), safe=False))
    return floats(value), pc.is_valid(value).to_numpy(zero_copy_only=False)


def bucket_counts_fit(points: pa.Array) -> npt.NDArray[np.bool_]:
    """Whether a histogram has one bucket count more than bounds, or neither (metrics.proto)."""
    bounds, counts = (np.diff(offsets_of(field(points, name))) for name in ("explicit_bounds", "bucket_counts"))
    return np.asarray((counts == bounds + 1) | ((counts == 0) & (bounds == 0)))


def bound_text(bound: float) -> str:
    """A bucket's bound or a quantile as Prometheus writes it: shortest digits, no exponent."""
    if np.isinf(bound):
        return "+Inf" if bound > 0 else "-Inf"
    return np.format_float_positional(bound, trim="-")


def _numbers(points: pa.Array) -> Expansion:
    values, _ = number_values(points)
    rows = np.arange(len(points))
    return Expansion([Part()], np.array([np.nan]), rows, np.zeros_like(rows), values)


def _summary(points: pa.Array) -> Expansion:
    quantiles, rows = explode(field(points, "quantile_values"))
    pieces = [
        (rows, floats(column(quantiles, "quantile", 0.0)), floats(column(quantiles, "value", 0.0))),
    ]
    return _assemble(points, "quantile", "", pieces, has_infinity=False)


def _histogram(points: pa.Array) -> Expansion:
    bounds, rows = explode(field(points, "explicit_bounds"))
    counts, _ = explode(field(points, "bucket_counts"))
    first_bound, first_count = (offsets_of(field(points, name)) for name in ("explicit_bounds", "bucket_counts"))
    running = np.concatenate([[0.0], np.cumsum(floats(counts))])
    place = np.arange(len(bounds)) - first_bound[rows]
    known = place < np.diff(first_count)[rows]
    rows, place = rows[known], place[known]
    below = running[first_count[rows] + place + 1] - running[first_count[rows]]
    return _assemble(points, "le", "_bucket", [(rows, floats(bounds)[known], below)], has_infinity=True)


def _exponential(points: pa.Array) -> Expansion:
    """Bucket `i` of scale `s` holds values in (b^i, b^(i+1)] with b = 2^(2^-s); negative ones mirrored."""
    rows, edges, counts = [], [], []
    width = np.exp2(-1.0 * integers(points, "scale"))
    for sign, side in ((1.0, "positive"), (-1.0, "negative")):
        row, index, count, lowest = _dense_buckets(field(points, side))
        upper_exponent = index + 1 if sign > 0 else index
        with np.errstate(over="ignore"):
            edge = sign * np.exp2(upper_exponent * width[row])
            outer = sign * np.exp2((lowest[1] if sign > 0 else lowest[2]) * width[lowest[0]])
        rows += [row, lowest[0]]
        edges += [edge, outer]
        counts += [count, np.zeros(len(outer))]
    zeros, negative = (
        floats(column(points, "zero_count", 0)),
        pc.list_value_length(_counts(field(points, "negative"))),
    )
    with_zero = np.flatnonzero((zeros > 0) | (floats(pc.fill_null(negative, 0)) > 0))
    rows.append(with_zero)
    edges.append(floats(column(points, "zero_threshold", 0.0))[with_zero])
    counts.append(zeros[with_zero])
    return _assemble(
        points, "le", "_bucket", [_cumulated(*map(np.concatenate, (rows, edges, counts)))], has_infinity=True
    )


def _dense_buckets(buckets: pa.Array) -> tuple[Indices, Indices, Floats, tuple[Indices, Indices, Indices]]:
    """Row, index and count of each bucket; then the rows that have any, their first index, and one past their last."""
    lists = _counts(buckets)
    counts, row = explode(lists)
    starts, offset = offsets_of(lists), integers(buckets, "offset")
    index = offset[row] + np.arange(len(row)) - starts[row]
    used = np.flatnonzero(np.diff(starts))
    return row, index, floats(counts), (used, offset[used], offset[used] + np.diff(starts)[used])


def _counts(buckets: pa.Array) -> pa.Array:
    return field(buckets, "bucket_counts")


def _cumulated(rows: Indices, edges: Floats, counts: Floats) -> tuple[Indices, Floats, Floats]:
    """Sort by point and bound, sum up within each point; bounds beyond the floats fall to +Inf."""
    order = np.lexsort((edges, rows))
    rows, edges, running = rows[order], edges[order], np.cumsum(counts[order])
    first = np.searchsorted(rows, rows)
    below = running - np.where(first > 0, running[first - 1], 0.0)
    finite = np.isfinite(edges)
    return rows[finite], edges[finite], below[finite]


def _assemble(
    points: pa.Array,
    label: str,
    suffix: str,
    pieces: list[tuple[Indices, Floats, Floats]],
    *,
    has_infinity: bool,
) -> Expansion:
    """Buckets or quantiles, with `_count`, `_sum` (where the point has one) and the bucket +Inf."""
    row, edge, value = pieces[0]
    everyone, count = np.arange(len(points)), floats(column(points, "count", 0))
    total = field(points, "sum")
    with_sum = np.flatnonzero(pc.is_valid(total).to_numpy(zero_copy_only=False))
    edges, edge_code = np.unique(edge, return_inverse=True)
    parts = [Part("_count"), Part("_sum"), *(Part(suffix, label, bound_text(bound)) for bound in edges.tolist())]
    bounds = [np.nan, np.nan, *(edges.tolist() if has_infinity else [np.nan] * len(edges))]
    groups = [(row, edge_code + 2, value), (everyone, 0 * everyone, count)]
    groups.append((with_sum, 0 * with_sum + 1, floats(pc.fill_null(total, 0.0))[with_sum]))
    if has_infinity:
        groups.append((everyone, 0 * everyone + len(parts), count))
        parts.append(Part(suffix, label, "+Inf"))
        bounds.append(np.inf)
    point, part, values = (np.concatenate(column) for column in zip(*groups, strict=True))
    return Expansion(parts, np.array(bounds), point, part, values)


_EXPANSIONS = {
    "gauge": _numbers,
    "sum": _numbers,
    "histogram": _histogram,
    "exponential_histogram": _exponential,
    "summary": _summary,
}
