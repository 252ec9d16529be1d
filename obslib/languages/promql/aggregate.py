"""Aggregations: from many series to one per group, step by step of the same kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from obslib.languages.promql.annotations import plain_number
from obslib.languages.promql.quantiles import nan_first, quantile_of_sorted
from obslib.languages.promql.values import METADATA_LABELS, Bools, Floats, LabelKey, Labels, Vector

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Groups:
    """Which rows of a vector belong together; `members[g]` are the rows of group `g`, in order."""

    labels: list[Labels]
    members: list[Rows]
    drop_name: Bools

    @classmethod
    def of(cls, vector: Vector, names: tuple[str, ...], *, without: bool) -> Groups:
        """Group series by (or without) these labels, in order of first appearance."""
        found: dict[LabelKey, list[int]] = {}
        hidden, shown = {*names, *METADATA_LABELS}, sorted(names)
        for row, labels in enumerate(vector.labels):
            if without:
                key = tuple(sorted((name, value) for name, value in labels.items() if name not in hidden))
            else:
                key = tuple((name, labels[name]) for name in shown if labels.get(name))
            found.setdefault(key, []).append(row)
        members = [np.array(rows, dtype=np.intp) for rows in found.values()]
        named = not without and not set(METADATA_LABELS).isdisjoint(names)
        drop = [named and bool(vector.drop_name[rows].any()) for rows in members]
        return cls([dict(key) for key in found], members, np.array(drop, dtype=bool))

    def ranks(self) -> Iterator[tuple[Rows, Rows]]:
        """For each rank, the groups that have a member of this rank, and those members."""
        by_size = sorted(range(len(self.members)), key=lambda group: -len(self.members[group]))
        sizes = [len(self.members[group]) for group in by_size]
        active = len(by_size)
        for rank in range(max(sizes, default=0)):
            while sizes[active - 1] <= rank:
                active -= 1
            groups = np.array(by_size[:active], dtype=np.intp)
            yield groups, np.array([self.members[group][rank] for group in groups], dtype=np.intp)


def quantile(vector: Vector, groups: Groups, q: Floats) -> Vector:
    """The `q`-quantile of each group (`q` per step), NaN as the smallest value."""
    values = np.full((len(groups.members), len(q)), np.nan)
    present = np.zeros(values.shape, dtype=bool)
    for group, rows in enumerate(groups.members):
        there = vector.present[rows].T
        counts = there.sum(axis=1)
        # Absent series to the end of each row, so that the first `counts` are the present ones.
        order = np.argsort(~there, axis=1, kind="stable")
        ordered = nan_first(np.take_along_axis(vector.values[rows].T, order, axis=1), counts)
        values[group], present[group] = quantile_of_sorted(ordered, counts, q), counts > 0
    return Vector(groups.labels, values, present, groups.drop_name)


def top(vector: Vector, groups: Groups, k: Floats, *, largest: bool) -> Vector:
    """The `k` largest or smallest of each group (`k` per step), NaN last; in order of the first step."""
    keep = np.zeros(vector.present.shape, dtype=bool)
    order: list[int] = []
    for rows in groups.members:
        values = -vector.values[rows] if largest else vector.values[rows]
        # By presence, then NaN last, then value; stable for the rest.
        places = np.lexsort((values, np.isnan(values), ~vector.present[rows]), axis=0)
        ranks = np.argsort(places, axis=0)
        keep[rows] = vector.present[rows] & (ranks < k)
        order.extend(rows[places[:, 0]])
    return _kept(vector, keep, np.array(order, dtype=np.intp))


def limit(vector: Vector, groups: Groups, k: Floats) -> Vector:
    """The first `k` of each group (`k` per step)."""
    keep = np.zeros(vector.present.shape, dtype=bool)
    for rows in groups.members:
        keep[rows] = vector.present[rows] & (np.cumsum(vector.present[rows], axis=0) <= k)
    return _kept(vector, keep, np.arange(len(vector), dtype=np.intp))


def limit_ratio(vector: Vector, ratio: Floats, fractions: Floats) -> Vector:
    """The series whose fixed `fractions` lie below `ratio`, or with negative ratio at `1 + ratio` or above."""
    chosen = np.where(ratio >= 0, fractions[:, None] < ratio, fractions[:, None] >= 1 + ratio)
    return _kept(vector, vector.present & chosen, np.arange(len(vector), dtype=np.intp))


def _kept(vector: Vector, keep: Bools, order: Rows) -> Vector:
    kept = Vector(vector.labels, vector.values, keep, vector.drop_name).take(order)
    return kept.pruned()


def count_values(vector: Vector, groups: Groups, label: str) -> Vector:
    """How often each value occurs in each group, the value in a label."""
    labels, counts = [], []
    for group, rows in enumerate(groups.members):
        values = np.where(vector.present[rows], vector.values[rows], np.nan)
        nan = vector.present[rows] & np.isnan(vector.values[rows])
        for value in np.unique(values[~np.isnan(values)]):
            labels.append({**groups.labels[group], label: plain_number(float(value))})
            counts.append((values == value).sum(axis=0))
        if nan.any():
            labels.append({**groups.labels[group], label: "NaN"})
            counts.append(nan.sum(axis=0))
    if not labels:
        return Vector.empty(vector.values.shape[1])
    matrix = np.array(counts, dtype=np.float64)
    return Vector(labels, matrix, matrix > 0, np.zeros(len(labels), dtype=bool))
