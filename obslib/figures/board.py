"""Small multiples: several metric frames side by side, on one time axis."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from obslib.core.errors import InputError
from obslib.core.provenance import KEY
from obslib.figures import theme
from obslib.figures.display import use_notebook_display
from obslib.figures.draw import positions, range_mode, say, titles, unit_text, warnings_of
from obslib.figures.picture import Picture, picture_of
from obslib.figures.plain import About, keep_about
from obslib.figures.thinning import rows_to_keep

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS = 400
"""Steps per series above which a panel is thinned to the extremes of each bucket."""
_STYLES = 18
_HEAD, _AXIS, _GAP, _LETTER, _WIDTH = 26, 50, 0.08, 7, 900


@dataclass
class _Legend:
    """One entry per name on the whole board: the same name has the same line everywhere."""

    places: dict[str, int] = field(default_factory=dict)

    def entry(self, name: str) -> dict[str, Any]:
        """How a line of this name is drawn, and whether it is the first."""
        first = name not in self.places
        style = theme.line_style(self.places.setdefault(name, len(self.places)))
        line = {"color": style.color, "dash": style.dash, "width": 1.5}
        return {"name": html.escape(name, quote=False), "legendgroup": name, "showlegend": first, "line": line}


def plot_board(
    frames: Mapping[str, pd.DataFrame],
    *,
    title: str = "",
    columns: int = 2,
    top: int = 6,
    panel_height: int = 200,
) -> go.Figure:
    """Draw several metric frames as small panels with one legend: the overview of a service or a host.

    Parameters
    ----------
    frames
        Panel title -> metric frame, as `ws.ask_each("http.requests", "http.latency", ...)` gives it.
        Each panel has its own unit, that of the frame's provenance.
    title
        What the board shows.
    columns
        Panels side by side.
    top
        How many series a panel shows, those with the highest peaks; its title says how many more there are.
    panel_height
        Height of a panel in pixels.

    Returns
    -------
    go.Figure
        A name has the same line in every panel; clicking it in the legend hides it in all. A panel
        without data says so, and which metrics it needs.

    Raises
    ------
    InputError
        If there is no frame, or `columns` or `top` is not positive.

    Examples
    --------
    >>> import pandas as pd
    >>> from obslib.core.frames import metric_frame
    >>> frame = metric_frame(pd.date_range("2026-11-01", periods=3, freq="1min"), [[1], [2], [4]], [{"job": "api"}])
    >>> len(plot_board({"Load": frame, "Errors": frame}).data)
    2
    """
    if not frames or columns < 1 or top < 1:
        raise InputError(
            f"a board needs frames, columns and top of at least 1, got {len(frames)}, {columns!r} and {top!r}.",
            fix='for example plot_board(ws.ask_each("http.requests", "http.latency")).',
        )
    import plotly.graph_objects as go

    use_notebook_display()
    rows = -(-len(frames) // columns)
    figure = go.Figure(layout={"template": theme.template()})
    legend = _Legend()
    for place, (name, frame) in enumerate(frames.items()):
        picture = picture_of(frame, title=name, unit=None, top=top)
        _draw_panel(figure, picture, legend, place, _domain(place, columns, rows, panel_height))
    figure.update_layout(height=rows * panel_height + _legend_height(legend))
    return _finish(figure, frames, title or "Board", legend)


def _domain(place: int, columns: int, rows: int, height: int) -> tuple[list[float], list[float], float]:
    """Where a panel lies, as shares of the paper: x, y, and the line its title stands on."""
    row, column = divmod(place, columns)
    width = (1 - _GAP * (columns - 1)) / columns
    left = column * (width + _GAP)
    cell = 1 / rows
    above = 1 - row * cell
    below = 0 if row == rows - 1 else _AXIS / height * cell
    return [left, left + width], [above - cell + below, above - _HEAD / height * cell], above


def _draw_panel(
    figure: go.Figure,
    picture: Picture,
    legend: _Legend,
    place: int,
    domain: tuple[list[float], list[float], float],
) -> None:
    across, up, above = domain
    number = str(place + 1) if place else ""
    unit = unit_text(picture.scale)
    hidden = f" ({picture.rest.shape[1]:,} more)" if picture.rest.shape[1] else ""
    figure.add_annotation(
        text=html.escape(picture.title + hidden, quote=False),
        x=across[0],
        y=above,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="top",
        showarrow=False,
        font={"size": 13, "color": theme.LIGHT.text},
    )
    lowest, highest = (
        float(reduce(picture.shown, axis=None, initial=start))
        for reduce, start in ((np.fmin.reduce, np.inf), (np.fmax.reduce, -np.inf))
    )
    mode = range_mode(lowest, highest, picture.unit)
    span = [f"{moment:%Y-%m-%d %H:%M:%S.%f}" for moment in picture.span] if picture.span else None
    x_axis = {"domain": across, "anchor": f"y{number}", "type": "date", "range": span, "nticks": 5, "tickangle": 0}
    y_axis = {"domain": up, "anchor": f"x{number}", "nticks": 5, "rangemode": mode}
    if number:
        x_axis["matches"] = "x"
    if picture.blank:
        say(
            figure,
            picture.blank,
            x=sum(across) / 2,
            y=sum(up) / 2,
            width=int(_WIDTH * (across[1] - across[0]) / _LETTER / 1.2),
        )
        y_axis |= {"showticklabels": False, "showgrid": False}
    y_axis["ticksuffix"] = unit if len(unit) <= 6 else ""
    y_axis["title"] = {"text": "" if len(unit) <= 6 else unit.strip()}
    figure.update_layout({f"xaxis{number}": x_axis, f"yaxis{number}": y_axis})
    for column, (short, full) in enumerate(zip(picture.names.short, picture.names.full, strict=True)):
        values = picture.shown[:, column]
        keep = rows_to_keep(values, POINTS)
        figure.add_scatter(
            **positions(picture.times[keep]),
            **legend.entry(short),
            y=values[keep],
            xaxis=f"x{number}",
            yaxis=f"y{number}",
            mode="lines",
            hovertemplate="%{y:,.4~g}" + unit,
            meta={"role": "series", "series": full, "panel": picture.title, "unit": picture.unit}
            | {"factor": picture.scale.factor, "suffix": picture.scale.suffix},
        )


def _legend_height(legend: _Legend) -> int:
    """About how much room the legend takes at a usual width; none if there are too many names to tell apart."""
    if len(legend.places) > _STYLES:
        return 80
    widest = max((len(name) for name in legend.places), default=1) * _LETTER + 50
    return 90 + 19 * -(-len(legend.places) // max(1, _WIDTH // widest))


def _finish(figure: go.Figure, frames: Mapping[str, pd.DataFrame], title: str, legend: _Legend) -> go.Figure:
    known = [(name, frame.attrs[KEY]) for name, frame in frames.items() if KEY in frame.attrs]
    provenance: dict[str, Any] = dict(known[0][1]) if known else {}
    if known:
        provenance["query"] = "\n".join(f"{name}: {told.get('query', '')}" for name, told in known)
        provenance["warnings"] = sorted({text for _, told in known for text in told.get("warnings", ())})
        provenance |= {"rows": sum(told.get("rows", 0) for _, told in known), "data_hash": "", "details": {}}
    crowded = len(legend.places) > _STYLES
    notes = ["point at a line for its name"] if crowded else []
    notes += [
        f"{name}: no data, it needs {told['details']['needs']}"
        for name, told in known
        if not frames[name].shape[1] and told.get("details", {}).get("needs")
    ]
    figure.update_layout(
        **titles(title, *notes[: int(crowded)], *warnings_of(provenance)),
        showlegend=not crowded and len(legend.places) > 1,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "yref": "container", "y": 0, "yanchor": "bottom"}
        | {"tracegroupgap": 0},
    )
    return keep_about(figure, About(title=title, provenance=provenance, notes=notes))
