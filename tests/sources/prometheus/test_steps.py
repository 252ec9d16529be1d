"""Stretches of a range, and their answers joined."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.core.errors import SourceError
from obslib.core.frames import labels_of
from obslib.sources.prometheus.steps import Part, Stretch, join

GRID = pd.date_range("2026-03-01", periods=4, freq="1min", tz="UTC", name="time")
START = GRID[0].value // 10**6


@given(st.integers(-(10**13), 10**13), st.integers(1, 10**9), st.integers(1, 60_000), st.integers(1, 12_000))
def test_a_cut_has_every_step_once(start, step, count, points):
    whole = Stretch(start, step, count)
    parts = whole.cut(points)
    assert max(part.count for part in parts) <= points
    assert [part.first for part in parts] == list(np.cumsum([0, *(part.count for part in parts)])[:-1])
    assert parts[0].start == start
    assert parts[-1].end == whole.end
    assert all(after.start == before.end + step for before, after in pairwise(parts))


def test_parts_join_by_labels_whatever_the_order_of_their_series():
    first, second = Stretch(START, 60_000, 4).cut(2)
    early = Part(first, [{"job": "b"}, {"job": "a"}], [np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])], [])
    late = Part(second, [{"job": "a"}, {"zone": "c"}], [np.array([[5.0, 6.0], [7.0, np.nan]])], [])
    frame = join([late, early], GRID)
    assert labels_of(frame) == [{"job": "a"}, {"job": "b"}, {"zone": "c"}]
    nan = np.nan
    np.testing.assert_array_equal(frame.to_numpy().T, [[3, 4, 5, 6], [1, 2, nan, nan], [nan, nan, 7, nan]])
    assert frame.index.equals(GRID)


def test_nothing_joins_to_an_empty_frame_over_the_grid():
    frame = join([Part(Stretch(START, 60_000, 4), [], [], [])], GRID)
    assert frame.shape == (4, 0)


def test_two_series_of_the_same_labels_are_refused_and_not_overwritten():
    twice = Part(Stretch(START, 60_000, 4), [{"a": "1"}, {"a": "1"}], [np.zeros((2, 4))], [])
    with pytest.raises(SourceError, match="two series with the same labels"):
        join([twice], GRID)
