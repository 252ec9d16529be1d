import re

import pytest

from obslib.core.errors import QueryError, UnsupportedError
from obslib.languages.promql.regex import anchored_pattern, portable_pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("((?i)PRO).*", "production", "xpro"),
        (".*((?i)TION)x", "actionx", "actionX"),
        ("a(?i)b", "aB", "AB"),
        ("(?i:a)b", "Ab", "AB"),
        ("[[:digit:]]+", "42", "x"),
        (r"\Qa.b\E+", "a.bb", "axb"),
        (r"a\z", "a", "ab"),
        ("(?<name>a)", "a", "b"),
        (r"\(a\)", "(a)", "a"),
        ("[)(]", ")", "a"),
    ],
)
def test_go_patterns_mean_the_same_here(pattern, matching, other):
    compiled = anchored_pattern("x", 0, pattern)
    assert compiled.fullmatch(matching)
    assert not compiled.fullmatch(other)


def test_a_dot_matches_newlines_as_in_prometheus():
    assert anchored_pattern("x", 0, "a.b").fullmatch("a\nb")


def test_plain_patterns_stay_as_they_are():
    for pattern in ("api-.*", "a|b", "^x$", "[^a-z]+", r"\d{2}\."):
        assert portable_pattern("x", 0, pattern) == pattern
        re.compile(pattern)


@pytest.mark.parametrize("pattern", [r"\pL", "(?U)a*"])
def test_what_only_re2_knows_is_refused_not_guessed(pattern):
    with pytest.raises(UnsupportedError):
        portable_pattern("x", 0, pattern)


def test_a_broken_pattern_is_a_query_error():
    with pytest.raises(QueryError, match="error parsing regexp"):
        portable_pattern('x{a=~"(.*"}', 5, "(.*")
