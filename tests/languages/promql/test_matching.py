import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.core.errors import QueryError
from tests.languages.promql.support import at, labelled, named, over, series

PAIR = labelled(
    named("a", [1], job="api", zone="1"),
    named("a", [2], job="web", zone="1"),
    named("b", [10], job="api", zone="1"),
    named("b", [20], job="db", zone="1"),
)
FLEET = labelled(
    named("cpu", [3], job="api", core="0"),
    named("cpu", [5], job="api", core="1"),
    named("cpu", [7], job="web", core="0"),
    named("info", [1], job="api", owner="red"),
    named("info", [1], job="web"),
)


def test_series_with_equal_labels_meet_and_lose_their_name():
    assert at(PAIR, "a + b") == {'{job="api",zone="1"}': 11.0}


def test_comparisons_keep_the_left_series():
    assert at(PAIR, "a < b") == {'a{job="api",zone="1"}': 1.0}
    assert at(PAIR, "a > b") == {}
    assert at(PAIR, "a > bool b") == {'{job="api",zone="1"}': 0.0}


def test_on_keeps_only_its_labels():
    assert at(PAIR, "a * on (job) b") == {'{job="api"}': 10.0}
    assert at(PAIR, "a * ignoring (zone) b") == {'{job="api"}': 10.0}


def test_many_series_meet_one_with_group_left():
    found = at(FLEET, "cpu * on (job) group_left (owner) info")
    assert found == {
        '{core="0",job="api",owner="red"}': 3.0,
        '{core="1",job="api",owner="red"}': 5.0,
        '{core="0",job="web"}': 7.0,
    }
    assert at(FLEET, "info * on (job) group_right (owner) cpu") == found


def test_group_right_keeps_the_order_of_the_operands():
    assert at(FLEET, 'info{job="web"} - on (job) group_right () cpu') == {'{core="0",job="web"}': -6.0}


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("cpu * on (job) info", "many-to-one matching must be explicit"),
        ("info * on (job) cpu", 'found duplicate series for the match group {job="api"} on the right'),
        ("cpu * on (job) group_left () cpu", "many-to-many matching not allowed"),
        ("cpu * on (job) group_left (core) info", "grouping labels must ensure unique matches"),
    ],
)
def test_ambiguous_matches_are_errors_at_the_operator(query, problem):
    with pytest.raises(QueryError) as caught:
        at(FLEET, query)
    assert problem in caught.value.problem
    assert query[caught.value.position] == "*"


def test_the_duplicates_are_named_in_order():
    with pytest.raises(QueryError) as caught:
        at(FLEET, "info * on (job) cpu")
    assert '[{__name__="cpu", core="0", job="api"}, {__name__="cpu", core="1", job="api"}];many' in caught.value.problem


def test_series_that_never_meet_at_a_step_are_not_ambiguous():
    reader = labelled(
        named("a", [1, 1], x="1"), named("b", [5, None], x="1", y="1"), named("b", [None, 7], x="1", y="2")
    )
    assert over(reader, "a + on (x) last_over_time(b[1m])", 1) == {'{x="1"}': [6.0, 8.0]}


def test_sets_keep_or_add_series_by_partner_and_step():
    assert set(at(PAIR, "a and b")) == {'a{job="api",zone="1"}'}
    assert set(at(PAIR, "a unless b")) == {'a{job="web",zone="1"}'}
    assert set(at(PAIR, "a or b")) == {'a{job="api",zone="1"}', 'a{job="web",zone="1"}', 'b{job="db",zone="1"}'}
    assert set(at(PAIR, "a and on () vector(1)")) == {'a{job="api",zone="1"}', 'a{job="web",zone="1"}'}


def test_fill_stands_in_for_a_missing_partner():
    assert at(PAIR, "a + fill (0) b") == {
        '{job="api",zone="1"}': 11.0,
        '{job="web",zone="1"}': 2.0,
        '{job="db",zone="1"}': 20.0,
    }
    assert set(at(PAIR, "a + fill_right (0) b")) == {'{job="api",zone="1"}', '{job="web",zone="1"}'}
    assert set(at(PAIR, "a + fill_left (0) b")) == {'{job="api",zone="1"}', '{job="db",zone="1"}'}


def test_scalars_meet_every_series_on_either_side():
    reader = series(x=[4])
    assert at(reader, "10 - x") == {"": 6.0}
    assert at(reader, "x ^ 2") == {"": 16.0}
    assert at(reader, "3 < x") == {"x": 4.0}
    assert at(reader, "3 < bool x") == {"": 1.0}
    assert at(reader, "2 ^ 3 % 5") == {"": 3.0}


@settings(max_examples=25, deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_arithmetic_is_that_of_ieee_numbers(left, right):
    reader = series(l=[left], r=[right])
    assert at(reader, "l - r")[""] == left - right
    quotient = at(reader, "l / r")[""]
    if right:
        assert quotient == left / right
        assert at(reader, "l % r")[""] == pytest.approx(math.fmod(left, right))
    else:
        assert not math.isfinite(quotient)


def test_names_that_would_collide_are_an_error():
    reader = labelled(named("a", [1], job="x"), named("b", [2], job="x"))
    with pytest.raises(QueryError, match="vector cannot contain metrics with the same labelset"):
        at(reader, '-{job="x"}')


def test_names_that_never_meet_join_into_one_series():
    reader = labelled(named("a", [1, None], job="x"), named("b", [None, 2], job="x"))
    found = over(reader, '-last_over_time({job="x"}[1m])', 1)
    assert found == {'{job="x"}': [-1.0, -2.0]}
