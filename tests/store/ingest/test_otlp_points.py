"""Points taken apart into samples: which part, which value, which bucket."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.store.ingest.otlp_points import Expansion, Part, bound_text, expand, number_values


def parts_of(expansion: Expansion) -> list[tuple[int, Part, float]]:
    """(point, part, value) of each sample, in order of the points."""
    rows = zip(expansion.point.tolist(), expansion.part.tolist(), expansion.values.tolist(), strict=True)
    return sorted((point, expansion.parts[part], value) for point, part, value in rows)


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (0.005, "0.005"),
        (10.0, "10"),
        (1e6, "1000000"),
        (1e-7, "0.0000001"),
        (2.5, "2.5"),
        (-4.0, "-4"),
        (0.0, "0"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_bounds_are_written_as_prometheus_writes_them(bound: float, text: str):
    assert bound_text(bound) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_bound_is_the_same_number(bound: float):
    assert float(bound_text(bound)) == bound
    assert "e" not in bound_text(bound)


def test_numbers_may_be_doubles_or_integers_or_absent():
    points = pa.array(
        [{"as_double": 1.5, "as_int": None}, {"as_double": None, "as_int": 7}, {"as_double": None, "as_int": None}]
    )
    values, present = number_values(points)
    assert values[:2].tolist() == [1.5, 7.0]
    assert math.isnan(values[2])
    assert present.tolist() == [True, True, False]


def histograms(*points: dict[str, object]) -> pa.Array:
    shape = pa.struct(
        {
            "count": pa.uint64(),
            "sum": pa.float64(),
            "bucket_counts": pa.list_(pa.uint64()),
            "explicit_bounds": pa.list_(pa.float64()),
        }
    )
    return pa.array(points, shape)


def test_a_histogram_has_a_sample_for_each_bound_and_three_more():
    points = histograms({"count": 3, "sum": 1.5, "bucket_counts": [1, 2], "explicit_bounds": [0.5]})
    assert parts_of(expand("histogram", points)) == [
        (0, Part("_bucket", "le", "+Inf"), 3.0),
        (0, Part("_bucket", "le", "0.5"), 1.0),
        (0, Part("_count"), 3.0),
        (0, Part("_sum"), 1.5),
    ]


def test_bounds_without_counts_are_no_buckets():
    points = histograms(
        {"count": 3, "sum": None, "bucket_counts": [], "explicit_bounds": [0.5, 1.0]},
        {"count": 4, "sum": None, "bucket_counts": [4], "explicit_bounds": [0.5, 1.0]},
        {"count": 5, "sum": None, "bucket_counts": None, "explicit_bounds": None},
    )
    assert [(point, part.value, value) for point, part, value in parts_of(expand("histogram", points))] == [
        (0, "+Inf", 3.0),
        (0, "", 3.0),
        (1, "+Inf", 4.0),
        (1, "0.5", 4.0),
        (1, "", 4.0),
        (2, "+Inf", 5.0),
        (2, "", 5.0),
    ]


def test_summaries_have_quantiles_and_no_buckets():
    shape = pa.struct(
        {
            "count": pa.uint64(),
            "sum": pa.float64(),
            "quantile_values": pa.list_(pa.struct({"quantile": pa.float64(), "value": pa.float64()})),
        }
    )
    points = pa.array([{"count": 2, "sum": 3.0, "quantile_values": [{"quantile": 0.9, "value": 2.0}]}], shape)
    expansion = expand("summary", points)
    assert parts_of(expansion) == [
        (0, Part("", "quantile", "0.9"), 2.0),
        (0, Part("_count"), 2.0),
        (0, Part("_sum"), 3.0),
    ]
    assert np.isnan(expansion.bounds).all()
    assert expansion.bucket_of(np.array([0]), np.array([1.0])).tolist() == [0]


def exponentials(*points: dict[str, object]) -> pa.Array:
    buckets = pa.struct({"offset": pa.int32(), "bucket_counts": pa.list_(pa.uint64())})
    shape = pa.struct(
        {
            "count": pa.uint64(),
            "sum": pa.float64(),
            "scale": pa.int32(),
            "zero_count": pa.uint64(),
            "zero_threshold": pa.float64(),
            "positive": buckets,
            "negative": buckets,
        }
    )
    return pa.array(points, shape)


def buckets_of(expansion: Expansion, point: int) -> list[tuple[str, float]]:
    found = [
        (expansion.bounds[part], expansion.parts[part].value, value)
        for row, part, value in zip(expansion.point, expansion.part, expansion.values, strict=True)
        if row == point and not np.isnan(expansion.bounds[part])
    ]
    return [(text, value) for _, text, value in sorted(found)]


def test_exponential_points_of_different_scales_keep_their_own_bounds():
    points = exponentials(
        {"count": 3, "scale": 0, "positive": {"offset": 0, "bucket_counts": [1, 2]}},
        {"count": 2, "scale": 1, "positive": {"offset": -1, "bucket_counts": [2]}},
        {"count": 0, "scale": 3},
    )
    expansion = expand("exponential_histogram", points)
    assert buckets_of(expansion, 0) == [("1", 0.0), ("2", 1.0), ("4", 3.0), ("+Inf", 3.0)]
    assert buckets_of(expansion, 1) == [("0.7071067811865476", 0.0), ("1", 2.0), ("+Inf", 2.0)]
    assert buckets_of(expansion, 2) == [("+Inf", 0.0)]


def test_only_zeros_are_one_bucket_at_the_threshold():
    points = exponentials({"count": 4, "scale": 2, "zero_count": 4, "zero_threshold": 1e-3})
    assert buckets_of(expand("exponential_histogram", points), 0) == [("0.001", 4.0), ("+Inf", 4.0)]


@given(
    st.lists(st.lists(st.floats(-10, 10), unique=True, max_size=5).map(sorted), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.floats(-12, 12)), min_size=1, max_size=8),
)
def test_values_fall_into_the_first_bucket_that_is_not_below_them(
    bounds: list[list[float]], found: list[tuple[int, float]]
):
    points = histograms(
        *({"count": 0, "sum": None, "bucket_counts": [0] * (len(one) + 1), "explicit_bounds": one} for one in bounds)
    )
    expansion = expand("histogram", points)
    owners = np.array([owner % len(bounds) for owner, _ in found])
    values = np.array([value for _, value in found])
    for owner, value, part in zip(owners, values, expansion.bucket_of(owners, values), strict=True):
        expected = next((bound for bound in bounds[owner] if bound >= value), math.inf)
        assert expansion.bounds[part] == expected
