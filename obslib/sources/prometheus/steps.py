"""A long range in stretches that a server answers, and their answers put together without a seam."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from obslib.core.errors import SourceError
from obslib.core.frames import metric_frame
from obslib.sources.prometheus.matrix import Floats, Matrix

MAX_POINTS = 11_000
"""Points of a series that Prometheus returns at most (web/api/v1/api.go, `query_range`)."""


@dataclass(frozen=True)
class Stretch:
    """`count` steps of `step` milliseconds from `start` (epoch ms); `first` is their place in the whole range."""

    start: int
    step: int
    count: int
    first: int = 0

    @property
    def end(self) -> int:
        """The last step, epoch ms."""
        return self.start + self.step * (self.count - 1)

    def cut(self, points: int) -> list[Stretch]:
        """The same steps in stretches of at most `points`."""
        return [
            Stretch(self.start + self.step * at, self.step, min(points, self.count - at), self.first + at)
            for at in range(0, self.count, points)
        ]


@dataclass(frozen=True)
class Part:
    """The answer for one stretch: one row of `values` per series, NaN where the server has no point."""

    stretch: Stretch
    labels: list[dict[str, str]]
    values: Floats
    notes: list[str]


def place(answer: Matrix, stretch: Stretch) -> Part:
    """Put every point of an answer on its step.

    Raises
    ------
    SourceError
        If a point lies on no step that was asked for, or on one of another point.
    """
    values = np.full((len(answer.labels), stretch.count), np.nan)
    flat, first, last = values.ravel(), 0, -1
    for piece in answer.pieces:
        steps, off = np.divmod(piece.times - stretch.start, stretch.step)
        rows = np.repeat(np.arange(first, first + len(piece.counts)), piece.counts)
        places = rows * stretch.count + steps
        if off.any() or (steps < 0).any() or (steps >= stretch.count).any():
            raise _misplaced("points between the steps that were asked for")
        if len(places) and (places[0] <= last or (np.diff(places) <= 0).any()):
            raise _misplaced("several points for one step")
        flat[places] = piece.values
        first += len(piece.counts)
        last = places[-1] if len(places) else last
    return Part(stretch, answer.labels, values, answer.notes)


def join(parts: Sequence[Part], grid: pd.DatetimeIndex) -> pd.DataFrame:
    """One metric frame of all parts, series in the order of their labels; parts must cover `grid` exactly."""
    keys = [[tuple(sorted(labels.items())) for labels in part.labels] for part in parts]
    if any(len(set(own)) < len(own) for own in keys):
        raise _misplaced("two series with the same labels")
    series = sorted({key for own in keys for key in own})
    rows = {key: row for row, key in enumerate(series)}
    values = np.full((len(series), len(grid)), np.nan)
    for part, own in zip(parts, keys, strict=True):
        at = part.stretch.first
        values[[rows[key] for key in own], at : at + part.stretch.count] = part.values
    return metric_frame(grid, values.T, [dict(key) for key in series])


def _misplaced(what: str) -> SourceError:
    return SourceError(
        f"the answer is not usable: it has {what}.",
        fix="look for a caching proxy on the way, and check what kind of backend the url leads to.",
    )
