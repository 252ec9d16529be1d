"""Delta points: running totals that rate() reads right, also over the border of two batches."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.core.series import STALE_NAN, is_stale
from obslib.store.ingest.otlp_delta import Samples, accumulate


def accumulated(points: list[tuple[int, int, int, float]]) -> dict[int, list[tuple[int, float]]]:
    """Totals of (series, start, time, added), by series."""
    codes, starts, times, added = (np.array(column) for column in zip(*points, strict=True))
    done = accumulate(Samples(codes, times, added.astype(float)), starts)
    found: dict[int, list[tuple[int, float]]] = {}
    for code, time, value in zip(*(column.tolist() for column in done), strict=True):
        found.setdefault(code, []).append((time, value))
    return {code: sorted(values) for code, values in found.items()}


def increase(points: list[tuple[int, float]]) -> float:
    """What a counter has gained, resets included, as Prometheus adds it up."""
    gained = 0.0
    for (_, before), (_, after) in pairwise(points):
        gained += after - before if after >= before else after
    return gained


def test_deltas_are_summed_per_series_in_order_of_time():
    points = [(0, 2_000, 3_000, 5), (0, 1_000, 2_000, 3), (1, 1_000, 2_000, 7)]
    assert accumulated(points) == {
        0: [(1_001, 0.0), (2_000, 3.0), (3_000, 8.0)],
        1: [(1_001, 0.0), (2_000, 7.0)],
    }


@pytest.mark.parametrize("start", [0, 1_999, 2_000, 5_000])
def test_no_zero_is_put_in_where_there_is_no_room_before_the_first_point(start: int):
    assert accumulated([(0, start, 2_000, 3)]) == {0: [(2_000, 3.0)]}


def test_a_stale_marker_stays_one_and_adds_nothing():
    points = [(0, 1_000, 2_000, 3.0), (0, 2_000, 3_000, STALE_NAN), (0, 3_000, 4_000, 4.0)]
    codes, starts, times, added = (np.array(column) for column in zip(*points, strict=True))
    done = accumulate(Samples(codes, times, added), starts)
    values = done.values[np.argsort(done.times)]
    assert is_stale(values).tolist() == [False, False, True, False]
    assert values[[0, 1, 3]].tolist() == [0.0, 3.0, 7.0]


@given(st.lists(st.integers(0, 1_000), min_size=2, max_size=30), st.data())
def test_the_increase_over_two_batches_is_all_that_was_added(added: list[int], data: st.DataObject):
    border = data.draw(st.integers(1, len(added) - 1))
    points = [(0, 1_000 * place, 1_000 * (place + 1), value) for place, value in enumerate(added, 1)]
    first, second = accumulated(points[:border])[0], accumulated(points[border:])[0]
    assert increase(first + second) == sum(added)


def test_nothing_stays_nothing():
    nothing = np.empty(0, dtype=np.int64)
    done = accumulate(Samples(nothing, nothing, np.empty(0)), nothing)
    assert [len(column) for column in done] == [0, 0, 0]
