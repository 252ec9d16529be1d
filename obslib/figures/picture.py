"""What a time series figure is to show, before anything is drawn: which series, in what unit, since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.frames import labels_of
from obslib.core.provenance import KEY
from obslib.core.units import Scale, scale_for
from obslib.figures.names import Names, names_of
from obslib.figures.thinning import with_gap_rows

POINTS = 2_000
"""Steps per series above which a figure is thinned: two per pixel of a wide chart."""
Span = tuple[pd.Timestamp, pd.Timestamp]
_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Picture:
    """All that is to be drawn. `shown` (`n` x named series) and `rest` are already divided by the scale.

    `blank` says why there is nothing to draw, `""` if there is; `notes` say what the drawing leaves out.
    """

    title: str
    unit: str
    times: pd.DatetimeIndex
    shown: _Values
    rest: _Values
    names: Names
    scale: Scale
    span: Span | None
    provenance: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    blank: str = ""


def picture_of(frame: pd.DataFrame, *, title: str, unit: str | None, top: int) -> Picture:
    """Choose the `top` series with the highest peaks, the unit's scale and the notes, for a metric frame."""
    provenance = frame.attrs.get(KEY, {})
    unit = str(provenance.get("unit", "")) if unit is None else unit
    epochs, values = with_gap_rows(frame.index.as_unit("ns").asi8, frame.to_numpy(dtype=np.float64))
    infinite = np.isinf(values)
    values = np.where(infinite, np.nan, values)
    peaks = np.fmax.reduce(np.abs(values), axis=0, initial=-np.inf)
    order = np.argsort(-peaks, kind="stable")
    if len(order) <= top + 1:  # a band of one series would hide its name for nothing
        top = len(order)
    largest = float(peaks.max(initial=-np.inf))
    scale = scale_for(largest if np.isfinite(largest) else 0.0, unit)
    labels = labels_of(frame)
    return Picture(
        title=title or title_of(provenance, "Time series"),
        unit=unit,
        times=pd.DatetimeIndex(epochs.view("datetime64[ns]"), tz="UTC"),
        shown=values[:, order[:top]] / scale.factor,
        rest=values[:, order[top:]] / scale.factor,
        names=names_of([labels[place] for place in order[:top]]),
        scale=scale,
        span=_span(frame, provenance),
        provenance=provenance,
        notes=_notes(len(epochs), len(order), top, int(infinite.sum())),
        blank=blank_text(frame, provenance, largest),
    )


def title_of(provenance: Mapping[str, Any], otherwise: str) -> str:
    """What a frame shows: the title it was given, else its query."""
    return str(provenance.get("details", {}).get("title") or provenance.get("query", "")) or otherwise


def _notes(steps: int, series: int, top: int, infinite: int) -> tuple[str, ...]:
    notes = []
    if series > top:
        notes.append(
            f"the {top} of {series:,} series with the highest peaks; the band spans the other {series - top:,}"
        )
    if steps > POINTS:
        notes.append(f"thinned from {steps:,} points a series, spikes kept")
    if infinite:
        notes.append(f"{infinite:,} infinite values cannot be drawn")
    return tuple(notes)


def blank_text(frame: pd.DataFrame, provenance: Mapping[str, Any], largest: float) -> str:
    """Why there is nothing to draw, and which metrics would have to be there; `""` if there is something."""
    if not frame.shape[1]:
        needs = provenance.get("details", {}).get("needs")
        return "No data: no series matched" + (f"; it needs {needs}" if needs else "")
    if not len(frame):
        return "No data: no step lies in this window"
    return "" if np.isfinite(largest) else f"No data: {frame.shape[1]:,} series, but no value is known in this window"


def _span(frame: pd.DataFrame, provenance: Mapping[str, Any]) -> Span | None:
    if len(frame):
        return frame.index[0], frame.index[-1]
    if provenance.get("start") and provenance.get("end"):
        return pd.Timestamp(provenance["start"]), pd.Timestamp(provenance["end"])
    return None
