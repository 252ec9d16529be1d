"""A metric frame over time."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.errors import InputError
from obslib.core.frames import labels_of
from obslib.core.provenance import KEY
from obslib.core.units import Scale, scale_for
from obslib.figures import theme
from obslib.figures.display import use_notebook_display
from obslib.figures.marks import add_events, add_thresholds
from obslib.figures.names import Names, names_of
from obslib.figures.plain import About, keep_about
from obslib.figures.thinning import isolated, rows_to_keep, with_gap_rows

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS = 2_000
_SHORT_SUFFIX = 6
_Values = npt.NDArray[np.float64]


def plot_timeseries(
    frame: pd.DataFrame,
    *,
    title: str = "",
    unit: str | None = None,
    top: int = 12,
    events: pd.DataFrame | None = None,
    thresholds: Mapping[str, float] | None = None,
    height: int = 380,
) -> go.Figure:
    """Draw a metric frame: one line per series, gaps left open, units on the axis and under the mouse.

    Parameters
    ----------
    frame
        A metric frame, `n` steps x `k` series.
    title
        What the figure shows; default: the query of the frame's provenance.
    unit
        UCUM unit of the values (`s`, `By`, `1/s`, `%`); default: the one of the provenance.
    top
        How many series get a line of their own, those with the highest peaks; the others become a
        grey band from their lowest to their highest value at each step.
    events
        EVENTS to mark: a line at each start, a shade until its end.
    thresholds
        Name -> value, in the unit of the data; drawn as dashed lines.
    height
        Height in pixels.

    Returns
    -------
    go.Figure
        `layout.meta["obslib"]` keeps title, unit, provenance and notes for exports. An empty frame
        gives a figure that says so. Series of more than 2,000 steps are thinned to the lowest and
        the highest value of each bucket, so spikes stay, and a note says it.

    Raises
    ------
    InputError
        If `top` is not positive, or `events` or `thresholds` are of the wrong kind.

    Examples
    --------
    >>> import pandas as pd
    >>> from obslib.core.frames import metric_frame
    >>> frame = metric_frame(pd.date_range("2026-11-01", periods=3, freq="1min"), [[1], [2], [4]], [{"job": "api"}])
    >>> plot_timeseries(frame, title="Load").data[0].name
    'api'
    """
    if top < 1:
        raise InputError(f"top must be at least 1, got {top!r}.", fix="for example top=12.")
    import plotly.graph_objects as go

    use_notebook_display()
    picture = _picture(frame, title, unit, top)
    figure = go.Figure(layout={"template": theme.template(), "height": height})
    if picture.blank:
        _say(figure, picture.blank)
    else:
        _draw_series(figure, picture)
    _lay_out_axes(figure, picture)
    if thresholds:
        add_thresholds(figure, thresholds, picture.scale)
    if events is not None:
        picture = replace(picture, notes=picture.notes + add_events(figure, events, picture.span))
    return _finish(figure, picture)


@dataclass(frozen=True)
class _Picture:
    """All that is to be drawn, in drawn units."""

    title: str
    unit: str
    times: pd.DatetimeIndex
    shown: _Values
    rest: _Values
    names: Names
    scale: Scale
    span: tuple[pd.Timestamp, pd.Timestamp] | None
    provenance: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    blank: str = ""


def _picture(frame: pd.DataFrame, title: str, unit: str | None, top: int) -> _Picture:
    provenance = frame.attrs.get(KEY, {})
    unit = str(provenance.get("unit", "")) if unit is None else unit
    epochs, values = with_gap_rows(frame.index.as_unit("ns").asi8, frame.to_numpy(dtype=np.float64))
    infinite = np.isinf(values)
    values = np.where(infinite, np.nan, values)
    with np.errstate(invalid="ignore"):
        peaks = (
            np.fmax.reduce(np.abs(values), axis=0, initial=-np.inf)
            if values.size
            else np.full(values.shape[1], -np.inf)
        )
    order = np.argsort(-peaks, kind="stable")
    if len(order) <= top + 1:  # a band of one series would hide its name for nothing
        top = len(order)
    largest = float(peaks.max(initial=-np.inf))
    scale = scale_for(largest if np.isfinite(largest) else 0.0, unit)
    values = values / scale.factor
    shown, rest = values[:, order[:top]], values[:, order[top:]]
    labels = labels_of(frame)
    notes = _notes(len(epochs), len(order), top, int(infinite.sum()), provenance)
    return _Picture(
        title=title or str(provenance.get("query", "")) or "Time series",
        unit=unit,
        times=pd.DatetimeIndex(epochs.view("datetime64[ns]"), tz="UTC"),
        shown=shown,
        rest=rest,
        names=names_of([labels[place] for place in order[:top]]),
        scale=scale,
        span=_span(frame, provenance),
        provenance=provenance,
        notes=notes,
        blank=_blank(frame, largest),
    )


def _notes(steps: int, series: int, top: int, infinite: int, provenance: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    if series > top:
        notes.append(
            f"the {top} series with the highest peaks of {series:,}; the band spans the other {series - top:,}"
        )
    if steps > POINTS:
        notes.append(f"each series thinned from {steps:,} points, all minima and maxima kept")
    if infinite:
        notes.append(f"{infinite:,} infinite values cannot be drawn")
    return (*notes, *(f"warning: {text}" for text in provenance.get("warnings", ())))


def _blank(frame: pd.DataFrame, largest: float) -> str:
    if not frame.shape[1]:
        return "No data: no series matched"
    if not len(frame):
        return "No data: no step lies in this window"
    return "" if np.isfinite(largest) else f"No data: {frame.shape[1]:,} series, but no value is known in this window"


def _span(frame: pd.DataFrame, provenance: Mapping[str, Any]) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    if len(frame):
        return frame.index[0], frame.index[-1]
    if provenance.get("start") and provenance.get("end"):
        return pd.Timestamp(provenance["start"]), pd.Timestamp(provenance["end"])
    return None


def _draw_series(figure: go.Figure, picture: _Picture) -> None:
    if picture.rest.shape[1]:
        _add_band(figure, picture)
    suffix = picture.scale.suffix
    unit = f" {suffix}" if len(suffix) > 1 else suffix
    for place, (short, full) in enumerate(zip(picture.names.short, picture.names.full, strict=True)):
        values = picture.shown[:, place]
        rows = rows_to_keep(values, POINTS)
        style = theme.line_style(place)
        name = html.escape(short, quote=False)
        figure.add_scatter(
            **_positions(picture.times, rows),
            y=values[rows],
            name=name,
            mode="lines",
            legendgroup=str(place),
            line={"color": style.color, "dash": style.dash, "width": 2 if place < len(theme.LIGHT.series) else 1.5},
            hovertemplate="%{y:,.4~g}" + html.escape(unit, quote=False),
            meta={"role": "series", "series": full},
        )
        lonely = isolated(values)
        if len(lonely):
            _add_points(figure, picture, values, lonely, place)


def _add_points(figure: go.Figure, picture: _Picture, values: _Values, rows: npt.NDArray[np.intp], place: int) -> None:
    figure.add_scatter(
        **_positions(picture.times, rows),
        y=values[rows],
        mode="markers",
        legendgroup=str(place),
        showlegend=False,
        hoverinfo="skip",
        marker={"size": 5, "color": theme.line_style(place).color},
        meta={"role": "points"},
    )


def _add_band(figure: go.Figure, picture: _Picture) -> None:
    """Lowest to highest of the series without a line: a polygon per unbroken run, so gaps stay open."""
    low, high = np.fmin.reduce(picture.rest, axis=1), np.fmax.reduce(picture.rest, axis=1)
    rows = np.union1d(rows_to_keep(low, POINTS), rows_to_keep(high, POINTS))
    low, high, times = low[rows], high[rows], _millis(picture.times[rows])
    gap = np.array([np.nan])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~np.isnan(low), [False]]).astype(np.int8)))
    x: list[_Values] = []
    y: list[_Values] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        run = times[start:end]
        x += [run, run[::-1], gap]
        y += [high[start:end], low[start:end][::-1], gap]
    figure.add_scatter(
        x=np.concatenate(x)[:-1],
        y=np.concatenate(y)[:-1],
        name=f"{picture.rest.shape[1]:,} more, lowest to highest",
        mode="lines",
        line={"width": 1, "color": theme.LIGHT.band},
        fill="toself",
        fillcolor=theme.LIGHT.band,
        hoverinfo="skip",
        legendrank=2_000,
        meta={"role": "band"},
    )


def _positions(times: pd.DatetimeIndex, rows: npt.NDArray[np.intp]) -> dict[str, Any]:
    """Regular times as start and step (a tenth of the bytes), others one by one."""
    chosen = times[rows]
    steps = np.unique(np.diff(chosen.asi8))
    if len(steps) == 1 and steps[0] % 1_000_000 == 0:
        return {"x0": f"{chosen[0]:%Y-%m-%d %H:%M:%S.%f}"[:-3], "dx": int(steps[0] // 1_000_000)}
    return {"x": _millis(chosen)}


def _millis(times: pd.DatetimeIndex) -> _Values:
    """Epoch milliseconds, which a date axis reads too: 11 bytes a point where text takes 30."""
    return np.asarray(times.asi8, dtype=np.float64) / 1e6


def _lay_out_axes(figure: go.Figure, picture: _Picture) -> None:
    suffix = html.escape(picture.scale.suffix, quote=False)
    short = len(picture.scale.suffix) <= _SHORT_SUFFIX
    gap = " " if len(suffix) > 1 else ""
    known = np.concatenate([picture.shown.ravel(), picture.rest.ravel()])
    lowest = float(np.fmin.reduce(known, initial=np.inf))
    figure.update_xaxes(type="date", title_text="time (UTC)", hoverformat="%a %d %b %Y, %H:%M:%S")
    if picture.span is not None:
        figure.update_xaxes(range=[f"{moment:%Y-%m-%d %H:%M:%S.%f}" for moment in picture.span])
    figure.update_yaxes(
        ticksuffix=gap + suffix if suffix and short else "",
        title_text="" if short else suffix,
        rangemode="tozero" if lowest >= 0 else "normal",
    )


def _say(figure: go.Figure, text: str) -> None:
    figure.add_annotation(
        text=text,
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        showarrow=False,
        font={"size": 14, "color": theme.LIGHT.muted},
    )
    figure.update_yaxes(showticklabels=False, showgrid=False)


def _finish(figure: go.Figure, picture: _Picture) -> go.Figure:
    common = ", ".join(f"{name}={value}" for name, value in picture.names.common.items())
    alone = len(picture.names.short) == 1
    subtitle = " — ".join(filter(None, [common, *picture.notes]))
    figure.update_layout(
        title={
            "text": html.escape(picture.title, quote=False),
            "subtitle": {"text": html.escape(subtitle, quote=False)},
        },
        margin={"t": 64 if subtitle else 48},
        showlegend=not alone or len(figure.data) > 1,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "yref": "container", "y": 0, "yanchor": "bottom"}
        | {"title": {"text": " · ".join(map(html.escape, picture.names.varying))}},
    )
    about = About(
        title=picture.title,
        unit=picture.unit,
        factor=picture.scale.factor,
        suffix=picture.scale.suffix,
        subtitle=subtitle,
        provenance=picture.provenance,
        notes=picture.notes,
    )
    return keep_about(figure, about)
