import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from obslib.languages.promql.values import Grid, Vector, counts_until, window_bounds

LENGTHS = st.lists(st.integers(0, 30), min_size=1, max_size=5)


@st.composite
def flat_samples(draw):
    """Times of a few series, flat, and their offsets."""
    pieces = [sorted(draw(st.sets(st.integers(-500, 500), min_size=n, max_size=n))) for n in draw(LENGTHS)]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in pieces])]).astype(np.int64)
    return np.array([time for one in pieces for time in one], dtype=np.int64), offsets


@given(flat_samples(), st.integers(-600, 600), st.integers(0, 90), st.integers(1, 12))
def test_counting_until_moments_is_what_searching_one_by_one_finds(samples, first, step, steps):
    times, offsets = samples
    moments = first + step * np.arange(steps, dtype=np.int64)
    counted = counts_until(times, offsets, moments)
    for row in range(len(offsets) - 1):
        own = times[offsets[row] : offsets[row + 1]]
        assert counted[row].tolist() == (offsets[row] + np.searchsorted(own, moments, side="right")).tolist()


@given(flat_samples(), st.integers(-600, 600), st.integers(0, 90), st.integers(1, 12), st.integers(1, 300))
def test_windows_are_open_on_the_left(samples, first, step, steps, length):
    times, offsets = samples
    ends = first + step * np.arange(steps, dtype=np.int64)
    left, right = window_bounds(times, offsets, ends, length)
    for row in range(len(offsets) - 1):
        own = times[offsets[row] : offsets[row + 1]]
        for column, end in enumerate(ends):
            inside = own[(own > end - length) & (own <= end)]
            assert times[left[row, column] : right[row, column]].tolist() == inside.tolist()


def test_the_grid_of_a_query_includes_its_end():
    assert Grid.of_query(0, 100, 50).times.tolist() == [0, 50, 100]
    assert Grid.of_query(0, 99, 50).times.tolist() == [0, 50]
    assert Grid.of_query(7, 7, 0).times.tolist() == [7]


def test_series_present_nowhere_are_pruned():
    vector = Vector([{"a": "1"}, {"a": "2"}], np.ones((2, 3)), np.array([[False] * 3, [True] * 3]), np.zeros(2, bool))
    assert vector.pruned().labels == [{"a": "2"}]
