"""The rate family against a reference that walks sample by sample."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.languages.promql import MemorySeries, query_instant, query_range
from tests.languages.promql.support import at, labelled, named, series


def naive_rate(times, values, start, end, *, counter=True, per_second=True):
    """The increase within (start, end], extrapolated, one sample at a time."""
    inside = [(time, value) for time, value in zip(times, values, strict=True) if start < time <= end]
    if len(inside) < 2:
        return None
    increase = inside[-1][1] - inside[0][1]
    if counter:
        for (_, before), (_, after) in itertools.pairwise(inside):
            increase += before if after < before else 0.0
    sampled = (inside[-1][0] - inside[0][0]) / 1_000
    average = sampled / (len(inside) - 1)
    to_start, to_end = (inside[0][0] - start) / 1_000, (end - inside[-1][0]) / 1_000
    to_start = to_start if to_start < average * 1.1 else average / 2
    if counter and increase > 0 and inside[0][1] >= 0:
        to_start = min(to_start, sampled * (inside[0][1] / increase))
    to_end = to_end if to_end < average * 1.1 else average / 2
    factor = (sampled + to_start + to_end) / sampled
    return increase * factor / ((end - start) / 1_000 if per_second else 1)


@st.composite
def samples(draw):
    """Times (ms) and values of one series."""
    steps = draw(st.lists(st.integers(1, 40_000), min_size=1, max_size=60))
    values = draw(st.lists(st.integers(0, 50), min_size=len(steps), max_size=len(steps)))
    return np.cumsum(steps).tolist(), [float(value) for value in values]


@settings(deadline=None, max_examples=40)
@given(st.lists(samples(), min_size=1, max_size=4), st.integers(1, 200_000), st.integers(1, 60_000), st.booleans())
def test_rate_and_delta_are_what_a_walk_over_the_samples_gives(many, length, step, counter):
    reader = MemorySeries.of([({"__name__": "x_total", "i": str(i)}, *one) for i, one in enumerate(many)])
    function = "rate" if counter else "delta"
    result = query_range(f"{function}(x_total[{length}ms])", reader, start=0, end=10 * step, step=step)
    columns = {labels["i"]: column for column, labels in enumerate(result.labels)}
    for i, (times, values) in enumerate(many):
        for row, end in enumerate(range(0, 10 * step + 1, step)):
            expected = naive_rate(times, values, end - length, end, counter=counter, per_second=counter)
            there = str(i) in columns and bool(result.present[row, columns[str(i)]])
            assert there == (expected is not None)
            if expected is not None:
                assert math.isclose(result.values[row, columns[str(i)]], expected, rel_tol=1e-12, abs_tol=1e-12)


def test_a_reset_counts_from_zero():
    reader = series(x_total=[10, 20, 5, 15])
    assert at(reader, "increase(x_total[4m])", 3)[""] == pytest.approx((10 + 5 + 10) * 4 / 3)
    assert at(reader, "resets(x_total[4m])", 3) == {"": 1.0}


def test_resets_at_the_border_of_two_series_are_none():
    reader = labelled(named("x_total", [100, 110, 120], i="1"), named("x_total", [0, 10, 20], i="2"))
    assert set(at(reader, "increase(x_total[2m])", 2).values()) == {20.0}


def test_a_single_sample_has_no_rate_but_no_resets_either():
    reader = series(x_total=[1])
    assert at(reader, "rate(x_total[5m])") == {}
    assert at(reader, "resets(x_total[5m])") == {"": 0.0}


def test_irate_and_idelta_look_at_the_last_two():
    reader = series(x_total=[1, 2, 62], y_total=[1, 100, 60])
    assert at(reader, "irate(x_total[5m])", 2) == {"": 1.0}
    assert at(reader, "irate(y_total[5m])", 2) == {"": 1.0}
    assert at(reader, "idelta(y_total[5m])", 2) == {"": -40.0}


def test_changes_do_not_count_nan_after_nan():
    nan = float("nan")
    assert at(series(x=[1, nan, nan, 2, 2]), "changes(x[5m])", 4) == {"": 2.0}


def test_a_straight_line_is_found_and_continued():
    reader = series(x=[0, 60, 120, 180])
    assert at(reader, "deriv(x[5m])", 3)[""] == pytest.approx(1.0)
    assert at(reader, "predict_linear(x[5m], 60)", 3)[""] == pytest.approx(240.0)


def test_a_level_line_has_slope_exactly_zero():
    assert at(series(x=[0.1, 0.1, 0.1]), "deriv(x[5m])", 2) == {"": 0.0}


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_deriv_agrees_with_a_least_squares_fit(values):
    slope = at(series(x=list(values)), "deriv(x[1h])", len(values) - 1)[""]
    expected = np.polyfit(60.0 * np.arange(len(values)), values, 1)[0]
    assert math.isclose(slope, expected, rel_tol=1e-6, abs_tol=1e-6)


def test_rate_of_what_does_not_look_like_a_counter_is_told():
    result = query_instant("rate(load[5m])", series(load=[1, 2, 3]), at=120_000)
    assert result.infos == (
        'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "load" (1:6)',
    )
    assert result.values.shape == (1, 1)
