import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.languages.promql.reduce import Reduction
from obslib.languages.promql.values import Vector
from tests.languages.promql.support import NAN, at, labelled, named, over

OPERATORS = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]
CELLS = st.none() | st.floats(-1e6, 1e6)


@st.composite
def vectors(draw):
    """A few series of three steps in two groups."""
    rows = draw(st.lists(st.tuples(st.sampled_from("ab"), st.tuples(CELLS, CELLS, CELLS)), min_size=1, max_size=8))
    labels = [{"job": job, "i": str(place)} for place, (job, _) in enumerate(rows)]
    present = np.array([[cell is not None for cell in cells] for _, cells in rows])
    values = np.array([[NAN if cell is None else cell for cell in cells] for _, cells in rows])
    return Vector(labels, values, present, np.zeros(len(rows), dtype=bool))


def reduced(op, *pieces):
    running = Reduction(op, ("job",), without=False, steps=3)
    with np.errstate(all="ignore"):  # as the engine does: absent cells hold NaN
        for piece in pieces:
            running.add(piece)
        result = running.result()
    return {one["job"]: (result.values[row], result.present[row]) for row, one in enumerate(result.labels)}


REFERENCE = {
    "sum": np.sum,
    "avg": np.mean,
    "min": np.min,
    "max": np.max,
    "count": len,
    "group": lambda _: 1.0,
    "stddev": np.std,
    "stdvar": np.var,
}


@pytest.mark.parametrize("op", OPERATORS)
@settings(max_examples=25, deadline=None)
@given(vector=vectors())
def test_each_group_and_step_by_itself_gives_the_same(op, vector):
    for job, (values, present) in reduced(op, vector).items():
        rows = [row for row, labels in enumerate(vector.labels) if labels["job"] == job]
        for step in range(3):
            members = [vector.values[row, step] for row in rows if vector.present[row, step]]
            assert present[step] == bool(members)
            if members:
                assert values[step] == pytest.approx(float(REFERENCE[op](members)), rel=1e-9, abs=1e-4)


@pytest.mark.parametrize("op", OPERATORS)
@settings(max_examples=25, deadline=None)
@given(vector=vectors(), cut=st.integers(0, 8))
def test_series_may_come_in_pieces(op, vector, cut):
    rows = np.arange(len(vector))
    whole = reduced(op, vector)
    pieces = reduced(op, vector.take(rows[:cut]), vector.take(rows[cut:]))
    for job, (values, present) in whole.items():
        assert (present == pieces[job][1]).all()
        assert values[present] == pytest.approx(pieces[job][0][present])


def test_groups_only_have_labels_that_exist():
    reader = labelled(named("x", [1], job="a"), named("x", [2]))
    assert at(reader, "sum by (job, none) (x)") == {"": 2.0, '{job="a"}': 1.0}


def test_without_drops_the_name_too():
    assert at(labelled(named("x", [1], a="1", b="2")), "sum without (a) (x)") == {'{b="2"}': 1.0}


def test_series_count_only_where_they_are():
    reader = labelled(named("x", [1, 2, 3], i="1"), named("x", [None, 10, None], i="2"))
    assert over(reader, "count(last_over_time(x[1m]))", 2) == {"": [1.0, 2.0, 1.0]}


def test_infinities_and_nan_go_through():
    reader = labelled(
        named("x", [math.inf], i="1"), named("x", [-math.inf], i="2"), named("y", [NAN]), named("y", [1], i="2")
    )
    assert math.isnan(at(reader, "sum(x)")[""])
    assert at(reader, "min(y)") == {"": 1.0}


def test_the_mean_of_huge_values_does_not_overflow():
    reader = labelled(*(named("x", [1.5e308], i=str(place)) for place in range(4)))
    assert at(reader, "avg(x)") == {"": pytest.approx(1.5e308)}


def test_equal_values_spread_exactly_zero():
    reader = labelled(*(named("x", [0.1], i=str(place)) for place in range(7)))
    assert at(reader, "stddev(x)") == {"": 0.0}
