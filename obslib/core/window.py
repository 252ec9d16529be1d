"""Half-open UTC time windows, and every way people write a moment or a duration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from fractions import Fraction
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
_PART = r"(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h|d|w)|\d+[My])"
_RELATIVE = re.compile(rf"(?:now)?(?P<shifts>(?:[+-]{_PART}+)*)(?:/(?P<round>[smhdwMy]))?")
_SHIFT = re.compile(rf"([+-])({_PART}+)")
_ISO = re.compile(
    r"\d{4}(-\d{2}(-\d{2}([T ]\d{2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?)?)?|\d{4}(T\d{2}(\d{2}(\d{2})?)?)?)?"
    r"( ?(Z|[+-]\d{2}(:?\d{2})?))?"
)
_WORDS = {"today": "now/d", "yesterday": "now-1d/d", "tomorrow": "now+1d/d"}
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
        now = _now()  # one for both ends, or Window("-1h", "now") would be some microseconds longer than an hour
        object.__setattr__(self, "start", parse_time(start, now=now))
        object.__setattr__(self, "end", parse_time(end, now=now))
        if not self.start < self.end:
            raise InputError(
                f"the window must end after its start, got {self.start} to {self.end}.",
                fix="give a start earlier than the end, for example Window.last('6h').",
            )

    @classmethod
    def last(cls, span: Span, *, now: Moment | None = None) -> Window:
        """The window of length `span` that ends `now` (default: this very moment, read when called)."""
        end = parse_time("now" if now is None else now)
        return cls(_moved(end, -positive_duration(span, "span")), end)

    @classmethod
    def between(
        cls, start: Moment, end: Moment = "now", *, now: Moment | None = None, tz: str | tzinfo = "UTC"
    ) -> Window:
        """The window between two moments; relative terms count from `now`, bare times are in `tz`."""
        moment = _now() if now is None else parse_time(now)
        return cls(parse_time(start, now=moment, tz=tz), parse_time(end, now=moment, tz=tz))

    @property
    def duration(self) -> pd.Timedelta:
        """Length of the window."""
        return self.end - self.start

    def shift(self, by: Span) -> Window:
        """The same length, moved by `by`; `window.shift("-7d")` is the same time last week."""
        moved = parse_duration(by)
        return Window(_moved(self.start, moved), _moved(self.end, moved))

    def step(self, points: int = 1_000) -> pd.Timedelta:
        """A round step (1, 2, 5, 10, 15, 30 s ... 1 d, then whole days) that gives at most `points` steps."""
        if points < 1:
            raise InputError(f"points must be at least 1, got {points}.", fix="for example points=500.")
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
    length = span if isinstance(span, timedelta | np.timedelta64) else _nanoseconds(span)
    if pd.isna(length):
        raise _bad_duration(span)
    try:
        return pd.Timedelta(length, unit="ns" if isinstance(length, int) else None).as_unit("ns")
    except (ValueError, OverflowError) as error:
        raise InputError(f"{span!r} is longer than 292 years.", fix="give a shorter duration.") from error


def _nanoseconds(span: str | float) -> int:
    if isinstance(span, int | float | np.integer | np.floating) and not isinstance(span, bool) and np.isfinite(span):
        return round(_exact(span) * 10**9)
    if not isinstance(span, str):
        raise _bad_duration(span)
    text = span.strip()
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    parts = _DURATION.findall(digits)
    if not parts or "".join(number + unit for number, unit in parts) != digits:
        raise _bad_duration(span)
    return sign * sum(round(Fraction(number) * _UNIT_NS[unit]) for number, unit in parts)


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
        ISO 8601 text; a relative term (`"now"`, `"-24h"`, `"now - 0.5h"`, `"now-1d/d"`, `"yesterday"`);
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
        text = moment.strip()
        relative = _parse_relative(text, now, zone)
        return relative if relative is not None else _parse_iso(text, zone)
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if not isinstance(moment, datetime | np.datetime64):
        raise _bad_time(moment)
    return _to_utc(moment, zone)


def _from_epoch(number: float) -> pd.Timestamp:
    """Seconds, ms, us or ns by size: each unit's numbers for the years 1973-5138 do not overlap."""
    if not np.isfinite(number):
        raise _bad_time(number)
    size = abs(number)
    unit = next((u for u, limit in (("s", 1e11), ("ms", 1e14), ("us", 1e17)) if size < limit), "ns")
    try:
        return pd.Timestamp(round(_exact(number) * _UNIT_NS[unit]), unit="ns", tz="UTC")
    except (ValueError, OverflowError) as error:
        raise _bad_time(number) from error


def _parse_relative(text: str, now: pd.Timestamp | None, zone: tzinfo) -> pd.Timestamp | None:
    text = _WORDS.get(text.lower(), text)
    if text[:3].lower() == "now":
        text = "now" + re.sub(r" *([+-]) *", r"\1", text[3:])
    match = _RELATIVE.fullmatch(text)
    if not match or not text or text[0] == "/":
        return None
    at = (_now() if now is None else now).tz_convert(zone)
    try:
        for sign, amount in _SHIFT.findall(match["shifts"]):
            for part in re.findall(_PART, amount):
                at = at + _offset(part) if sign == "+" else at - _offset(part)
        if match["round"]:
            at = _floor(at, match["round"])
    except (ValueError, OverflowError) as error:
        raise _bad_time(text) from error
    return at.tz_convert("UTC")


def _offset(part: str) -> pd.DateOffset | pd.Timedelta:
    """Whole days and longer move the calendar, so `now-1d/d` is right on days of 23 and 25 hours."""
    if "." in part:
        return parse_duration(part)
    words = {"y": "years", "M": "months", "w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
    words |= {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
    number = part.rstrip("nusmhdwMy")
    return pd.DateOffset(**{words[part.removeprefix(number)]: int(number)})


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
    """ISO 8601 and numbers only: pandas alone would guess at `11/01/2026`, and put `10:30` on today."""
    if re.fullmatch(r"\d{9,19}(\.\d+)?", text):
        return _from_epoch(float(text) if "." in text else int(text))
    if not _ISO.fullmatch(text):
        raise _bad_time(text)
    return _to_utc(text, zone)


def _to_utc(moment: str | datetime | np.datetime64, zone: tzinfo) -> pd.Timestamp:
    """A bare time that the zone has twice is the earlier one unless `fold` says otherwise; a skipped one moves on."""
    if pd.isna(moment):
        raise _bad_time(moment)
    try:
        at = pd.Timestamp(moment)
        local = at.tz_localize(zone, ambiguous=not at.fold, nonexistent="shift_forward") if at.tz is None else at
        return local.tz_convert("UTC").as_unit("ns")
    except (ValueError, OverflowError) as error:
        raise _bad_time(moment) from error


def _exact(number: float) -> Fraction:
    """Without the rounding of a float product; numpy's integers are no `int`."""
    return Fraction(int(number) if isinstance(number, int | np.integer) else float(number))


def _now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC").as_unit("ns")


def _moved(moment: pd.Timestamp, by: pd.Timedelta) -> pd.Timestamp:
    try:
        return moment + by
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{moment} moved by {by} lies outside the years 1677 to 2262.", fix="give a shorter duration."
        ) from error


def _zone(tz: str | tzinfo) -> tzinfo:
    if not isinstance(tz, str):
        return tz
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
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
