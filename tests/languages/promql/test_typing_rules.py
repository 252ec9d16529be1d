import pytest

from obslib.core.errors import QueryError
from obslib.languages.promql import parse


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("rte(x[5m])", 'unknown function with name "rte"'),
        ("rate(x)", 'expected type range vector in call to function "rate", got instant vector'),
        ("abs(x[5m])", 'expected type instant vector in call to function "abs", got range vector'),
        ("rate()", 'expected 1 argument(s) in call to "rate", got 0'),
        ("round(x, 1, 2)", 'expected at most 2 argument(s) in call to "round", got 3'),
        ("label_join(x)", 'expected at least 3 argument(s) in call to "label_join", got 1'),
        ("sum(1)", "expected type instant vector in aggregation expression, got scalar"),
        ("topk(x, x)", "expected type scalar in aggregation parameter, got instant vector"),
        ("1 > 2", "comparisons between scalars must use BOOL modifier"),
        ("a + bool b", "bool modifier can only be used on comparison operators"),
        ("a and 1", 'set operator "and" not allowed in binary scalar expression'),
        ("a + on (x) 1", "vector matching only allowed between instant vectors"),
        ("a and on (x) group_left () b", 'no grouping allowed for "and" operation'),
        ("a or fill (0) b", 'filling in missing series not allowed for "or" operation'),
        ("a + on (x) group_left (x) b", 'label "x" must not occur in ON and GROUP clause at once'),
        ('a + "b"', "binary expression must contain only scalar and instant vector types"),
        ('-"b"', "unary expression only allowed on expressions of type scalar or instant vector"),
        ("1[5m:1m]", "subquery is only allowed on instant vector, got scalar instead"),
        ("deriv(x[5m] anchored)", "anchored modifier can only be used with: changes, delta, increase, rate, resets"),
    ],
)
def test_types_are_checked_in_prometheus_words(query, problem):
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert problem in caught.value.problem


def test_an_unknown_function_brings_the_nearest_known_one():
    with pytest.raises(QueryError, match="did you mean 'histogram_quantile'"):
        parse("histogram_quantil(0.9, x)")


def test_a_missing_range_is_suggested():
    with pytest.raises(QueryError, match=r"add a range, for example \[5m\]"):
        parse("rate(x)")
