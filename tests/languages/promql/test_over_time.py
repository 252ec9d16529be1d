"""Functions over ranges against numpy on each window by itself."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.core.errors import QueryError
from obslib.core.series import STALE_NAN
from obslib.languages.promql import query_instant
from tests.languages.promql.support import NAN, at, over, series

POINTS = st.lists(st.none() | st.floats(-1e9, 1e9, allow_subnormal=False), min_size=1, max_size=25)
REFERENCES = {
    "sum_over_time": math.fsum,
    "avg_over_time": statistics.fmean,
    "min_over_time": min,
    "max_over_time": max,
    "count_over_time": len,
    "last_over_time": lambda window: window[-1],
    "first_over_time": lambda window: window[0],
    "stddev_over_time": statistics.pstdev,
    "stdvar_over_time": statistics.pvariance,
    "present_over_time": lambda _: 1.0,
    "mad_over_time": lambda window: np.median(np.abs(np.array(window) - np.median(window))),
}


@pytest.mark.parametrize("function", REFERENCES)
@settings(deadline=None, max_examples=15)
@given(points=POINTS, minutes=st.integers(1, 8))
def test_each_window_by_itself_gives_the_same(function, points, minutes):
    found = over(series(x=points), f"{function}(x[{minutes}m])", len(points) - 1)
    values = next(iter(found.values()), [None] * len(points))
    for step, value in enumerate(values):
        window = [point for point in points[max(0, step - minutes + 1) : step + 1] if point is not None]
        assert (value is None) == (not window)
        if window:
            assert value == pytest.approx(float(REFERENCES[function](window)), rel=1e-9, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(points=POINTS, q=st.floats(0, 1))
def test_quantiles_are_numpys_linear_ones(points, q):
    window = [point for point in points if point is not None]
    found = at(series(x=points), f"quantile_over_time({q}, x[1h])", len(points) - 1)
    assert found == ({"": pytest.approx(np.quantile(window, q), rel=1e-9, abs=1e-6)} if window else {})


def test_quantiles_out_of_range_are_infinite_with_a_warning():
    result = query_instant("quantile_over_time(1.5, x[5m])", series(x=[1, 2]), at=60_000)
    assert result.values.tolist() == [[math.inf]]
    assert result.warnings == ("PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:20)",)


def test_small_terms_survive_large_ones_that_cancel():
    reader = series(x=[1.0, 1e100, 1.0, -1e100])
    assert at(reader, "sum_over_time(x[1h])", 3) == {"": 2.0}
    assert at(reader, "avg_over_time(x[1h])", 3) == {"": 0.5}


def test_the_mean_of_huge_values_does_not_overflow():
    assert at(series(x=[1e308] * 4), "avg_over_time(x[1h])", 3) == {"": pytest.approx(1e308)}


def test_nan_is_ignored_by_extremes_but_not_by_sums():
    reader = series(x=[NAN, 2.0, 1.0])
    assert at(reader, "min_over_time(x[1h])", 2) == {"": 1.0}
    assert at(reader, "max_over_time(x[1h])", 2) == {"": 2.0}
    assert math.isnan(at(reader, "sum_over_time(x[1h])", 2)[""])


def test_stale_markers_are_not_samples():
    assert at(series(x=[1.0, STALE_NAN, 3.0]), "count_over_time(x[1h])", 2) == {"": 2.0}


def test_times_of_extremes_are_the_last_ones():
    reader = series(x=[3.0, 1.0, 1.0, 3.0, 2.0])
    assert at(reader, "ts_of_max_over_time(x[1h])", 4) == {"": 180.0}
    assert at(reader, "ts_of_min_over_time(x[1h])", 4) == {"": 120.0}
    assert at(reader, "ts_of_last_over_time(x[1h]) - ts_of_first_over_time(x[1h])", 4) == {"": 240.0}


def naive_smoothing(values, smoothing, trend):
    """Holt's method as its recurrences are written."""
    level, slope = values[0], values[1] - values[0]
    older = level
    for place, value in enumerate(values[1:]):
        if place:
            slope = trend * (level - older) + (1 - trend) * slope
        older, level = level, smoothing * value + (1 - smoothing) * (level + slope)
    return level


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=12), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_double_smoothing_follows_its_recurrence(values, smoothing, trend):
    found = at(series(x=values), f"double_exponential_smoothing(x[1h], {smoothing}, {trend})", len(values) - 1)
    assert found[""] == pytest.approx(naive_smoothing(values, smoothing, trend), rel=1e-9, abs=1e-9)


def test_smoothing_factors_must_lie_between_zero_and_one():
    with pytest.raises(QueryError, match="invalid trend factor"):
        at(series(x=[1.0, 2.0]), "double_exponential_smoothing(x[1h], 0.5, 1)", 1)


def test_name_and_time_of_the_newest_sample_stay():
    assert at(series(x=[1.0, None]), "last_over_time(x[5m])", 1) == {"x": 1.0}
