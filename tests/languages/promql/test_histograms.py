import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.core.errors import QueryError
from tests.languages.promql.support import NAN, ask, at, labelled, named, over


def buckets(counts, *, bounds=("1", "2", "4", "+Inf"), **labels):
    return [named("took_bucket", [count], le=bound, **labels) for bound, count in zip(bounds, counts, strict=True)]


def quantile(q, counts, bounds=("1", "2", "4", "+Inf")):
    return at(labelled(*buckets(counts, bounds=bounds)), f"histogram_quantile({q}, took_bucket)")[""]


def test_quantiles_are_interpolated_within_their_bucket():
    assert quantile(0.5, [0, 10, 10, 10]) == 1.5
    assert quantile(0.25, [20, 40, 40, 40]) == 0.5


def test_a_quantile_beyond_the_last_bound_is_that_bound():
    assert quantile(0.99, [0, 0, 1, 10]) == 4.0


def test_the_lowest_bucket_of_negative_bounds_gives_its_bound():
    assert quantile(0.1, [10, 10], bounds=("-5", "+Inf")) == -5.0


@pytest.mark.parametrize(("q", "expected"), [(-0.1, -math.inf), (1.1, math.inf)])
def test_quantiles_out_of_range_are_infinite(q, expected):
    assert quantile(q, [1, 2, 3, 4]) == expected


def test_no_observations_no_quantile():
    assert math.isnan(quantile(0.5, [0, 0, 0, 0]))


def test_unknown_counts_put_the_quantile_into_the_last_bucket():
    assert quantile(0.5, [NAN, NAN, NAN, NAN]) == 4.0


def test_without_a_last_bucket_there_is_no_quantile():
    assert math.isnan(quantile(0.5, [1, 2], bounds=("1", "2")))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 1_000), min_size=4, max_size=4).filter(any), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_larger_quantile_is_never_smaller(rises, low, high):
    counts = [sum(rises[: place + 1]) for place in range(4)]
    low, high = sorted((low, high))
    assert quantile(low, counts) <= quantile(high, counts) + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 1_000), min_size=4, max_size=4).filter(any), st.floats(0.01, 0.99))
def test_fraction_and_quantile_are_each_others_inverse(rises, q):
    counts = [sum(rises[: place + 1]) for place in range(4)]
    reader = labelled(*buckets(counts))
    edge = at(reader, f"histogram_quantile({q}, took_bucket)")[""]
    share = at(reader, f"histogram_fraction(-Inf, {edge!r}, took_bucket)")[""]
    assert share == pytest.approx(q, abs=1e-6) or edge == 4.0 or 0 in rises


def test_fractions_between_bounds():
    reader = labelled(*buckets([10, 20, 40, 40]))
    assert at(reader, "histogram_fraction(1, 3, took_bucket)") == {"": 0.5}
    assert at(reader, "histogram_fraction(3, 1, took_bucket)") == {"": 0.0}
    assert math.isnan(at(reader, "histogram_fraction(NaN, 1, took_bucket)")[""])


def test_falling_counts_are_mended_and_told():
    result = ask(labelled(*buckets([5, 3, 10, 10])), "histogram_quantile(0.9, took_bucket)", 0)
    assert result.infos[0].startswith("PromQL info: input to histogram_quantile needed to be fixed for monotonicity")
    assert result.values.tolist() == [[3.6]]


def test_a_series_without_a_proper_bound_is_a_warning_not_a_bucket():
    reader = labelled(*buckets([1, 2, 3, 4]), named("took_bucket", [9], le="wide"))
    result = ask(reader, "histogram_quantile(0.5, took_bucket)", 0)
    assert result.warnings == (
        'PromQL warning: bucket label "le" is missing or has a malformed value of "wide" (1:25)',
    )
    assert result.values.tolist() == [[2.0]]


def test_bounds_written_differently_are_one_bucket():
    reader = labelled(*buckets([1, 1, 2, 4], bounds=("1", "1.0", "2", "+Inf")))
    assert at(reader, "histogram_quantile(0.5, took_bucket)") == {"": 1.0}


def test_buckets_may_be_missing_at_some_steps():
    reader = labelled(named("b", [1, 1], le="1"), named("b", [3, None], le="2"), named("b", [4, 4], le="+Inf"))
    assert over(reader, "histogram_quantile(0.5, last_over_time(b[1m]))", 1) == {"": [1.5, 1.0]}


def test_histograms_are_told_apart_by_their_other_labels():
    reader = labelled(*buckets([1, 1, 1, 1], job="a"), *buckets([0, 0, 1, 1], job="b"))
    assert at(reader, "histogram_quantile(1, took_bucket)") == {'{job="a"}': 1.0, '{job="b"}': 4.0}


def test_several_quantiles_at_once_go_into_a_label():
    found = at(labelled(*buckets([0, 10, 10, 10])), 'histogram_quantiles(took_bucket, "q", 0.5, 1)')
    assert found == {'{q="0.5"}': 1.5, '{q="1.0"}': 2.0}


def test_quantiles_in_a_label_that_is_taken_collide():
    reader = labelled(*buckets([1, 1, 1, 1], job="a"), *buckets([0, 0, 1, 1], job="b"))
    with pytest.raises(QueryError, match="same labelset"):
        at(reader, 'histogram_quantiles(took_bucket, "job", 0.5)')
