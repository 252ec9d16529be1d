import datetime as dt
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.core.errors import UnsupportedError
from tests.languages.promql.support import MINUTE, NAN, ask, at, labelled, named, over, series


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("abs(-x)", 2.25),
        ("ceil(x)", 3.0),
        ("floor(x)", 2.0),
        ("sqrt(x)", 1.5),
        ("exp(x - 2.25)", 1.0),
        ("ln(exp(x))", 2.25),
        ("log2(x * 4 / 2.25)", 2.0),
        ("sgn(-x)", -1.0),
        ("deg(rad(x))", 2.25),
        ("round(x)", 2.0),
        ("round(x, 0.5)", 2.5),
        ("round(-x - 0.25)", -2.0),
        ("clamp(x, 3, 4)", 3.0),
        ("clamp_min(x, 3)", 3.0),
        ("clamp_max(x, 1)", 1.0),
        ("vector(max_of(1, 2) + min_of(3, 4))", 5.0),
        ("vector(scalar(x))", 2.25),
        ("sin(x) ^ 2 + cos(x) ^ 2", 1.0),
    ],
)
def test_functions_of_values(query, value):
    assert at(series(x=[2.25]), query) == {"": pytest.approx(value)}


def test_a_clamp_with_bounds_the_wrong_way_round_is_empty():
    assert at(series(x=[1]), "clamp(x, 2, 1)") == {}


def test_scalar_needs_exactly_one_series():
    reader = labelled(named("x", [1], i="1"), named("x", [2, 3], i="2"))
    assert math.isnan(at(reader, "vector(scalar(x))")[""])
    assert at(reader, 'vector(scalar(x{i="2"}))', 1) == {"": 3.0}


@settings(max_examples=25, deadline=None)
@given(st.integers(-(10**9), 4 * 10**9))
def test_dates_are_those_of_the_calendar(seconds):
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    following = (moment.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    expected = {
        "year": moment.year,
        "month": moment.month,
        "day_of_month": moment.day,
        "day_of_year": moment.timetuple().tm_yday,
        "day_of_week": moment.isoweekday() % 7,
        "days_in_month": (following - dt.timedelta(days=1)).day,
        "hour": moment.hour,
        "minute": moment.minute,
    }
    for function, value in expected.items():
        assert at(series(), f"{function}(vector({seconds}))") == {"": value}


def test_dates_without_argument_are_of_the_evaluation_time():
    assert over(series(), "minute()", 2) == {"": [0.0, 1.0, 2.0]}


def test_no_date_of_what_is_no_time():
    assert math.isnan(at(series(x=[NAN]), "year(x)")[""])


def test_timestamp_is_that_of_the_sample_for_selectors_only():
    reader = series(x=[1.0])
    assert at(reader, "timestamp(x)", 2) == {"": 0.0}
    assert at(reader, "timestamp(x + 0)", 2) == {"": 120.0}


def test_absence_has_the_labels_that_equality_fixes():
    reader = series(up=[1])
    assert at(reader, 'absent(down{job="api", zone=~"e.*", a="1", a="2"})') == {'{job="api"}': 1.0}
    assert at(reader, "absent(up)") == {}
    assert at(reader, "absent(sum(down))") == {"": 1.0}
    assert at(reader, 'absent_over_time(down{job="api"}[5m])') == {'{job="api"}': 1.0}
    assert over(reader, "absent_over_time(up[1m])", 2) == {"": [None, 1.0, 1.0]}


def test_bounds_of_the_query_are_scalars():
    assert over(series(), "vector(end() - start() + range() + step())", 2) == {"": [300.0] * 3}


def test_sorting_a_range_is_told_to_be_pointless():
    assert ask(series(x=[1, 1]), "sort(x)", 1).warnings == (
        "PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)",
    )


def test_of_equal_annotations_only_the_last_place_is_told():
    result = ask(series(x=[1, 1]), "sort(x) + sort(x)", 1)
    assert [text[-6:] for text in result.warnings] == ["(1:11)"]


def test_functions_of_native_histograms_find_none_in_floats():
    assert at(series(x=[1]), "histogram_count(x)") == {}


def test_what_is_not_supported_says_so():
    for query in ("start_timestamp(x)", "x </ 2"):
        with pytest.raises(UnsupportedError, match="not supported by the embedded PromQL evaluator"):
            at(series(x=[1]), query)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.none() | st.floats(-10, 10), min_size=1, max_size=10), st.integers(0, 9))
def test_what_at_fixes_is_the_same_at_every_step(points, minute):
    reader = series(x=points)
    fixed = at(reader, "sum_over_time(x[3m])", minute)
    found = over(reader, f"sum_over_time(x[3m] @ {minute * MINUTE / 1_000})", 5)
    assert found == {name: [value] * 6 for name, value in fixed.items()}
