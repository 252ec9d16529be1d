"""Word-sized pictures."""

from __future__ import annotations

import re

import numpy as np
import pytest

from obslib.figures.sparkline import sparkline


def path(svg):
    return re.search(r' d="([^"]*)"', svg)[1]


def test_the_line_goes_from_the_lowest_to_the_highest():
    assert path(sparkline(np.array([1.0, 3.0]), width=100, height=20)) == "M2.0 18.0L98.0 2.0"
    assert 'aria-label="from 1 to 3"' in sparkline(np.array([1.0, 3.0]))


def test_gaps_stay_open():
    assert path(sparkline(np.array([1.0, np.nan, 2.0, np.inf, 3.0]))).count("M") == 3


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, np.nan]])
def test_nothing_known_is_said(values):
    assert 'aria-label="no data"' in sparkline(np.array(values, dtype=float))


def test_a_constant_is_a_level_line():
    assert path(sparkline(np.array([5.0, 5.0]), height=20)) == "M2.0 10.0L118.0 10.0"
    assert path(sparkline(np.array([5.0]))).startswith("M60.0")
