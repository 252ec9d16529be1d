import pickle

import numpy as np
import pytest

from obslib.core.errors import InputError, QueryError
from obslib.core.series import STALE_NAN
from obslib.languages.promql import MemorySeries, Options, query_instant, query_range
from tests.languages.promql.support import MINUTE, NAN, ask, at, labelled, named, over, series


def test_a_range_query_is_a_matrix_sorted_by_labels():
    result = ask(labelled(named("x", [1, 2], i="b"), named("x", [3], i="a")), "x", 1)
    assert result.kind == "matrix"
    assert result.labels == [{"__name__": "x", "i": "a"}, {"__name__": "x", "i": "b"}]
    assert result.times.tolist() == [0, MINUTE]
    assert result.values.tolist() == [[3.0, 1.0], [3.0, 2.0]]


def test_absent_is_told_from_nan():
    result = ask(series(x=[NAN, STALE_NAN, 1]), "x", 2)
    assert result.present.tolist() == [[True], [False], [True]]
    assert np.isnan(result.values[:2]).all()


def test_the_result_becomes_a_metric_frame():
    frame = ask(labelled(named("x", [1, None], job="api")), "last_over_time(x[1m])", 1).to_frame()
    assert frame.columns.names == ["__name__", "job"]
    assert frame.index.tolist()[1].isoformat() == "1970-01-01T00:01:00+00:00"
    assert frame.iloc[:, 0].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("query", "kind"), [("1 + 1", "scalar"), ("x", "vector"), ("x[5m]", "matrix"), ('"hi"', "string")]
)
def test_instant_queries_have_the_kind_of_their_expression(query, kind):
    assert query_instant(query, series(x=[1]), at=0).kind == kind


def test_a_string_is_its_text():
    assert query_instant('("hi")', series(), at=0).text == "hi"


def test_a_range_vector_gives_its_raw_samples():
    reader = labelled(named("x", [1, 2, 3], i="1"), named("x", [None, 5], i="2"))
    result = query_instant("x[2m]", reader, at=2 * MINUTE)
    assert result.times.tolist() == [MINUTE, 2 * MINUTE]
    assert result.values[:, 0].tolist() == [2.0, 3.0]
    assert result.present[:, 1].tolist() == [True, False]


def test_samples_are_looked_back_to_but_not_too_far():
    reader = series(x=[1])
    assert at(reader, "x", 4.99) == {"x": 1.0}
    assert at(reader, "x", 5) == {}
    assert query_instant("x", reader, at=MINUTE, lookback=MINUTE).labels == []


def test_a_stale_marker_ends_a_series_at_once():
    assert over(series(x=[1, STALE_NAN]), "x", 1) == {"x": [1.0, None]}


def test_offset_and_at_move_the_selector():
    reader = series(x=[0, 1, 2, 3])
    assert over(reader, "x offset 1m", 2) == {"x": [None, 0.0, 1.0]}
    assert over(reader, "x offset -1m", 2) == {"x": [1.0, 2.0, 3.0]}
    assert over(reader, "x @ 180", 2) == {"x": [3.0] * 3}
    assert over(reader, "x @ end() offset 1m", 2) == {"x": [1.0] * 3}
    assert over(reader, "x @ start()", 2) == {"x": [0.0] * 3}


def test_subqueries_are_evaluated_at_multiples_of_their_step():
    reader = series(x=[0, 1, 2, 3, 4])
    assert at(reader, "sum_over_time(x[2m:1m])", 4.5) == {"": 7.0}
    assert at(reader, "count_over_time(x[2m:30s])", 4) == {"": 4.0}
    assert at(reader, "max_over_time(x[2m:1m] offset 1m)", 4) == {"": 3.0}
    assert at(reader, "max_over_time(x[2m:1m] @ 60)", 4) == {"": 1.0}


def test_a_subquery_without_step_takes_the_configured_one():
    result = query_instant("count_over_time(x[1m:])", series(x=[1]), at=MINUTE, options=Options(subquery_step=10_000))
    assert result.values.tolist() == [[6.0]]


def test_duration_arithmetic_knows_the_step():
    reader = series(x=list(range(10)))
    assert over(reader, "count_over_time(x[step() * 2])", 3) == {"": [1.0, 2.0, 2.0, 2.0]}
    assert over(reader, "x offset (1m + 60)", 3) == {"x": [None, None, 0.0, 1.0]}
    assert over(reader, "count_over_time(x[max_of(1m, 3m) - 2 ^ 2 % 3])", 3) == {"": [1.0, 2.0, 3.0, 3.0]}


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("rate(x[0s])", "duration must be greater than 0"),
        ("rate(x[1m / 0])", "division by zero"),
        ("x offset 1000y", "duration out of range"),
    ],
)
def test_impossible_durations_are_errors_with_a_place(query, problem):
    with pytest.raises(QueryError, match=problem) as caught:
        at(series(x=[1]), query)
    assert caught.value.position is not None


def test_a_query_over_the_bound_stops_with_the_numbers():
    reader = series(x=list(range(100)))
    with pytest.raises(QueryError, match=r"too many samples into memory: 11, the bound is 10") as caught:
        query_range("x", reader, start=0, end=10 * MINUTE, step=MINUTE, max_samples=10)
    assert "max_samples" in caught.value.fix


def test_a_range_query_of_a_range_says_what_to_do():
    with pytest.raises(QueryError, match='invalid expression type "range vector" for range query'):
        ask(series(x=[1]), "x[5m]", 1)


@pytest.mark.parametrize(("start", "end", "step"), [(0, 0, 0), (10, 0, 5), (0, 10, -1)])
def test_impossible_grids_are_refused(start, end, step):
    with pytest.raises(InputError, match="positive step"):
        query_range("x", series(), start=start, end=end, step=step)


def test_steps_at_both_ends_count():
    assert query_range("vector(1)", series(), start=0, end=4, step=2).times.tolist() == [0, 2, 4]


def test_nothing_loaded_is_an_empty_result_not_an_error():
    result = ask(MemorySeries.of([]), "sum by (job) (rate(x_total[5m])) / 2", 3)
    assert result.values.shape == (4, 0)
    assert result.to_frame().shape == (4, 0)


def test_names_are_dropped_at_once_unless_delayed():
    reader = series(x_total=[1, 2])
    query = "sum by (__name__) (rate(x_total[5m]))"
    assert at(reader, query, 1).keys() == {""}
    assert at(reader, query, 1, delayed_names=True).keys() == {""}
    assert at(reader, "topk(1, sum by (__name__) (x_total))", 1).keys() == {"x_total"}


def test_type_and_unit_go_with_the_name():
    reader = labelled(named("x_total", [1, 2], __type__="counter", __unit__="s", job="a"))
    assert at(reader, "rate(x_total[5m])", 1).keys() == {'{job="a"}'}
    assert at(reader, "x_total", 1).keys() == {'x_total{__type__="counter",__unit__="s",job="a"}'}


def test_series_that_differ_in_their_type_only_collide_after_rate():
    reader = labelled(named("x_total", [1, 2], __type__="counter"), named("x_total", [1, 2], __type__="gauge"))
    for query in ("rate(x_total[5m])", "sum(rate(x_total[5m]))"):
        with pytest.raises(QueryError, match="same labelset"):
            at(reader, query, 1)


def test_errors_survive_pickling():
    with pytest.raises(QueryError) as caught:
        ask(series(), "rate(x)", 1)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own bytes


class Pieces:
    """A reader that hands out one series at a time, and counts."""

    def __init__(self, reader: MemorySeries) -> None:
        self.reader, self.given = reader, 0

    def read_series(self, matchers, start, end):
        return self.reader.read_series(matchers, start, end)

    def read_series_blocks(self, matchers, start, end):
        from obslib.languages.promql.context import slice_series

        whole = self.reader.read_series(matchers, start, end)
        for row in range(len(whole.labels)):
            self.given += 1
            yield slice_series(whole, row, row + 1)


def test_aggregations_of_range_functions_take_series_in_pieces_within_the_bound():
    reader = labelled(*(named("x_total", list(range(20)), i=str(i), job="ab"[i % 2]) for i in range(40)))
    pieces = Pieces(reader)
    query = "sum by (job) (rate(x_total[5m]))"
    found = query_range(query, pieces, start=0, end=19 * MINUTE, step=MINUTE, max_samples=50)
    assert pieces.given == 40
    assert found.values == pytest.approx(ask(reader, query, 19).values, nan_ok=True)
    with pytest.raises(QueryError, match="too many samples"):
        query_range(query, reader, start=0, end=19 * MINUTE, step=MINUTE, max_samples=50)
