"""Matchers as in Prometheus, and its stale marker."""

from __future__ import annotations

import numpy as np
import pytest

from obslib.core.errors import InputError
from obslib.core.series import STALE_NAN, STALE_NAN_BITS, Matcher, SeriesBlock, is_stale


@pytest.mark.parametrize(
    ("op", "value", "label", "matches"),
    [
        ("=", "api", "api", True),
        ("=", "api", "api2", False),
        ("=", "", "", True),
        ("!=", "api", "web", True),
        ("!=", "api", "api", False),
        ("!=", "api", "", True),
        ("=~", "a|b", "b", True),
        ("=~", "ap", "api", False),
        ("=~", "api.*", "api", True),
        ("=~", ".+", "", False),
        ("=~", ".*", "", True),
        ("=~", "a.b", "a\nb", True),
        ("!~", "ap", "api", True),
        ("!~", "ap.*", "api", False),
        ("=", "a.b", "axb", False),
    ],
)
def test_matchers(op, value, label, matches):
    assert Matcher("job", op, value).matches(label) is matches


@pytest.mark.parametrize("op", ["==", "", "~", "<"])
def test_unknown_operators_are_refused(op):
    with pytest.raises(InputError, match="unknown matcher operator"):
        Matcher("job", op, "x")


@pytest.mark.parametrize("op", ["=~", "!~"])
def test_broken_patterns_are_refused_when_made(op):
    with pytest.raises(InputError, match="not a regular expression"):
        Matcher("job", op, "a(")


def test_brackets_are_plain_text_for_equality():
    assert Matcher("job", "=", "a(").matches("a(")


def test_only_the_marker_is_stale():
    values = np.array([1.0, np.nan, STALE_NAN, np.inf, -np.nan, 0.0])
    assert is_stale(values).tolist() == [False, False, True, False, False, False]
    assert is_stale(np.empty(0)).tolist() == []


def test_marker_is_a_nan_with_the_bits_of_prometheus():
    assert np.isnan(STALE_NAN)
    assert int(np.array([STALE_NAN]).view(np.uint64)[0]) == STALE_NAN_BITS == 0x7FF0000000000002


def test_marker_is_found_in_a_strided_view():
    values = np.array([[1.0, STALE_NAN], [2.0, np.nan]])
    assert is_stale(values[:, 1]).tolist() == [True, False]


def test_blocks_hold_ragged_series():
    block = SeriesBlock(
        [{"job": "a"}, {"job": "b"}], np.array([0, 2, 3]), np.array([1, 2, 1]), np.array([5.0, 6.0, 7.0])
    )
    assert block.values[block.offsets[1] : block.offsets[2]].tolist() == [7.0]
