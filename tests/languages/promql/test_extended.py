import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.languages.promql.support import at, over, series

READER = series(x_total=[0, 10, 20, 5, 15])


def test_anchored_ranges_take_the_sample_before_them():
    assert at(READER, "increase(x_total[1m])", 2) == {}
    assert at(READER, "increase(x_total[1m] anchored)", 2) == {"": 10.0}
    assert at(READER, "resets(x_total[1m] anchored)", 3) == {"": 1.0}
    assert at(READER, "changes(x_total[1m] anchored)", 4) == {"": 1.0}


def test_smoothed_ranges_interpolate_at_both_ends():
    assert at(READER, "increase(x_total[1m] smoothed)", 1.5) == {"": 10.0}
    assert at(READER, "rate(x_total[1m] smoothed)", 1.5)[""] == pytest.approx(10 / 60)


def test_a_reset_within_is_made_up_for():
    assert at(READER, "increase(x_total[2m] anchored)", 4) == {"": 15.0}
    assert at(READER, "delta(x_total[2m] anchored)", 4) == {"": -5.0}


def test_a_smoothed_selector_lies_on_the_line():
    assert at(READER, "x_total smoothed", 0.5) == {"x_total": 5.0}
    assert at(READER, "x_total smoothed", 4.5) == {"x_total": 15.0}
    assert at(READER, "x_total smoothed", 10) == {}


def test_data_on_one_side_only_has_no_increase():
    assert at(series(x_total=[None, 1, 2]), "increase(x_total[30s] smoothed)", 0.5) == {}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 50), min_size=3, max_size=12), st.integers(1, 5))
def test_anchored_increases_of_neighbouring_ranges_add_up(values, minutes):
    steps = len(values) - 1
    reader = series(x_total=[float(value) for value in values])
    single = over(reader, "increase(x_total[1m] anchored)", steps)[""]
    whole = over(reader, f"increase(x_total[{minutes}m] anchored)", steps)[""]
    for step in range(minutes, steps + 1):
        assert whole[step] == pytest.approx(sum(single[step - minutes + 1 : step + 1]))
