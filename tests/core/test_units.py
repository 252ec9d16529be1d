"""Numbers with units as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.core.units import Scale, format_value, scale_for, unit_of_metric


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("http_request_duration_seconds", "s"),
        ("http_request_duration_seconds_sum", "s"),
        ("http_request_duration_seconds_bucket", ""),
        ("http_request_duration_seconds_count", ""),
        ("process_cpu_seconds_total", "s"),
        ("node_memory_MemFree_bytes", "By"),
        ("container_network_receive_bytes_total", "By"),
        ("cache_hit_ratio", "1"),
        ("node_hwmon_temp_celsius", "Cel"),
        ("savings_usd_total", "USD"),
        ("http_requests_total", ""),
        ("", ""),
    ],
)
def test_names_promise_units(name, unit):
    assert unit_of_metric(name) == unit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0123, "s", "12.3 ms"),
        (90, "s", "1.5 min"),
        (7_200, "s", "2 h"),
        (250, "ms", "250 ms"),
        (2_500, "ms", "2.5 s"),
        (3e-10, "s", "0.3 ns"),
        (-0.002, "s", "-2 ms"),
        (0, "s", "0 s"),
        (3_221_225_472, "By", "3 GiB"),
        (512, "By", "512 B"),
        (1_536, "By/s", "1.5 KiB/s"),
        (1, "1", "100 %"),
        (0.9995, "1", "99.95 %"),
        (0.99999, "1", "99.999 %"),
        (-0.9995, "1", "-99.95 %"),
        (99.25, "%", "99.2 %"),
        (1.0004, "1", "100 %"),
        (0.25, "1", "25 %"),
        (42.25, "%", "42.2 %"),
        (21.5, "Cel", "21.5 °C"),
        (12_300, "", "12.3k"),
        (999, "", "999"),
        (1_000, "", "1k"),
        (1_500_000, "{request}", "1.5 M request"),
        (3, "{request}/s", "3 request/s"),
        (2_000, "1/s", "2 k/s"),
        (19.99, "USD", "20 USD"),
        (0, "", "0"),
        (1e-15, "", "1e-15"),
        (1e30, "", "1,000,000,000,000,000P"),
        (math.nan, "s", "unknown"),
        (math.inf, "By", "∞"),
        (-math.inf, "", "-∞"),
    ],
)
def test_values_with_units(value, unit, text):
    assert format_value(value, unit) == text


@pytest.mark.parametrize(
    ("largest", "unit", "scale"),
    [
        (3_000_000, "By", Scale(1_048_576.0, "MiB")),
        (math.nan, "By", Scale(1.0, "B")),
        (math.inf, "", Scale(1.0, "")),
        (0, "s", Scale(1.0, "s")),
        (0, "ms", Scale(1_000.0, "s")),
        (0.5, "1", Scale(0.01, "%")),
    ],
)
def test_scale_of_an_axis(largest, unit, scale):
    assert scale_for(largest, unit) == scale


@pytest.mark.parametrize("unit", ["", "s", "ms", "By", "By/s", "1", "%", "{request}", "USD"])
@given(value=st.floats(1e-6, 1e15))
def test_scaled_numbers_are_short_and_the_sign_only_adds_a_minus(unit, value):
    text = format_value(value, unit)
    assert format_value(-value, unit) == f"-{text}"
    assert math.isfinite(value / scale_for(value, unit).factor)


@given(st.floats(1e-200, 1e200))
def test_what_is_not_zero_never_reads_as_zero(value):
    assert format_value(value).strip("0.,kMGTP ") != ""
