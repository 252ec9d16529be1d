"""A long range in stretches that a server answers, and their answers put together without a seam."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.errors import SourceError
from obslib.core.frames import metric_frame

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

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

    def place(self, counts: Ints, times: Ints, values: Floats) -> Floats:
        """Points of some series on the steps: a row per series, NaN where it has no point.

        Parameters
        ----------
        counts
            How many points each series has.
        times, values
            The points, series after series; `times` in epoch milliseconds.

        Raises
        ------
        SourceError
            If a point lies on no step that was asked for, or before or on one of another point.
        """
        steps, off = np.divmod(times - self.start, self.step)
        if off.any() or (steps < 0).any() or (steps >= self.count).any():
            raise _unusable("points between the steps that were asked for, or outside of them")
        places = np.repeat(np.arange(len(counts)) * self.count, counts) + steps
        if (np.diff(places) <= 0).any():
            raise _unusable("several points for one step, or points out of order")
        rows = np.full((len(counts), self.count), np.nan)
        rows.ravel()[places] = values
        return rows


@dataclass(frozen=True)
class Part:
    """The answer for one stretch: its series, their rows in blocks (as they were read), the backend's notes."""

    stretch: Stretch
    labels: list[dict[str, str]]
    blocks: list[Floats]
    notes: list[str]


def join(parts: Sequence[Part], grid: pd.DatetimeIndex) -> pd.DataFrame:
    """One metric frame of all parts, series in the order of their labels; parts must cover `grid` exactly."""
    keys = [[tuple(sorted(labels.items())) for labels in part.labels] for part in parts]
    if any(len(set(own)) < len(own) for own in keys):
        raise _unusable("two series with the same labels")
    series = sorted({key for own in keys for key in own})
    rows = {key: row for row, key in enumerate(series)}
    values = np.full((len(series), len(grid)), np.nan)
    for part, own in zip(parts, keys, strict=True):
        steps = slice(part.stretch.first, part.stretch.first + part.stretch.count)
        places = np.array([rows[key] for key in own], dtype=np.intp)
        for block in part.blocks:
            values[places[: len(block)], steps] = block
            places = places[len(block) :]
    return metric_frame(grid, values.T, [dict(key) for key in series])


def _unusable(what: str) -> SourceError:
    return SourceError(
        f"the answer is not usable: it has {what}.",
        fix="look for a caching proxy on the way, and check what kind of backend the url leads to.",
    )
