"""Moments: every common way to write one, to nanoseconds in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.store.ingest.moments import lack_zone, parse_moments


def test_only_dates_and_times_without_a_zone_lack_one():
    lacking = ["2026-11-01T12:00:00", "2026-11-01 12:00:00,123 ", "2026/11/01 12:00", "2026-11-01"]
    complete = ["2026-11-01T12:00:00Z", " 2026-11-01 12:00:00+02 ", "2026-11-01T12:00:00-07:00", "1793534400", "", None]
    assert lack_zone(pa.array(lacking)).to_pylist() == [True] * len(lacking)
    assert lack_zone(pa.array(complete)).to_pylist() == [False] * len(complete)


def nanos(text: str | None, pattern: str | None = None) -> int | None:
    (found,) = parse_moments(pa.array([text], pa.string()), pattern).cast(pa.int64()).to_pylist()
    return found


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("2026-11-01T12:00:00Z", "2026-11-01T12:00:00Z"),
        ("2026-11-01T12:00:00.123456789Z", "2026-11-01T12:00:00.123456789Z"),
        ("2026-11-01T14:00:00.5+02:00", "2026-11-01T12:00:00.5Z"),
        ("2026-11-01T05:00:00-0700", "2026-11-01T12:00:00Z"),
        ("2026-11-01 12:00:00", "2026-11-01T12:00:00Z"),
        ("2026-11-01 12:00:00,123", "2026-11-01T12:00:00.123Z"),
        ("2026/11/01 12:00:00", "2026-11-01T12:00:00Z"),
        (" 2026-11-01T12:00:00Z ", "2026-11-01T12:00:00Z"),
        ("2026-11-01", "2026-11-01T00:00:00Z"),
        ("1793534400", "2026-11-01T12:00:00Z"),
        ("1793534400.25", "2026-11-01T12:00:00.25Z"),
        ("1793534400123", "2026-11-01T12:00:00.123Z"),
        ("1793534400123456", "2026-11-01T12:00:00.123456Z"),
        ("1793534400123456789", "2026-11-01T12:00:00.123456789Z"),
    ],
)
def test_iso_text_and_epochs_are_read(text: str, same_as: str):
    assert nanos(text) == pd.Timestamp(same_as).value


@pytest.mark.parametrize(
    "text", ["", "x", "2026-13-01T00:00:00Z", "12", "yesterday", "9999-01-01T00:00:00Z", "9999999999999999999", None]
)
def test_what_is_no_moment_is_null(text: str | None):
    assert nanos(text) is None


def test_a_pattern_with_a_zone_is_read():
    assert nanos("10/Oct/2000:13:55:36 -0700", "%d/%b/%Y:%H:%M:%S %z") == pd.Timestamp("2000-10-10T20:55:36Z").value
    assert nanos("10/Oct/9999:13:55:36 +0000", "%d/%b/%Y:%H:%M:%S %z") is None
    assert nanos("10/Foo/2000", "%d/%b/%Y:%H:%M:%S %z") is None


def test_rows_keep_their_order_and_repeats():
    texts = ["1793534400", None, "1793534401", "1793534400", "x"]
    found = parse_moments(pa.array(texts, pa.string())).cast(pa.int64()).to_pylist()
    assert found == [1_793_534_400 * 10**9, None, 1_793_534_401 * 10**9, 1_793_534_400 * 10**9, None]


@given(st.datetimes(datetime(1975, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 4, 14 * 4).map(lambda q: q * 15))
def test_any_moment_in_any_zone_comes_back(moment: datetime, minutes: int):
    zone = timezone(timedelta(minutes=minutes))
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    assert nanos(local.isoformat()) == pd.Timestamp(moment, tz="UTC").as_unit("ns").value
