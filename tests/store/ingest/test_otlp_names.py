"""Names: the examples that Prometheus' documentation and its translator give."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.store.ingest.otlp_names import label_name, labels_of, metric_name, unit_suffixes


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("http.server.request.duration", "s", "histogram", "http_server_request_duration_seconds"),
        ("requests", "1", "counter", "requests_total"),
        ("requests", "{request}", "counter", "requests_total"),
        ("requests.total", "", "counter", "requests_total"),
        ("total.requests", "", "counter", "requests_total"),
        ("system.memory.usage", "By", "gauge", "system_memory_usage_bytes"),
        ("system.memory.usage.bytes", "By", "gauge", "system_memory_usage_bytes"),
        ("system.cpu.utilization", "1", "gauge", "system_cpu_utilization_ratio"),
        ("system.network.io", "By/s", "counter", "system_network_io_bytes_per_second_total"),
        ("rate", "{packet}/s", "gauge", "rate_per_second"),
        ("per.anything", "s/{op}", "gauge", "per_anything_seconds"),
        ("latency", "ms", "gauge", "latency_milliseconds"),
        ("disk", "%", "gauge", "disk_percent"),
        ("speed", "m/s", "gauge", "speed_meters_per_second"),
        ("odd", "foo.bar", "gauge", "odd_foo_bar"),
        ("2xx.responses", "", "counter", "_2xx_responses_total"),
        ("a__b--c", "", "gauge", "a_b_c"),
        ("job:rule:sum", "", "gauge", "job:rule:sum"),
        ("größe", "", "gauge", "gr_e"),
        ("...", "", "gauge", ""),
    ],
)
def test_metric_names(name: str, unit: str, kind: str, expected: str):
    assert metric_name(name, unit, kind) == expected


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("", ("", "")), ("s", ("seconds", "")), ("KiBy/min", ("kibibytes", "per_min")), ("/s", ("", "per_second"))],
)
def test_unit_suffixes(unit: str, expected: tuple[str, str]):
    assert unit_suffixes(unit) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http.route", "http_route"),
        ("a-b c", "a_b_c"),
        ("0start", "key_0start"),
        ("_private", "key_private"),
        ("__reserved__", "__reserved__"),
        ("ok_name", "ok_name"),
    ],
)
def test_label_names(name: str, expected: str):
    assert label_name(name) == expected


def test_values_that_are_no_text_become_text():
    labels = labels_of('{"s":"x","i":3,"f":0.5,"b":true,"l":[1,"a"],"n":null}')
    assert labels == {"s": "x", "i": "3", "f": "0.5", "b": "true", "l": '[1,"a"]', "n": "null"}


def test_names_that_become_equal_are_joined_in_the_order_of_their_keys():
    assert labels_of('{"a_b":"second","a.b":"first"}') == {"a_b": "first;second"}


@given(
    st.text(max_size=20),
    st.sampled_from(["", "s", "By", "1", "By/s", "{x}", "foo"]),
    st.sampled_from(["counter", "gauge"]),
)
def test_every_metric_name_is_valid_for_promql_or_empty(name: str, unit: str, kind: str):
    assert re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*|", metric_name(name, unit, kind))


@given(st.text(min_size=1, max_size=20))
def test_every_label_name_is_valid_for_promql(name: str):
    assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", label_name(name))
