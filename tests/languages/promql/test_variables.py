"""Variables in PromQL: what may stand where, and that no value can be more than a value."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.core.errors import QueryError
from obslib.core.series import Matcher
from obslib.languages.promql import parse
from obslib.languages.promql.syntax import Selector
from obslib.languages.promql.variables import fill, variables_of
from tests.languages.promql.hostile import HOSTILE


def matchers(query: str) -> list[Matcher]:
    parsed = parse(query)
    assert isinstance(parsed, Selector)
    return [one for one in parsed.matchers if one.name != "__name__"]


def only(query: str, value: object) -> Matcher:
    (matcher,) = matchers(fill(query, {"v": value}))
    return matcher


@pytest.mark.parametrize("template", ["x{a=$v}", "x{a='$v'}", 'x{a="${v}"}'])
def test_hostile_text_reads_back_as_itself(template: str):
    assert len(HOSTILE) >= 300
    assert [only(template, text) for text in HOSTILE] == [Matcher("a", "=", text) for text in HOSTILE]


@pytest.mark.parametrize("template", ["x{a='<$v>'}", 'x{a="<${v}>"}'])
def test_hostile_text_inside_a_longer_text_reads_back_as_itself(template: str):
    assert [only(template, text).value for text in HOSTILE] == [f"<{text}>" for text in HOSTILE]


@pytest.mark.parametrize("template", ["x{a=~$v}", "x{a=~'$v'}", 'x{a=~"(?:$v)"}'])
def test_in_a_pattern_hostile_text_matches_itself_and_nothing_else(template: str):
    for text in HOSTILE:
        matcher = only(template, text)
        assert matcher.op == "=~"
        assert matcher.matches(text)
        assert [other for other in HOSTILE if other != text and matcher.matches(other)] == []


def test_a_list_of_hostile_texts_matches_each_of_them_and_nothing_else():
    half = HOSTILE[::2]
    matcher = only("x{a=$v}", half)
    assert matcher.op == "=~"
    assert [text for text in HOSTILE if matcher.matches(text)] == half
    refused = only("x{a!=$v}", half)
    assert refused.op == "!~"
    assert [text for text in HOSTILE if refused.matches(text)] == HOSTILE[1::2]


def test_hostile_label_names_read_back_as_themselves():
    for text in filter(None, HOSTILE):
        parsed = parse(fill("sum by ($v, le) (x)", {"v": text}))
        assert parsed.labels == (text, "le")


@settings(max_examples=300)
@given(st.text(), st.text())
def test_any_text_reads_back_as_itself(first: str, second: str):
    filled = fill("x{a=$first, b!=$second}", {"first": first, "second": second})
    assert matchers(filled) == [Matcher("a", "=", first), Matcher("b", "!=", second)]


@settings(max_examples=200)
@given(st.lists(st.text(max_size=5), min_size=1, max_size=4), st.text(max_size=5))
def test_any_list_matches_its_members_only(members: list[str], other: str):
    matcher = only("x{a=$v}", members)
    assert all(matcher.matches(text) for text in members)
    assert matcher.matches(other) == (other in members)


@settings(max_examples=200)
@given(st.floats(allow_nan=False))
def test_any_number_reads_back_as_itself(value: float):
    assert parse(fill("$v", {"v": abs(value)})).value == abs(value)
    assert fill("2 ^ $v", {"v": -abs(value) - 1}).startswith("2 ^ (-")


@pytest.mark.parametrize(
    ("query", "value", "filled"),
    [
        ("x{a=$v}", None, "x{}"),
        ('x{b="1", a=$v}', None, 'x{b="1"}'),
        ('x{a=$v, b="1"}', None, 'x{b="1"}'),
        ('x{a="$v", b="1",}', None, 'x{b="1"}'),
        ("x{a=$v}", ["one"], 'x{a="one"}'),
        ("x{a=$v}", ("one", "t.o"), 'x{a=~"one|t\\\\.o"}'),
        ("x{a=$v}", pd.Index(["b", "c"]), 'x{a=~"b|c"}'),
        ("x{code=$v}", 500, 'x{code="500"}'),
        ("x{code=$v}", np.int64(404), 'x{code="404"}'),
        ("x{code=$v}", [500, 503], 'x{code=~"500|503"}'),
        ("x{a=$v}", re.compile("a.*"), 'x{a=~"a.*"}'),
        ("x{a!=$v}", re.compile("a.*", re.IGNORECASE), 'x{a!~"(?i)a.*"}'),
        ('x{a=~"p-$v-s"}', ["a", "b"], 'x{a=~"p-(?:a|b)-s"}'),
        ('x{a=~"p-$v"}', re.compile("a+"), 'x{a=~"p-(?:a+)"}'),
        ('x{a=~"p-$v$"}', "a", 'x{a=~"p-a$"}'),
        ("x{a=`$v`, b=$v}", "t", 'x{a=`$v`, b="t"}'),
        ("rate({$v}[5m])", "hits_total", 'rate({__name__="hits_total"}[5m])'),
        ("x{$v='1'}", "my label", "x{\"my label\"='1'}"),
        ("sum by ($v) (x)", ["a", "b c"], 'sum by (a, "b c") (x)'),
        ("sum by ($v, le) (x)", None, "sum by (le) (x)"),
        ("sum(x) WITHOUT ($v)", "a", "sum(x) WITHOUT (a)"),
        ("a * on ($v) group_left ($v) b", "k", "a * on (k) group_left (k) b"),
        ("x[$v]", "1.5h", "x[1h30m]"),
        ("x[$v]", 90, "x[1m30s]"),
        ("x[$v:$v]", timedelta(minutes=5), "x[5m:5m]"),
        ("x offset $v", "-1h", "x offset -1h"),
        ("x offset -$v", np.timedelta64(1, "h"), "x offset -1h"),
        ("x @ $v", datetime(2026, 11, 1, tzinfo=UTC), "x @ 1793491200"),
        ("x @ $v", -5, "x @ -5"),
        ("x > $v", -0.5, "x > (-0.5)"),
        ("x > ${v}", float("nan"), "x > NaN"),
        ("x > $v", pd.Timedelta("250ms"), "x > 0.25"),
        ("quantile($v, x)", np.float32(0.5), "quantile(0.5, x)"),
        ('label_replace(x, "a", "$v", "b", "(?P<v>.*)")', "z", 'label_replace(x, "a", "$v", "b", "(?P<v>.*)")'),
        ("x # $w by ($w) [$w]\n> $v", 1, "x # $w by ($w) [$w]\n> 1"),
    ],
)
def test_a_value_is_written_as_its_place_wants_it(query: str, value: object, filled: str):
    assert fill(query, {"v": value}) == filled


@pytest.mark.parametrize(
    ("query", "value", "problem"),
    [
        ("x > $v", "5m", "1:5: $v: a number is needed, got '5m'"),
        ("x > $v", True, "a number is needed, got True"),
        ("x{a=$v}", [], "an empty list matches nothing"),
        ("x{a=$v}", {"k": 1}, "must be text or a number"),
        ("x{a=$v}", b"bytes", "must be text or a number"),
        ("x{a=$v}", True, "must be text or a number"),
        ("x{a=$v}", re.compile("a", re.VERBOSE), "flags that PromQL does not know"),
        ("x{a=$v}", "\ud800", "surrogate"),
        ('x{a="p-$v"}', ["a", "b"], "must be text or a number"),
        ('x{a="p-$v"}', None, "must be text or a number, got None"),
        ("x{a=$v $v}", "a", "$v cannot stand here"),
        ("x[$v]", "0s", "must be a positive number of milliseconds"),
        ("x[$v]", "1us", "must be a positive number of milliseconds"),
        ("x[$v]", "soon", "cannot read 'soon' as a duration"),
        ("x[$v]", None, "a duration is needed, got None"),
        ("sum by ($v) (x)", 5, "label names are needed, got 5"),
        ("sum by ($v) (x)", [""], "a label's name must be text"),
        ("x > $w", 1, "there is no value for $w"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_where_it_stands(query: str, value: object, problem: str):
    with pytest.raises(QueryError) as caught:
        fill(query, {"v": value})
    assert problem in caught.value.problem
    assert query[caught.value.position] == "$"


def test_the_nearest_variable_is_offered():
    with pytest.raises(QueryError, match="did you mean 'service'"):
        fill("x{a=$servce}", {"service": "a", "_private": "b"})


def test_a_query_without_variables_is_returned_as_it_is():
    query = 'sum by (a) (rate(x{a=~"b|c$", d="$$"}[5m] offset -1h)) # $comment'
    assert fill(query, {}) == query


def test_an_unclosed_bracket_is_left_to_the_parser():
    assert fill("sum(x{a=$v", {"v": 1}) == "sum(x{a=$v"
    with pytest.raises(QueryError):
        parse(fill("x{a=$v", {"v": 1}))


def test_variables_are_named_in_order_of_their_first_use():
    query = 'sum by ($by) (rate(x{a="p-${a}", b=~$b, c=`$raw`}[$range:$step] offset $by)) > $n # $comment "$text"'
    assert variables_of(query) == ["by", "a", "b", "range", "step", "n"]
    assert variables_of('label_replace(x, "a", "$first", "b", "(.*)")') == []
