import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.core.errors import QueryError
from obslib.languages.promql.relabel import natural_key
from tests.languages.promql.support import at, labelled, named

READER = labelled(named("up", [1], job="api-1", zone="eu"), named("up", [2], job="web-2"))


def test_label_replace_expands_groups_of_a_whole_match():
    assert at(READER, 'label_replace(up, "kind", "$1:${2}$$", "job", "(.*)-(.)")') == {
        'up{job="api-1",kind="api:1$",zone="eu"}': 1.0,
        'up{job="web-2",kind="web:2$"}': 2.0,
    }


def test_label_replace_leaves_what_does_not_match():
    assert set(at(READER, 'label_replace(up, "kind", "x", "job", "api")')) == {
        'up{job="api-1",zone="eu"}',
        'up{job="web-2"}',
    }


def test_an_empty_value_removes_the_label():
    assert 'up{job="api-1"}' in at(READER, 'label_replace(up, "zone", "", "", "")')


def test_unknown_groups_are_empty():
    assert 'up{job="web-2"}' in at(READER, 'label_replace(up, "kind", "$9$none", "job", ".*")')


def test_label_join_takes_missing_labels_as_empty():
    assert set(at(READER, 'label_join(up, "id", "/", "job", "zone")')) == {
        'up{id="api-1/eu",job="api-1",zone="eu"}',
        'up{id="web-2/",job="web-2"}',
    }


def test_equal_labels_after_a_change_are_an_error():
    with pytest.raises(QueryError, match="same labelset"):
        at(READER, 'label_replace(label_replace(up, "job", "x", "", ""), "zone", "", "", "")')


def test_names_go_at_once_or_with_the_delay_when_the_query_is_done():
    query = 'label_replace(abs(up), "__name__", "${1}_abs", "__name__", "(.+)")'
    assert set(at(READER, query)) == {'{job="api-1",zone="eu"}', '{job="web-2"}'}
    assert set(at(READER, query, delayed_names=True)) == {'up_abs{job="api-1",zone="eu"}', 'up_abs{job="web-2"}'}


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (r'label_replace(up, "\xff", "", "", "")', "invalid destination label name in label_replace()"),
        ('label_join(up, "", "/")', "invalid destination label name in label_join()"),
        (r'label_join(up, "a", "/", "\xff")', "invalid source label name in label_join()"),
        ('label_replace(up, "a", "", "job", "(")', "invalid regular expression in label_replace(): ("),
        (r'count_values("a\xc5z", up)', "invalid label name"),
    ],
)
def test_impossible_labels_are_errors(query, problem):
    with pytest.raises(QueryError) as caught:
        at(READER, query)
    assert problem in caught.value.problem


def test_sorting_is_by_value_with_nan_last():
    reader = labelled(*(named("x", [value], i=str(value)) for value in (2.0, float("nan"), 3.0)))
    assert list(at(reader, "sort(x)")) == ['x{i="2.0"}', 'x{i="3.0"}', 'x{i="nan"}']
    assert list(at(reader, "sort_desc(x)")) == ['x{i="3.0"}', 'x{i="2.0"}', 'x{i="nan"}']


def test_sorting_by_label_knows_numbers():
    reader = labelled(*(named("x", [1], cpu=cpu) for cpu in ("10", "9", "1a")))
    assert list(at(reader, 'sort_by_label(x, "cpu")')) == ['x{cpu="1a"}', 'x{cpu="9"}', 'x{cpu="10"}']
    assert list(at(reader, 'sort_by_label_desc(x, "cpu")')) == ['x{cpu="10"}', 'x{cpu="9"}', 'x{cpu="1a"}']


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_in_text_compare_as_numbers(left, right):
    assert (natural_key(f"cpu{left}") < natural_key(f"cpu{right}")) == (left < right)
