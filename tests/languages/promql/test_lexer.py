import math

import pytest

from obslib.core.errors import QueryError
from obslib.languages.promql.lexer import tokenize


def kinds(query):
    return [token.kind for token in tokenize(query)][:-1]


def values(query):
    return [token.value for token in tokenize(query) if token.kind in {"number", "duration", "string"}]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), (".5", 0.5), ("2.", 2.0), ("1e3", 1_000.0), ("0x1F", 31.0), ("1_000", 1_000.0), ("1.5E-2", 0.015)],
)
def test_numbers_are_read_in_every_form(text, value):
    assert values(text) == [value]


def test_inf_and_nan_are_numbers_in_any_case():
    assert values("inF") == [math.inf]
    assert math.isnan(values("NaN")[0])


@pytest.mark.parametrize(
    ("text", "seconds"), [("5m", 300.0), ("1h30m", 5_400.0), ("100ms", 0.1), ("1w2d", 777_600.0), ("1y", 31_536_000.0)]
)
def test_durations_are_seconds(text, seconds):
    assert values(text) == [seconds]


def test_units_in_the_wrong_order_are_refused_with_the_place():
    with pytest.raises(QueryError, match="1:3: parse error: bad number or duration syntax: '5m1h'") as caught:
        tokenize("x[5m1h]")
    assert caught.value.position == 2


def test_colons_belong_to_names_outside_brackets_only():
    assert [token.text for token in tokenize("job:rate:sum")][:-1] == ["job:rate:sum"]
    assert kinds("x[5m:step()]") == ["name", "[", "duration", ":", "name", "(", ")", "]"]


def test_strings_know_go_escapes_and_raw_quotes():
    assert values(r'"a\n\x41\u00e9\101\\"') == ["a\nAéA\\"]
    assert values(r"'it\'s'") == ["it's"]
    assert values(r"`a\n`") == [r"a\n"]


def test_escaped_bytes_are_characters_where_they_are_utf8():
    assert values(r'"\xc3\xa9"') == ["é"]
    assert values(r'"a\xff"') == ["a\udcff"]


def test_an_unknown_escape_is_refused_where_it_stands():
    with pytest.raises(QueryError, match="unknown escape sequence") as caught:
        tokenize(r'"a\d"')
    assert caught.value.position == 2


def test_an_open_string_is_refused():
    with pytest.raises(QueryError, match="1:3: parse error: unterminated quoted string"):
        tokenize('x{"a')


def test_comments_and_space_are_skipped():
    assert kinds("up # how many\n + 1") == ["name", "+", "number"]


def test_a_character_that_starts_nothing_is_refused():
    with pytest.raises(QueryError, match="unexpected character: '~'"):
        tokenize("a ~ b")
