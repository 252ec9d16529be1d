"""Functions of single values: arithmetic, trigonometry, rounding, dates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from obslib.languages.promql.values import Floats

UNARY: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "ceil": np.ceil,
    "cos": np.cos,
    "cosh": np.cosh,
    "deg": np.degrees,
    "exp": np.exp,
    "floor": np.floor,
    "ln": np.log,
    "log10": np.log10,
    "log2": np.log2,
    "rad": np.radians,
    "sgn": np.sign,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "tan": np.tan,
    "tanh": np.tanh,
}
"""Functions of one value that numpy has under another name."""

_LAST_SECOND = 2.0**53


def round_to(values: Floats, nearest: Floats) -> Floats:
    """Round to multiples of `nearest`, halves up; dividing by the inverse keeps decimal steps exact."""
    inverse = 1 / nearest
    return np.floor(values * inverse + 0.5) / inverse


def larger(left: Floats, right: Floats) -> Floats:
    """The larger of two; NaN if either is, but for infinity, which is larger than anything (Go's math.Max)."""
    infinite = np.isposinf(left) | np.isposinf(right)
    return np.asarray(np.where(infinite, np.inf, np.maximum(left, right)))


def smaller(left: Floats, right: Floats) -> Floats:
    """The smaller of two, likewise."""
    return -larger(-np.asarray(left), -np.asarray(right))


def date_part(part: str, values: Floats) -> Floats:
    """A part of the UTC date of seconds since the epoch; NaN where that is no time."""
    usable = np.isfinite(values) & (np.abs(values) < _LAST_SECOND)
    moments = np.where(usable, values, 0.0).astype(np.int64).astype("datetime64[s]")
    return np.where(usable, _DATE_PARTS[part](moments).astype(np.float64), np.nan)


Moments = npt.NDArray[np.datetime64]
Numbers = npt.NDArray[np.int64]


def _since(moments: Moments, unit: str) -> Numbers:
    """Whole seconds since the start of the month, year or day a moment lies in."""
    begin = moments.astype(f"datetime64[{unit}]").astype("datetime64[s]")
    return np.asarray(moments - begin).astype(np.int64)


def _days_in_month(moments: Moments) -> Numbers:
    month = moments.astype("datetime64[M]")
    days = (month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")
    return np.asarray(days).astype(np.int64)


_DATE_PARTS: dict[str, Callable[[Moments], Numbers]] = {
    "day_of_month": lambda moments: _since(moments, "M") // 86_400 + 1,
    # The epoch was a Thursday, day 4 of a week that starts on Sunday.
    "day_of_week": lambda moments: (moments.astype("datetime64[D]").astype(np.int64) + 4) % 7,
    "day_of_year": lambda moments: _since(moments, "Y") // 86_400 + 1,
    "days_in_month": _days_in_month,
    "hour": lambda moments: _since(moments, "D") // 3_600,
    "minute": lambda moments: _since(moments, "D") // 60 % 60,
    "month": lambda moments: moments.astype("datetime64[M]").astype(np.int64) % 12 + 1,
    "year": lambda moments: moments.astype("datetime64[Y]").astype(np.int64) + 1970,
}
