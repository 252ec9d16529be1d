import promql_parser
import pytest
from hypothesis import given, settings

from obslib.core.errors import QueryError
from obslib.languages.promql import parse
from obslib.languages.promql.syntax import (
    Aggregation,
    Binary,
    Call,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Unary,
    walk,
)
from tests.languages.promql.strategies import queries


def shape(node):
    """The tree as text, with parentheses around every operation."""
    match node:
        case Binary():
            return f"({shape(node.left)}{node.op}{shape(node.right)})"
        case Unary():
            return f"({node.op}{shape(node.expr)})"
        case Paren():
            return shape(node.expr)
        case Number():
            return f"{node.value:g}"
        case Selector():
            return node.name
    return type(node).__name__


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("a + b * c", "(a+(b*c))"),
        ("a * b + c", "((a*b)+c)"),
        ("a ^ b ^ c", "(a^(b^c))"),
        ("-a ^ b", "(-(a^b))"),
        ("-a * b", "((-a)*b)"),
        ("a or b and c unless d", "(a or((b and c)unless d))".replace(" ", "")),
        ("a + b > c - d", "((a+b)>(c-d))"),
        ("a - b - c", "((a-b)-c)"),
        ("- - -3", "-3"),
        ("a atan2 b * c", "((a atan2 b)*c)".replace(" ", "")),
    ],
)
def test_operators_bind_as_in_prometheus(query, tree):
    assert shape(parse(query)) == tree


def test_modifiers_may_come_in_any_order():
    assert parse("x offset 5m @ 10").shift.at == parse("x @ 10 offset 5m").shift.at == 10.0


def test_ranges_carry_the_shift_of_their_selector():
    node = parse("rate(x[5m] @ end() offset -1m)").args[0]
    assert isinstance(node, Range)
    assert node.selector.shift.at == "end"


def test_subqueries_take_any_instant_vector():
    node = parse("max_over_time((a + b)[1h:5m] offset 1d)").args[0]
    assert isinstance(node, Subquery)
    assert node.step is not None


def test_names_may_be_quoted_and_contain_anything():
    node = parse('{"http.requests", "service.name"="a b"}')
    assert node.name == "http.requests"
    assert {matcher.name for matcher in node.matchers} == {"service.name", "__name__"}


def test_keywords_are_good_metric_names():
    names = [node.name for node in walk(parse("sum + by + offset + fill")) if isinstance(node, Selector)]
    assert names == ["sum", "by", "offset", "fill"]


@pytest.mark.parametrize("query", ["sum by (a, b) (x)", "sum(x) by (a, b)", "SUM(x) BY (a, b,)"])
def test_grouping_stands_before_or_after(query):
    node = parse(query)
    assert isinstance(node, Aggregation)
    assert node.labels == ("a", "b")


def test_every_node_knows_where_it_starts():
    query = "sum(rate(hits[5m])) / 2"
    starts = {type(node): query[node.start :] for node in walk(parse(query))}
    assert starts[Call].startswith("rate")
    assert starts[Selector].startswith("hits")
    assert starts[Number] == "2"


@pytest.mark.parametrize(
    ("query", "problem", "position"),
    [
        ("", "no expression found in input", 0),
        ("requests{)", "unexpected", 9),
        ("sum(", "unexpected end of input", 4),
        ("a +", "unexpected end of input", 3),
        ("foo bar", "unexpected 'bar'", 4),
        ("x[5m] offset", "unexpected end of input", 12),
        ("1[5m]", "ranges only allowed for vector selectors", 1),
        ("x offset 5m[5m]", "no offset or @ modifiers allowed before range", 11),
        ("x offset 1m offset 2m", "offset may not be set multiple times", 12),
        ("1 offset 5m", "must be preceded by a selector", 2),
        ("{}", "at least one non-empty matcher", 0),
        ('{a=~".*"}', "at least one non-empty matcher", 0),
        ('x{"y"}', "metric name must not be set twice", 2),
        ("x{a=b}", "unexpected 'b'", 4),
        ('x{a=~"("}', "error parsing regexp", 5),
        ("sum by (a:b) (x)", "invalid label name 'a:b'", 8),
        ("x @ y", "unexpected 'y'", 4),
        ("topk(x)", "expected 2, got 1", 0),
        ("a group_left b", "unexpected 'group_left'", 2),
        ("x anchored", "anchored modifier can only be used with range vectors", 2),
        ("abs(x) smoothed", "must be preceded by one selector", 7),
        ("(" * 300 + "x" + ")" * 300, "nested too deeply", 200),
    ],
)
def test_what_cannot_be_read_is_refused_where_it_stands(query, problem, position):
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert problem in caught.value.problem
    assert caught.value.position == position
    assert caught.value.fix


def test_the_error_shows_the_text_with_a_caret_on_the_right_line():
    with pytest.raises(QueryError) as caught:
        parse("sum(\n  rate(x)\n)")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("2:8: parse error: expected type range vector in call to function")
    assert lines[1].index("x") == lines[2].index("^")


@settings(max_examples=200, deadline=None)
@given(queries())
def test_every_query_that_an_independent_parser_takes_is_taken_and_so_the_other_way_round(query):
    try:
        promql_parser.parse(query)
    except ValueError:
        with pytest.raises(QueryError):
            parse(query)
    else:
        parse(query)
