"""A metric frame over time."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.errors import InputError
from obslib.figures import theme
from obslib.figures.display import use_notebook_display
from obslib.figures.draw import BLANK_HEIGHT, millis, positions, range_mode, say, titles, unit_text, warnings_of
from obslib.figures.marks import add_events, add_thresholds
from obslib.figures.names import SEPARATOR
from obslib.figures.picture import POINTS, Picture, picture_of
from obslib.figures.plain import About, keep_about
from obslib.figures.thinning import isolated, rows_to_keep

if TYPE_CHECKING:
    import plotly.graph_objects as go

_ROW_HEIGHT, _ROW_WIDTH, _LETTER = 19, 900, 7
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
    picture = picture_of(frame, title=title, unit=unit, top=top)
    figure = go.Figure(
        layout={"template": theme.template(), "height": min(height, BLANK_HEIGHT) if picture.blank else height}
    )
    if picture.blank:
        say(figure, picture.blank)
        figure.update_yaxes(showticklabels=False, showgrid=False)
    else:
        _draw_series(figure, picture)
    _lay_out_axes(figure, picture)
    if thresholds:
        add_thresholds(figure, thresholds, picture.scale)
    if events is not None:
        picture = replace(picture, notes=picture.notes + add_events(figure, events, picture.span))
    return _finish(figure, picture)


def _draw_series(figure: go.Figure, picture: Picture) -> None:
    if picture.rest.shape[1]:
        _add_band(figure, picture)
    unit = unit_text(picture.scale)
    for place, (short, full) in enumerate(zip(picture.names.short, picture.names.full, strict=True)):
        values = picture.shown[:, place]
        rows = rows_to_keep(values, POINTS)
        style = theme.line_style(place)
        name = html.escape(short, quote=False)
        figure.add_scatter(
            **positions(picture.times[rows]),
            y=values[rows],
            name=name,
            mode="lines",
            legendgroup=str(place),
            line={"color": style.color, "dash": style.dash, "width": 1.5},
            hovertemplate="%{y:,.4~g}" + unit,
            meta={"role": "series", "series": full},
        )
        lonely = isolated(values)
        if len(lonely):
            _add_points(figure, picture, values, lonely, place)


def _add_points(figure: go.Figure, picture: Picture, values: _Values, rows: npt.NDArray[np.intp], place: int) -> None:
    figure.add_scatter(
        **positions(picture.times[rows]),
        y=values[rows],
        mode="markers",
        legendgroup=str(place),
        showlegend=False,
        hoverinfo="skip",
        marker={"size": 5, "color": theme.line_style(place).color},
        meta={"role": "points"},
    )


def _add_band(figure: go.Figure, picture: Picture) -> None:
    """Lowest to highest of the series without a line: a polygon per unbroken run, so gaps stay open."""
    low, high = np.fmin.reduce(picture.rest, axis=1), np.fmax.reduce(picture.rest, axis=1)
    rows = np.union1d(rows_to_keep(low, POINTS), rows_to_keep(high, POINTS))
    low, high, times = low[rows], high[rows], millis(picture.times[rows])
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


def _lay_out_axes(figure: go.Figure, picture: Picture) -> None:
    unit = unit_text(picture.scale)
    short = len(unit) <= _SHORT_SUFFIX
    lowest = min(
        float(np.fmin.reduce(picture.shown, axis=None, initial=np.inf)),
        float(np.fmin.reduce(picture.rest, axis=None, initial=np.inf)),
    )
    highest = float(np.fmax.reduce(picture.shown, axis=None, initial=-np.inf))
    figure.update_xaxes(type="date", title_text="time (UTC)", hoverformat="%a %d %b %Y, %H:%M:%S")
    if picture.span is not None:
        figure.update_xaxes(range=[f"{moment:%Y-%m-%d %H:%M:%S.%f}" for moment in picture.span])
    figure.update_yaxes(
        ticksuffix=unit if short else "",
        title_text="" if short else unit.strip(),
        rangemode=range_mode(lowest, highest, picture.unit),
    )


def _finish(figure: go.Figure, picture: Picture) -> go.Figure:
    common = ", ".join(f"{name}={value}" for name, value in picture.names.common.items())
    subtitle = " — ".join(filter(None, [common, *picture.notes]))
    legend_title = html.escape(SEPARATOR.join(picture.names.varying), quote=False)
    figure.update_layout(
        **titles(picture.title, subtitle, *warnings_of(picture.provenance)),
        showlegend=len(figure.data) > 1,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "yref": "container", "y": 0, "yanchor": "bottom"}
        | {"maxheight": 600, "tracegroupgap": 0, "title": {"text": legend_title}},
        height=figure.layout.height + _ROW_HEIGHT * max(0, _legend_rows(figure) - 2),
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


def _legend_rows(figure: go.Figure) -> int:
    """About how many rows the legend takes at a usual width; long names must not squeeze the plot."""
    widths = [len(trace.name or "") * _LETTER + 50 for trace in figure.data if trace.showlegend is not False]
    per_row = max(1, _ROW_WIDTH // max(widths, default=1))
    return -(-len(widths) // per_row)
