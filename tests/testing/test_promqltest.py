import math

import pytest

from obslib.core.errors import InputError
from obslib.core.series import is_stale
from obslib.testing.promqltest import (
    Case,
    Clear,
    Expectation,
    Load,
    parse_labels,
    parse_millis,
    parse_points,
    parse_script,
)

SCRIPT = """
# Bread is counted every minute.
load 1m
  loaves_total{oven="1"}  0+10x3
  loaves_total{oven="2"}  _ 5 stale

eval instant at 2m30s sum(loaves_total)
  expect no_warn
  {} 20

eval range from 0 to 2m step 1m rate(loaves_total[2m])
  expect warn msg: mind the gap
  # nothing is expected but the warning

clear
eval_fail instant at 0 sum(
"""


def test_a_script_is_loads_clears_and_cases():
    load, instant, wide, clear, failing = parse_script(SCRIPT)
    assert isinstance(load, Load)
    assert load.step == 60_000
    assert load.series[(("__name__", "loaves_total"), ("oven", "1"))] == [0.0, 10.0, 20.0, 30.0]
    assert isinstance(clear, Clear)
    assert isinstance(instant, Case)
    assert (instant.instant, instant.start, instant.query) == (True, 150_000, "sum(loaves_total)")
    assert instant.series == (((), [20.0]),)
    assert isinstance(wide, Case)
    assert (wide.start, wide.end, wide.step) == (0, 120_000, 60_000)
    assert wide.expectations == (Expectation("warn", "msg", "mind the gap"),)
    assert isinstance(failing, Case)
    assert failing.expects("fail")


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("1 -2 +3.5e1", [1.0, -2.0, 35.0]),
        ("1+2x3", [1.0, 3.0, 5.0, 7.0]),
        ("10-2x2", [10.0, 8.0, 6.0]),
        ("4x2", [4.0, 4.0, 4.0]),
        ("_ _x2 1", [None, None, None, 1.0]),
        ("0x2", [0.0, 0.0, 0.0]),
        ("Inf -inf", [math.inf, -math.inf]),
        ("{{sum:1 count:2}}x1", ["{{sum:1 count:2}}"] * 2),
        ("", []),
    ],
)
def test_points_are_written_out(text, points):
    assert parse_points(text, 1) == points


def test_stale_markers_are_loaded_as_such():
    import numpy as np

    assert is_stale(np.array(parse_points("stale NaN", 1))).tolist() == [True, False]


@pytest.mark.parametrize("text", ["1+", "abc", "1,2", "{{sum:1"])
def test_points_that_are_none_are_refused_with_their_line(text):
    with pytest.raises(InputError, match="line 7"):
        parse_points(text, 7)


def test_labels_may_be_quoted_and_escaped():
    labels, rest = parse_labels(r'{"my.metric", "a.b"="c\"d", empty=""} 5', 1)
    assert labels == (("__name__", "my.metric"), ("a.b", 'c"d'))
    assert rest == "5"


def test_a_histogram_is_not_taken_for_labels():
    assert parse_labels("x {{count:1}}", 1) == ((("__name__", "x"),), "{{count:1}}")


@pytest.mark.parametrize(("text", "millis"), [("10", 10_000), ("1h1ms", 3_600_001), ("-5m", -300_000), ("0.5", 500)])
def test_times_are_seconds_or_durations(text, millis):
    assert parse_millis(text, 1) == millis


def test_a_line_that_fits_nothing_is_refused():
    with pytest.raises(InputError, match="line 2 cannot be read: lode 5m"):
        parse_script("clear\nlode 5m")
