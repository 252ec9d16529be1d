import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.core.errors import InputError
from obslib.core.series import Matcher, SeriesBlock, SeriesReader
from obslib.languages.promql import MemorySeries

READER = MemorySeries.of(
    [
        ({"__name__": "up", "job": "api"}, [0, 10, 20], [1, 2, 3]),
        ({"__name__": "up", "job": "web"}, [5, 15], [4, 5]),
        ({"__name__": "down"}, [], []),
    ]
)


def read(*matchers, start=0, end=100):
    reader: SeriesReader = READER
    block = reader.read_series(matchers, start, end)
    return {
        dict(labels).get("job", ""): block.values[block.offsets[row] : block.offsets[row + 1]].tolist()
        for row, labels in enumerate(block.labels)
    }


def test_all_matchers_must_hold():
    assert read(Matcher("__name__", "=", "up"), Matcher("job", "!~", "w.*")) == {"api": [1.0, 2.0, 3.0]}


def test_a_missing_label_is_an_empty_one():
    assert read(Matcher("job", "=", "")) == {"": []}


def test_both_bounds_are_inclusive():
    assert read(Matcher("__name__", "=", "up"), start=5, end=10) == {"api": [2.0], "web": [4.0]}


@given(st.lists(st.sets(st.integers(0, 100), max_size=20), max_size=5), st.integers(-5, 105), st.integers(-5, 105))
def test_exactly_the_samples_in_between_are_read(many, start, end):
    reader = MemorySeries.of([({"i": str(i)}, sorted(times), [0] * len(times)) for i, times in enumerate(many)])
    block = reader.read_series([], start, end)
    for row, times in enumerate(many):
        expected = [time for time in sorted(times) if start <= time <= end]
        assert block.times[block.offsets[row] : block.offsets[row + 1]].tolist() == expected


def test_pieces_are_all_series_once(monkeypatch):
    monkeypatch.setattr("obslib.languages.promql.memory.PIECE_SAMPLES", 2)
    pieces = list(READER.read_series_blocks([], 0, 15))
    assert len(pieces) == 2
    assert [value for piece in pieces for value in piece.values.tolist()] == [1.0, 2.0, 4.0, 5.0]
    assert [labels.get("job", "") for piece in pieces for labels in piece.labels] == ["api", "web", ""]


def test_times_must_increase_within_a_series_only():
    with pytest.raises(InputError, match="do not increase"):
        MemorySeries.of([({}, [1, 1], [0, 0])])
    MemorySeries.of([({"a": "1"}, [5], [0]), ({"a": "2"}, [], []), ({"a": "3"}, [1], [0])])


def test_arrays_that_do_not_fit_together_are_refused():
    with pytest.raises(InputError, match="do not fit together"):
        MemorySeries(SeriesBlock([{}], np.array([0, 2]), np.array([1]), np.array([1.0])))
