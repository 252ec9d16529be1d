"""Half-open UTC time windows, and every way people write a moment or a duration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from obslib.core.errors import InputError

Moment = str | int | float | datetime | date | np.datetime64
"""ISO text, a relative term, epoch seconds/ms/us/ns, or any datetime."""
Span = str | int | float | timedelta | np.timedelta64
"""`"1h30m"`, seconds, or any timedelta."""

_UNIT_NS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3_600 * 10**9,
    "d": 86_400 * 10**9,
    "w": 7 * 86_400 * 10**9,
    "y": 365 * 86_400 * 10**9,
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d|w|y)")
_RELATIVE = re.compile(r"(?:now)?(?P<shifts>(?:[+-](?:\d+(?:ns|us|ms|s|m|h|d|w|M|y))+)*)(?:/(?P<round>[smhdwMy]))?")
_SHIFT = re.compile(r"([+-])((?:\d+(?:ns|us|ms|s|m|h|d|w|M|y))+)")
_NICE_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400]


@dataclass(frozen=True, order=True)
class Window:
    """The time from `start` (inclusive) to `end` (exclusive), both UTC with nanoseconds.

    Build one with `Window.last("6h")` or `Window.between("2026-11-01", "now")`; the constructor
    takes everything `parse_time` does.

    Raises
    ------
    InputError
        If a bound cannot be read, or `end` is not after `start`.

    Examples
    --------
    >>> w = Window("2026-11-01", "2026-11-01T06:00Z")
    >>> w.duration
    Timedelta('0 days 06:00:00')
    >>> len(w.grid("1h"))
    6
    """

    start: pd.Timestamp
    end: pd.Timestamp

    def __init__(self, start: Moment, end: Moment) -> None:
        object.__setattr__(self, "start", parse_time(start))
        object.__setattr__(self, "end", parse_time(end))
        if not self.start < self.end:
            raise InputError(
                f"the window ends ({self.end}) before it has started ({self.start}).",
                fix="give a start earlier than the end, for example Window.last('6h').",
            )

    @classmethod
    def last(cls, span: Span, *, now: Moment | None = None) -> Window:
        """The window of length `span` that ends `now` (default: this very moment, read when called)."""
        end = parse_time("now" if now is None else now)
        return cls(end - parse_duration(span), end)

    @classmethod
    def between(
        cls, start: Moment, end: Moment = "now", *, now: Moment | None = None, tz: str | tzinfo = "UTC"
    ) -> Window:
        """The window between two moments; relative terms count from `now`, bare times are in `tz`."""
        moment = None if now is None else parse_time(now)
        return cls(parse_time(start, now=moment, tz=tz), parse_time(end, now=moment, tz=tz))

    @property
    def duration(self) -> pd.Timedelta:
        """Length of the window."""
        return self.end - self.start

    def shift(self, by: Span) -> Window:
        """The same length, moved by `by`; `window.shift("-7d")` is the same time last week."""
        moved = parse_duration(by)
        return Window(self.start + moved, self.end + moved)

    def step(self, points: int = 1_000) -> pd.Timedelta:
        """A round step (1, 2, 5, 10, 15, 30 s ... 1 d, then whole days) that gives at most `points` steps."""
        seconds = self.duration.total_seconds() / points
        nice = next((step for step in _NICE_STEPS if step >= seconds), None)
        return _seconds(nice if nice is not None else int(np.ceil(seconds / 86_400)) * 86_400)

    def grid(self, step: Span) -> pd.DatetimeIndex:
        """Every multiple of `step` since the epoch in the window, so that equal steps join exactly."""
        width = positive_duration(step, "step").value
        first = -(-self.start.value // width) * width
        ticks = np.arange(first, self.end.value, width, dtype=np.int64)
        return pd.DatetimeIndex(ticks.view("datetime64[ns]"), tz="UTC", name="time")

    def as_millis(self) -> tuple[int, int]:
        """Start and end in epoch milliseconds (start rounded down, end rounded up)."""
        return self.start.value // 10**6, -(-self.end.value // 10**6)

    def __contains__(self, moment: Moment) -> bool:
        return bool(self.start <= parse_time(moment) < self.end)

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M:%S} to {self.end:%Y-%m-%d %H:%M:%S} UTC"


def parse_duration(span: Span) -> pd.Timedelta:
    """Read a duration: `"90s"`, `"1h30m"`, `"-7d"`, seconds as a number, or any timedelta.

    >>> parse_duration("1h30m")
    Timedelta('0 days 01:30:00')
    """
    if isinstance(span, bool):
        raise _bad_duration(span)
    if isinstance(span, int | float | np.integer | np.floating):
        if not np.isfinite(span):
            raise _bad_duration(span)
        return pd.Timedelta(round(float(span) * 10**9), unit="ns")
    if isinstance(span, timedelta | np.timedelta64):
        return pd.Timedelta(span).as_unit("ns")
    text = span.strip()
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    parts = _DURATION.findall(digits)
    if not parts or "".join(number + unit for number, unit in parts) != digits:
        raise _bad_duration(span)
    total = sum(round(float(number) * _UNIT_NS[unit]) for number, unit in parts)
    return pd.Timedelta(sign * total, unit="ns")


def positive_duration(span: Span, name: str) -> pd.Timedelta:
    """`parse_duration`, refusing zero and negative durations; `name` says which argument it was."""
    parsed = parse_duration(span)
    if parsed.value <= 0:
        raise InputError(f"{name} must be longer than zero, got {span!r}.", fix=f"for example {name}='1m'.")
    return parsed


def format_duration(span: Span) -> str:
    """Shortest exact Prometheus form: `format_duration(5400)` is `'1h30m'`."""
    left = parse_duration(span).value
    sign, left = ("-", -left) if left < 0 else ("", left)
    text = ""
    for unit in ("d", "h", "m", "s", "ms", "us", "ns"):
        count, left = divmod(left, _UNIT_NS[unit])
        text += f"{count}{unit}" if count else ""
    return sign + (text or "0s")


def parse_time(moment: Moment, *, now: pd.Timestamp | None = None, tz: str | tzinfo = "UTC") -> pd.Timestamp:
    """Read a moment in any common form, as a UTC timestamp.

    Parameters
    ----------
    moment
        ISO 8601 text; a relative term (`"now"`, `"-24h"`, `"now-1d/d"`, `"today"`, `"yesterday"`);
        epoch seconds, milliseconds, microseconds or nanoseconds, told apart by size; or a datetime.
    now
        What relative terms count from (default: this very moment).
    tz
        Zone of datetimes and texts without one, and of the calendar that `/d` and `"yesterday"` use.

    Raises
    ------
    InputError
        If the text has no such form, or the zone is unknown.
    """
    zone = _zone(tz)
    if isinstance(moment, bool):
        raise _bad_time(moment)
    if isinstance(moment, int | float | np.integer | np.floating):
        return _from_epoch(moment)
    if isinstance(moment, str):
        relative = _parse_relative(moment.strip(), now, zone)
        return relative if relative is not None else _parse_iso(moment, zone)
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return _to_utc(pd.Timestamp(moment), zone)


def _from_epoch(number: float) -> pd.Timestamp:
    """Seconds, ms, us or ns by size: each unit's numbers for the years 1973-5138 do not overlap."""
    if not np.isfinite(number):
        raise _bad_time(number)
    size = abs(number)
    unit = next((u for u, limit in (("s", 1e11), ("ms", 1e14), ("us", 1e17)) if size < limit), "ns")
    whole = int(number)
    scale = _UNIT_NS[unit]
    return pd.Timestamp(whole * scale + round((number - whole) * scale), unit="ns", tz="UTC")


def _parse_relative(text: str, now: pd.Timestamp | None, zone: tzinfo) -> pd.Timestamp | None:
    text = {"today": "now/d", "yesterday": "now-1d/d", "tomorrow": "now+1d/d"}.get(text.lower(), text)
    match = _RELATIVE.fullmatch(text)
    if not match or not text or text[0] == "/":
        return None
    at = (pd.Timestamp.now("UTC").as_unit("ns") if now is None else now).tz_convert(zone)
    for sign, amount in _SHIFT.findall(match["shifts"]):
        at = at + _offset(amount) if sign == "+" else at - _offset(amount)
    if match["round"]:
        at = _floor(at, match["round"])
    return at.tz_convert("UTC")


def _offset(amount: str) -> pd.DateOffset:
    """Days and longer move the calendar, so `now-1d/d` is right on days of 23 and 25 hours."""
    words = {"y": "years", "M": "months", "w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
    words |= {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
    parts = re.findall(r"(\d+)(ns|us|ms|s|m|h|d|w|M|y)", amount)
    return pd.DateOffset(**{words[unit]: int(number) for number, unit in parts})


def _floor(at: pd.Timestamp, unit: str) -> pd.Timestamp:
    if unit in "smh":
        return at.floor({"s": "s", "m": "min", "h": "h"}[unit], ambiguous=bool(at.dst()), nonexistent="shift_forward")
    day = at.tz_localize(None).normalize()
    if unit == "w":
        day -= pd.Timedelta(days=day.weekday())
    elif unit in "My":
        day = day.replace(day=1, month=day.month if unit == "M" else 1)
    return day.tz_localize(at.tz, ambiguous=True, nonexistent="shift_forward")


def _parse_iso(text: str, zone: tzinfo) -> pd.Timestamp:
    if re.fullmatch(r"\d{9,19}(\.\d+)?", text.strip()):
        return _from_epoch(float(text) if "." in text else int(text))
    try:
        return _to_utc(pd.Timestamp(text), zone)
    except (ValueError, OverflowError) as error:
        raise _bad_time(text) from error


def _to_utc(at: pd.Timestamp, zone: tzinfo) -> pd.Timestamp:
    if at is pd.NaT:
        raise _bad_time(at)
    local = at.tz_localize(zone, ambiguous=True, nonexistent="shift_forward") if at.tz is None else at
    try:
        return local.tz_convert("UTC").as_unit("ns")
    except (ValueError, OverflowError) as error:
        raise _bad_time(at) from error


def _zone(tz: str | tzinfo) -> tzinfo:
    if not isinstance(tz, str):
        return tz
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(f"unknown time zone {tz!r}.", fix="use a name like 'UTC' or 'Europe/Berlin'.") from error


def _seconds(count: int) -> pd.Timedelta:
    return pd.Timedelta(count * 10**9, unit="ns")


def _bad_duration(span: object) -> InputError:
    return InputError(
        f"cannot read {span!r} as a duration.", fix="write '90s', '5m', '1h30m', '7d', or a number of seconds."
    )


def _bad_time(moment: object) -> InputError:
    return InputError(
        f"cannot read {moment!r} as a time.",
        fix="write '2026-11-01T12:00Z', epoch seconds, '-24h', 'now-1d/d' or 'yesterday'.",
    )
