"""Errors and places in queries."""

from __future__ import annotations

import pytest

from obslib.core.errors import QueryError, SourceError
from obslib.sources.prometheus.answers import explained, is_too_much, position_in


@pytest.mark.parametrize(
    ("query", "message", "position"),
    [
        ("sum(up[)", "1:8: parse error: unexpected", 7),
        ('"ü" + [', "1:8: parse error: unexpected", 6),
        ("up\n  + [", "2:5: parse error: unexpected", 7),
        ("up", "1:99: parse error: end", 2),
        ("up", "7:1: parse error: elsewhere", None),
        ("up", "0:0: parse error: nowhere", None),
        ("up", "127.0.0.1:9090: GET http://127.0.0.1:9090/api was answered", None),
        ("up", "parse error: no place", None),
    ],
)
def test_a_place_is_read_from_the_servers_message(query, message, position):
    assert position_in(query, message) == position


def test_an_error_is_named_once():
    error = SourceError("prom: it failed.", fix="mend it.")
    same = explained(error, "prom", "", str)
    assert same.problem == "prom: it failed."
    assert not hasattr(same, "__notes__")
    assert explained(SourceError("it failed.", fix="mend it."), "prom", "up", str).__notes__ == ["the query was: up"]


@pytest.mark.parametrize(
    ("problem", "too_much"),
    [
        ("query processing would load too many samples into memory in query execution", True),
        ("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing", True),
        ("cannot select more than -search.maxSamplesPerQuery=1000000000 samples", True),
        ("parse error", False),
    ],
)
def test_only_refusals_for_size_are_asked_in_halves(problem, too_much):
    assert is_too_much(QueryError(problem, fix="")) == too_much
