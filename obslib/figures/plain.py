"""Figures as plain data: read arrays, times and our own notes back out of plotly's JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.errors import InputError

if TYPE_CHECKING:
    import plotly.graph_objects as go

Plain = Mapping[str, Any]
"""A figure as plotly's JSON: `{"data": [...], "layout": {...}}`."""
KEY = "obslib"


@dataclass(frozen=True)
class About:
    """What a figure says about itself, kept in `layout.meta` so that exports can show it.

    `unit` is the UCUM unit of the data and `factor` what the drawn numbers were divided by;
    `provenance` is `frame.attrs["obslib"]`; `notes` are sentences on what the drawing left out.
    """

    title: str
    unit: str = ""
    factor: float = 1.0
    suffix: str = ""
    subtitle: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


def keep_about(figure: go.Figure, about: About) -> go.Figure:
    """Write `about` into the figure (in place) and return it."""
    plain = asdict(about) | {"provenance": dict(about.provenance), "notes": list(about.notes)}
    figure.update_layout(meta={KEY: plain})
    return figure


def about_of(figure: Plain) -> About | None:
    """What the figure says about itself; None if obslib did not make it."""
    meta = figure.get("layout", {}).get("meta")
    known = meta.get(KEY) if isinstance(meta, Mapping) else None
    return About(**known) if isinstance(known, Mapping) else None


def plain_figure(figure: go.Figure | Plain) -> Plain:
    """A figure object or its JSON, as JSON."""
    plain: Plain = figure if isinstance(figure, Mapping) else figure.to_plotly_json()
    return plain


def array_of(value: object) -> npt.NDArray[Any]:
    """An array of a figure: a list, an array, or plotly's `{"dtype": "f8", "bdata": base64}`.

    Raises
    ------
    InputError
        If the bytes do not fit the dtype.
    """
    if value is None:
        return np.empty(0)
    if not isinstance(value, Mapping):
        return np.asarray(value)
    try:
        flat = np.frombuffer(base64.b64decode(value["bdata"]), dtype=np.dtype(value["dtype"]).newbyteorder("<"))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"a figure holds an array that cannot be read: {error}.",
            fix="make the figure again with plotly 6 or newer.",
        ) from error
    shape = value.get("shape")
    return flat.reshape([int(size) for size in str(shape).split(",")]) if shape else flat


def numbers_of(trace: Plain, axis: str = "y") -> npt.NDArray[np.float64]:
    """The numbers of a trace along one axis; what is no number becomes NaN."""
    values = array_of(trace.get(axis))
    if values.dtype.kind in "fiub":
        return np.asarray(values, dtype=np.float64).ravel()
    numbers = pd.to_numeric(pd.Series(values.ravel(), dtype=object), errors="coerce")
    return np.asarray(numbers, dtype=np.float64)


def times_of(figure: Plain, trace: Plain, count: int) -> pd.DatetimeIndex | None:
    """The `count` times of a trace of the figure, UTC; None if its x axis is no time axis."""
    if trace.get("x") is None:
        if not isinstance(trace.get("x0"), str):
            return None
        steps = np.arange(count) * float(trace.get("dx", 1.0))
        return pd.DatetimeIndex(pd.Timestamp(trace["x0"], tz="UTC") + pd.to_timedelta(steps, unit="ms"))
    values = array_of(trace["x"])
    if values.dtype.kind == "M":
        return pd.DatetimeIndex(values, tz="UTC")
    if values.dtype.kind in "fiu":
        dated = figure.get("layout", {}).get("xaxis", {}).get("type") == "date"
        return pd.DatetimeIndex(pd.to_datetime(values, unit="ms", utc=True)) if dated else None
    if not len(values) or not all(isinstance(one, str) and len(one) >= len("2026-11-01") for one in values):
        return None
    parsed = pd.to_datetime(pd.Series(values, dtype=object), utc=True, errors="coerce", format="ISO8601")
    return None if parsed.isna().any() else pd.DatetimeIndex(parsed)
