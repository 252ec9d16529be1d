"""Values into a template: types, bounds, titles, durations that follow the step, and the errors."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from obslib import catalog
from obslib.core.errors import InputError, UnsupportedError


def question(name: str = "http.latency", **values: Any) -> catalog.Question:
    return catalog.get(name).ask(values)


def test_defaults_ask_about_everything():
    assert question().text == (
        "histogram_quantile(0.95, sum by (service, le) (rate( http_server_request_duration_seconds_bucket{}[5m])))"
    )


def test_filters_become_matchers_in_the_language():
    text = question(service=["web", "check.out"], route='/a"b', quantile=0.5, range="1h").text
    assert '{service=~"web|check\\\\.out", route="/a\\"b"}[1h]' in text
    assert text.startswith("histogram_quantile(0.5, ")


def test_a_pattern_is_a_regular_expression_and_text_is_not():
    assert 'service=~"web.*"' in question(service=re.compile("web.*")).text
    assert 'service="web.*"' in question(service="web.*").text


def test_the_sliding_window_is_what_suits_the_question_unless_given():
    requests = catalog.get("http.requests")
    assert "[5m]" in requests.ask({}).text
    assert "[15m]" in requests.ask({}, auto=pd.Timedelta("15min")).text
    assert "[15m]" in requests.ask({"range": "auto"}, auto=pd.Timedelta("15min")).text
    assert "[2m]" in requests.ask({"range": 120}, auto=pd.Timedelta("15min")).text
    assert "[1h]" in catalog.get("slo.burn_rate").ask({}, auto=pd.Timedelta("15min")).text


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({}, "Request duration, quantile 0.95"),
        ({"quantile": 0.5, "service": "checkout"}, "Request duration, quantile 0.5 (service checkout)"),
        (
            {"service": ["a", "b"], "route": re.compile("/api/.*")},
            "Request duration, quantile 0.95 (service a, b, route //api/.*/)",
        ),
    ],
)
def test_the_title_says_what_was_asked(values: dict[str, Any], title: str):
    assert question(**values).title == title


def test_durations_in_a_title_read_as_people_write_them():
    assert question("http.requests_change", ago=pd.Timedelta(days=7)).title == "Requests, compared with 7d ago"


@pytest.mark.parametrize(
    ("name", "values", "problem", "fix"),
    [
        (
            "http.latency",
            {"servce": "a"},
            "template 'http.latency' has no parameter 'servce'",
            "did you mean 'service'?",
        ),
        (
            "http.latency",
            {"quantile": 95},
            "template 'http.latency': parameter 'quantile' must be a number from 0 up to 1, got 95",
            "for example quantile=0.95",
        ),
        ("http.latency", {"quantile": "0.9"}, "must be a number from 0 up to 1, got '0.9'", "without quotes"),
        ("http.latency", {"quantile": float("nan")}, "must be a number from 0 up to 1, got nan", "quantile=0.95"),
        ("http.latency", {"quantile": True}, "must be a number", "quotes"),
        ("http.latency", {"range": "soon"}, "parameter 'range' must be a duration such as '5m', got 'soon'", "'90s'"),
        ("http.latency", {"range": "-5m"}, "must be a duration", "for example '5m'"),
        ("http.latency", {"range": None}, "must be a duration", "for example '5m'"),
        ("slo.burn_rate", {"range": "auto"}, "must be a duration", "'90s'"),
        ("http.latency", {"by": 5}, "parameter 'by' must be label names", "one name"),
        ("http.latency", {"service": []}, "parameter 'service' must be a label's value", "None for all"),
        ("http.latency", {"service": {"a": 1}}, "parameter 'service' must be a label's value", "text"),
        ("http.latency", {"service": "\udfff"}, "parameter 'service' must be a label's value", "UTF-8"),
        ("http.slow_ratio", {"bound": -1}, "must be a number from 0, got -1", "for example bound=0.5"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_type(name: str, values: dict[str, Any], problem: str, fix: str):
    with pytest.raises(InputError) as caught:
        question(name, **values)
    assert problem in caught.value.problem
    assert fix in caught.value.fix


def test_a_language_without_text_is_refused():
    with pytest.raises(UnsupportedError, match=r"'http\.latency' has no text in logql"):
        catalog.get("http.latency").ask({}, language="logql")


def test_the_metrics_needed_are_read_from_the_query():
    assert catalog.get("redis.hit_ratio").metrics() == ["redis_keyspace_hits_total", "redis_keyspace_misses_total"]


def test_whole_bounds_match_both_spellings_of_a_bucket():
    assert 'le=~"1([.]0)?"' in question("http.slow_ratio", bound=1.0).text
    assert 'le=~"0\\\\.25([.]0)?"' in question("http.slow_ratio", bound=0.25).text


def test_a_template_shows_itself_escaped_in_a_notebook():
    shown = catalog.get("http.slow_ratio")._repr_html_()
    assert "<code>bound</code>" in shown
    assert "&quot;$bound([.]0)?&quot;" in shown
    assert "a number from 0<" in shown


def test_a_template_shows_itself_in_text():
    assert repr(catalog.get("redis.memory")).splitlines() == [
        "redis.memory: How much memory does the cache use? [By]",
        "  instance = None: the scraped target",
        "promql:",
        "  sum by (instance) (redis_memory_used_bytes{instance=$instance})",
    ]
