"""Windows, moments and durations in every form that people write."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.core.errors import InputError
from obslib.core.window import Window, format_duration, parse_duration, parse_time, positive_duration

BERLIN = "Europe/Berlin"
NOW = pd.Timestamp("2026-11-25T14:37:41.5Z")
CENTURY_NS = 100 * 365 * 86_400 * 10**9

durations = st.integers(1, CENTURY_NS).map(lambda count: pd.Timedelta(count, unit="ns"))
moments = st.integers(0, 60 * 365 * 86_400 * 10**9).map(lambda count: pd.Timestamp(count, unit="ns", tz="UTC"))
day_like = st.integers(1, 90 * 86_400 * 10**9).map(lambda count: pd.Timedelta(count, unit="ns"))


def utc(text):
    return pd.Timestamp(text, tz="UTC")


def test_last_is_resolved_now_when_called():
    before = pd.Timestamp.now("UTC")
    window = Window.last("6h")
    after = pd.Timestamp.now("UTC")
    assert before <= window.end <= after
    assert window.duration == pd.Timedelta("6h")
    assert Window.last("6h").end > window.end


def test_last_ends_at_a_given_now():
    assert Window.last("1d", now="2026-11-02") == Window("2026-11-01", "2026-11-02")


@pytest.mark.parametrize("span", ["0s", "-6h", 0, timedelta(-1)])
def test_last_refuses_no_time_at_all(span):
    with pytest.raises(InputError, match="span must be longer than zero"):
        Window.last(span)


def test_both_ends_are_resolved_at_the_same_moment():
    assert Window("-1h", "now").duration == pd.Timedelta("1h")
    assert Window.between("-1h").duration == pd.Timedelta("1h")


def test_window_is_half_open():
    window = Window("2026-11-01", "2026-11-02")
    assert "2026-11-01" in window
    assert "2026-11-01T23:59:59.999999999Z" in window
    assert "2026-11-02" not in window


@pytest.mark.parametrize("end", ["2026-11-01", "2026-10-31"])
def test_window_without_a_length_is_refused(end):
    with pytest.raises(InputError, match="must end after its start"):
        Window("2026-11-01", end)


def test_between_reads_bare_times_in_a_zone_and_keeps_utc_inside():
    window = Window.between("2026-07-01", "2026-07-02", tz=BERLIN)
    assert window == Window("2026-06-30T22:00Z", "2026-07-01T22:00Z")
    assert {str(window.start.tz), str(window.end.tz)} == {"UTC"}
    assert {window.start.unit, window.end.unit} == {"ns"}


@pytest.mark.parametrize(
    ("day", "after", "hours"), [("2026-03-29", "2026-03-30", 23), ("2026-10-25", "2026-10-26", 25)]
)
def test_days_of_a_clock_change_have_23_and_25_hours(day, after, hours):
    window = Window.between(day, after, tz=BERLIN)
    assert window.duration == pd.Timedelta(hours=hours)
    assert len(window.grid("1h")) == hours
    assert window.grid("1h").is_unique


@pytest.mark.parametrize(("today", "hours"), [("2026-03-30T09:00Z", 23), ("2026-10-26T09:00Z", 25)])
def test_yesterday_is_the_calendar_day_before(today, hours):
    window = Window.between("yesterday", "today", now=today, tz=BERLIN)
    assert window.duration == pd.Timedelta(hours=hours)


def test_shift_by_a_week():
    assert Window("2026-11-08", "2026-11-09").shift("-7d") == Window("2026-11-01", "2026-11-02")


def test_windows_sort_hash_and_pickle():
    early, late = Window("2026-11-01", "2026-11-02"), Window("2026-11-01", "2026-11-03")
    assert sorted([late, early]) == [early, late]
    assert {early: 1}[Window("2026-11-01", "2026-11-02")] == 1
    assert pickle.loads(pickle.dumps(early)) == early  # noqa: S301


def test_window_reads_well():
    assert str(Window("2026-11-01", "2026-11-01T06:00Z")) == "2026-11-01 00:00:00 to 2026-11-01 06:00:00 UTC"


def test_milliseconds_cover_the_window():
    assert Window(1_790_000_000_000_000_001, 1_790_000_000_001_000_001).as_millis() == (
        1_790_000_000_000,
        1_790_000_000_002,
    )


@given(moments, day_like, day_like)
def test_shift_keeps_the_duration(start, length, by):
    window = Window(start, start + length)
    assert window.shift(by).duration == window.duration
    assert window.shift(by).shift(-by) == window


@given(moments, st.integers(1, 90 * 86_400), st.integers(1, 5_000))
def test_step_keeps_to_the_points_and_the_grid_to_the_window(start, seconds, points):
    window = Window(start, start + pd.Timedelta(seconds, unit="s"))
    grid = window.grid(window.step(points))
    assert len(grid) <= points
    assert all(tick in window for tick in (*grid[:1], *grid[-1:]))


@given(moments, day_like, st.integers(60, 7 * 86_400).map(lambda count: pd.Timedelta(count, unit="s")))
def test_grid_is_every_multiple_of_the_step_in_the_window(start, length, step):
    window = Window(start, start + length)
    grid = window.grid(step)
    assert (grid.asi8 % step.value == 0).all()
    assert len(grid) == -(-window.end.value // step.value) - -(-window.start.value // step.value)
    assert str(grid.dtype) == "datetime64[ns, UTC]"
    assert grid.name == "time"
    if len(grid):
        assert window.start <= grid[0] < window.start + step
        assert window.end - step <= grid[-1] < window.end


def test_grids_of_neighbours_join_without_a_gap_or_a_repeat():
    whole = Window("2026-11-01T00:03Z", "2026-11-01T02:11Z").grid("5m")
    parts = [Window("2026-11-01T00:03Z", "2026-11-01T01:00Z"), Window("2026-11-01T01:00Z", "2026-11-01T02:11Z")]
    assert parts[0].grid("5m").append(parts[1].grid("5m")).equals(whole)


@pytest.mark.parametrize(
    ("length", "step"),
    [("10s", "1s"), ("1h", "5s"), ("6h", "30s"), ("1d", "2m"), ("7d", "15m"), ("30d", "1h"), ("20y", "8d")],
)
def test_steps_are_round(length, step):
    assert Window.last(length).step() == parse_duration(step)


@pytest.mark.parametrize("points", [0, -1])
def test_no_points_are_refused(points):
    with pytest.raises(InputError, match="points must be at least 1"):
        Window.last("1h").step(points)


@pytest.mark.parametrize("step", ["0s", "-1m", 0])
def test_grid_refuses_a_step_of_nothing(step):
    with pytest.raises(InputError, match="step must be longer than zero"):
        Window.last("1h").grid(step)


@pytest.mark.parametrize(
    ("span", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5_400),
        (" 5m ", 300),
        ("-7d", -604_800),
        ("1.5h", 5_400),
        ("250ms", 0.25),
        ("1w", 604_800),
        ("1y", 31_536_000),
        (90, 90),
        (0.5, 0.5),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (timedelta(minutes=2), 120),
        (np.timedelta64(2, "h"), 7_200),
        (pd.Timedelta("1D"), 86_400),
    ],
)
def test_durations_in_every_form(span, seconds):
    parsed = parse_duration(span)
    assert parsed.value == round(seconds * 10**9)
    assert parsed.unit == "ns"


@pytest.mark.parametrize(
    "span",
    ["", "5", "m", "5x", "1h 30m", "1h-30m", "--5m", "5min", "nan", True, None, [], float("nan"), float("inf"), pd.NaT],
)
def test_what_is_no_duration_is_refused_with_examples(span):
    with pytest.raises(InputError, match="as a duration") as caught:
        parse_duration(span)
    assert "'1h30m'" in caught.value.fix


@pytest.mark.parametrize("span", ["300y", "1000000d", 1e12, 10**12, timedelta.max])
def test_durations_beyond_nanoseconds_are_refused(span):
    with pytest.raises(InputError, match="longer than 292 years"):
        parse_duration(span)


def test_windows_beyond_nanoseconds_are_refused():
    with pytest.raises(InputError, match="1677 to 2262"):
        Window.last("290y", now="1900-01-01").shift("-200y")


@given(durations, st.sampled_from([1, -1]))
def test_written_durations_read_back(duration, sign):
    assert parse_duration(format_duration(sign * duration)) == sign * duration


@pytest.mark.parametrize(
    ("span", "text"),
    [(0, "0s"), (5_400, "1h30m"), ("90d", "90d"), ("-1h", "-1h"), (0.0015, "1ms500us"), (86_401, "1d1s")],
)
def test_durations_are_written_shortly(span, text):
    assert format_duration(span) == text


def test_refusal_of_a_duration_names_the_argument():
    with pytest.raises(InputError, match="objective_window must be longer"):
        positive_duration("-1m", "objective_window")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026", "2026-01-01"),
        ("2026-11", "2026-11-01"),
        ("2026-11-01", "2026-11-01"),
        ("20261101", "2026-11-01"),
        ("2026-11-01T12", "2026-11-01T12:00"),
        ("2026-11-01 12:30", "2026-11-01T12:30"),
        ("2026-11-01T12:30:15.25Z", "2026-11-01T12:30:15.25"),
        ("2026-11-01T12:30:15.123456789Z", "2026-11-01T12:30:15.123456789"),
        ("2026-11-01T12:30+02:00", "2026-11-01T10:30"),
        ("2026-11-01 12:30 -0500", "2026-11-01T17:30"),
        ("20261101T123000Z", "2026-11-01T12:30"),
        (" 2026-11-01 ", "2026-11-01"),
        (date(2026, 11, 1), "2026-11-01"),
        (datetime(2026, 11, 1, 12), "2026-11-01T12:00"),
        (datetime(2026, 11, 1, 12, tzinfo=timezone(timedelta(hours=2))), "2026-11-01T10:00"),
        (datetime(2026, 11, 1, tzinfo=UTC), "2026-11-01"),
        (np.datetime64("2026-11-01T12:00"), "2026-11-01T12:00"),
        (pd.Timestamp("2026-11-01", tz="Asia/Tokyo"), "2026-10-31T15:00"),
    ],
)
def test_moments_in_every_form(moment, expected):
    parsed = parse_time(moment)
    assert parsed == utc(expected)
    assert parsed.unit == "ns"
    assert str(parsed.tz) == "UTC"


@pytest.mark.parametrize("scale", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("kind", [int, float, np.int64, str])
def test_epoch_numbers_are_told_apart_by_size(scale, kind):
    assert parse_time(kind(1_790_000_000 * scale)) == pd.Timestamp(1_790_000_000, unit="s", tz="UTC")


def test_fractions_of_epoch_seconds_are_kept():
    assert parse_time(1_790_000_000.25) == pd.Timestamp(1_790_000_000_250, unit="ms", tz="UTC")
    assert parse_time("1790000000.25") == parse_time(1_790_000_000.25)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-25T14:37:41.5"),
        ("-24h", "2026-11-24T14:37:41.5"),
        ("now-24h", "2026-11-24T14:37:41.5"),
        ("+30m", "2026-11-25T15:07:41.5"),
        ("now-1d/d", "2026-11-24"),
        ("now/d", "2026-11-25"),
        ("now/h", "2026-11-25T14:00"),
        ("now/m", "2026-11-25T14:37"),
        ("now/s", "2026-11-25T14:37:41"),
        ("now/w", "2026-11-23"),
        ("now/M", "2026-11-01"),
        ("now/y", "2026-01-01"),
        ("now-1M/M", "2026-10-01"),
        ("now-1y", "2025-11-25T14:37:41.5"),
        ("-1d12h", "2026-11-24T02:37:41.5"),
        ("now-1d+2h", "2026-11-24T16:37:41.5"),
        ("now-500ms", "2026-11-25T14:37:41"),
        ("-0.5h", "2026-11-25T14:07:41.5"),
        ("now-1.5d", "2026-11-24T02:37:41.5"),
        ("+1h0.5m", "2026-11-25T15:38:11.5"),
        ("-1h1h", "2026-11-25T12:37:41.5"),
        ("-\u0663h", "2026-11-25T11:37:41.5"),  # digits of any script
        ("NOW", "2026-11-25T14:37:41.5"),
        ("Now-1M/M", "2026-10-01"),
        ("now - 1h", "2026-11-25T13:37:41.5"),
        ("NOW -1d + 2h", "2026-11-24T16:37:41.5"),
        ("today", "2026-11-25"),
        ("Yesterday", "2026-11-24"),
        ("tomorrow", "2026-11-26"),
    ],
)
def test_relative_terms(text, expected):
    assert parse_time(text, now=NOW) == utc(expected)


def test_hours_are_hours_and_days_are_calendar_days_over_a_clock_change():
    noon_after = utc("2026-10-25T11:00")  # 12:00 in Berlin; the night before had one hour twice
    assert noon_after - parse_time("-24h", now=noon_after, tz=BERLIN) == pd.Timedelta("24h")
    assert noon_after - parse_time("-1d", now=noon_after, tz=BERLIN) == pd.Timedelta("25h")


def test_start_of_an_hour_that_comes_twice_is_the_one_we_are_in():
    first, second = utc("2026-10-25T00:30"), utc("2026-10-25T01:30")  # both 02:30 in Berlin
    assert parse_time("now/h", now=first, tz=BERLIN) == utc("2026-10-25T00:00")
    assert parse_time("now/h", now=second, tz=BERLIN) == utc("2026-10-25T01:00")


def test_day_that_starts_twice_starts_at_its_first_midnight():
    now = utc("2026-11-01T12:00")  # Havana: midnight to one o'clock comes twice on 1 November
    assert parse_time("now/d", now=now, tz="America/Havana") == utc("2026-11-01T04:00")


def test_day_without_a_midnight_starts_at_its_first_moment():
    now = utc("2026-03-08T18:00")  # Havana: 00:00 to 01:00 is skipped on 8 March
    assert parse_time("now/d", now=now, tz="America/Havana") == utc("2026-03-08T05:00")


@pytest.mark.parametrize(("fold", "hour"), [(0, 0), (1, 1)])
def test_fold_tells_the_two_hours_apart(fold, hour):
    twice = datetime(2026, 10, 25, 2, 30, fold=fold)
    assert parse_time(twice, tz=BERLIN) == utc(f"2026-10-25T0{hour}:30")


def test_skipped_time_moves_to_the_next_that_exists():
    assert parse_time("2026-03-29T02:30", tz=BERLIN) == utc("2026-03-29T01:00")
    assert parse_time("-1d", now=utc("2026-03-30T00:30"), tz=BERLIN) in Window("2026-03-29", "2026-03-29T02:00Z")


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "soon",
        "now-",
        "now-5",
        "/d",
        "now/q",
        "now 1h",
        "now -",
        "now - 1 h",
        "- 1h",
        "-.5h",
        "-0.5M",
        "-0.5y",
        "now-1H",
        "nowish",
        "10:30",
        "11/01/2026",
        "Nov 1 2026",
        "2026-13-01",
        "2026-02-30",
        "2026-11-01T25:00",
        "3000-01-01",
        "now-900y",
        None,
        True,
        [],
        pd.NaT,
        np.datetime64("NaT"),
        float("nan"),
        float("inf"),
        1e30,
        datetime.max,
    ],
)
def test_what_is_no_moment_is_refused_with_examples(moment):
    with pytest.raises(InputError, match="as a time") as caught:
        parse_time(moment)
    assert "'now-1d/d'" in caught.value.fix


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "", "../etc/passwd", "/etc/passwd"])
def test_unknown_zones_are_refused(zone):
    with pytest.raises(InputError, match="unknown time zone"):
        parse_time("now", tz=zone)


@given(moments)
def test_written_moments_read_back(moment):
    assert parse_time(moment.isoformat()) == moment
    assert parse_time(str(moment)) == moment
    assert parse_time(moment.tz_convert(BERLIN).isoformat()) == moment
    assert parse_time(moment.tz_convert(BERLIN)) == moment
