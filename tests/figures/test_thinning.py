"""Thinning keeps spikes and gaps."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from obslib.figures.thinning import isolated, rows_to_keep, with_gap_rows

VALUES = hnp.arrays(float, st.integers(1, 400), elements=st.sampled_from([np.nan, -5.0, 0.0, 1.0, 2.5, 100.0]))


def test_few_points_are_all_kept():
    assert rows_to_keep(np.arange(10.0), 10).tolist() == list(range(10))


def test_a_single_spike_in_a_million_points_is_kept():
    values = np.zeros(1_000_000)
    values[123_457] = 9.0
    values[700_001] = -9.0
    rows = rows_to_keep(values, 1_000)
    assert {123_457, 700_001} <= set(rows.tolist())
    assert len(rows) <= 1_002


def test_a_gap_of_one_point_stays_a_gap():
    values = np.sin(np.linspace(0, 20, 10_000))
    values[5_000] = np.nan
    assert np.isnan(values[rows_to_keep(values, 200)]).sum() == 1


@settings(deadline=None)
@given(VALUES, st.integers(4, 60))
def test_kept_rows_span_the_same_range_of_times_and_values(values, points):
    rows = rows_to_keep(values, points)
    assert (np.diff(rows) > 0).all()
    assert rows[0] == 0
    assert rows[-1] == len(values) - 1
    assert len(rows) <= 3 * -(-points // 2) + 2
    if not np.isnan(values).all():
        assert np.nanmax(values[rows]) == np.nanmax(values)
        assert np.nanmin(values[rows]) == np.nanmin(values)
    assert np.isnan(values).any() == np.isnan(values[rows]).any()


def test_a_value_between_gaps_is_isolated():
    assert isolated(np.array([1.0, np.nan, 2.0, 3.0, np.nan, 4.0])).tolist() == [0, 5]
    assert isolated(np.array([])).tolist() == []
    assert isolated(np.array([7.0])).tolist() == [0]


def test_missing_rows_become_a_row_of_nan():
    times, values = with_gap_rows(np.array([0, 10, 20, 90, 100]), np.arange(5.0)[:, None])
    assert times.tolist() == [0, 10, 20, 30, 90, 100]
    assert np.isnan(values[3]).all()
    assert np.nansum(values) == 10


def test_regular_rows_stay_as_they_are():
    times, values = np.array([0, 10, 20, 30]), np.arange(4.0)[:, None]
    assert with_gap_rows(times, values)[0] is times
    assert with_gap_rows(times[:2], values[:2])[1].shape == (2, 1)
