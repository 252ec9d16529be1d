"""A histogram over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.provenance import KEY
from obslib.figures import theme
from obslib.figures.buckets import Buckets, bound_unit, buckets_of, cell_scale, edge_texts, row_names
from obslib.figures.display import use_notebook_display
from obslib.figures.draw import BLANK_HEIGHT, positions, say, titles, unit_text, warnings_of
from obslib.figures.picture import blank_text, title_of
from obslib.figures.plain import About, keep_about
from obslib.figures.thinning import with_gap_rows

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLUMNS = 480
"""Steps above which neighbours are averaged: one per two pixels of a wide chart."""
_LABELLED = 16


def plot_heatmap(
    frame: pd.DataFrame,
    *,
    title: str = "",
    unit: str | None = None,
    bucket_unit: str | None = None,
    height: int = 380,
) -> go.Figure:
    """Draw the buckets of a classic histogram over time: how values are distributed, not just one quantile.

    Parameters
    ----------
    frame
        A metric frame of cumulative counts, one series per bound, as
        `sum by (le) (increase(..._bucket[...]))` or with `rate` gives it.
    title
        What the figure shows; default: title or query of the frame's provenance.
    unit
        UCUM unit of the counts (`1/s`, `{request}/s`); default: the one of the provenance.
    bucket_unit
        UCUM unit of the bounds; default: what the metric's name in the query promises.
    height
        Height in pixels.

    Returns
    -------
    go.Figure
        A row per bucket, lowest at the bottom, all of the same height; a column per step, gaps left
        open. The colour grows with the root of the count, so that rare values are seen. More than
        480 steps are averaged in groups, and a note says so.

    Raises
    ------
    InputError
        If the series are no buckets of one histogram.

    Examples
    --------
    >>> import pandas as pd
    >>> from obslib.core.frames import metric_frame
    >>> times = pd.date_range("2026-11-01", periods=2, freq="1min")
    >>> frame = metric_frame(times, [[1, 3], [2, 2]], [{"le": "0.1"}, {"le": "+Inf"}])
    >>> plot_heatmap(frame, bucket_unit="s").data[0].z.tolist()
    [[1.0, 2.0], [2.0, 0.0]]
    """
    import plotly.graph_objects as go

    use_notebook_display()
    provenance = frame.attrs.get(KEY, {})
    query = str(provenance.get("query", ""))
    unit = str(provenance.get("unit", "")) if unit is None else unit
    bounds_in = bound_unit(query) if bucket_unit is None else bucket_unit
    values = frame.to_numpy(dtype=np.float64)
    blank = blank_text(frame, provenance, float(np.fmax.reduce(values, axis=None, initial=-np.inf)))
    figure = go.Figure(layout={"template": theme.template(), "height": min(height, BLANK_HEIGHT) if blank else height})
    about = About(title=title or title_of(provenance, "Histogram"), unit=unit, provenance=provenance)
    if blank:
        say(figure, blank)
        figure.update_xaxes(visible=False).update_yaxes(visible=False)
    else:
        about = _draw(figure, frame.index, buckets_of(frame), about, bounds_in)
    figure.update_layout(**titles(about.title, *about.notes, *warnings_of(provenance)), hovermode="closest")
    return keep_about(figure, about)


def _draw(figure: go.Figure, index: pd.DatetimeIndex, buckets: Buckets, about: About, bounds_in: str) -> About:
    """Draw the cells and axes (in place); what the figure says about itself."""
    epochs, counts = with_gap_rows(index.as_unit("ns").asi8, buckets.counts)
    group = -(-len(epochs) // COLUMNS)
    epochs, counts = _averaged(epochs, counts, group)
    scale = cell_scale(counts, about.unit)
    rows = row_names(buckets.edges, bounds_in)
    unit = unit_text(scale)
    figure.add_heatmap(
        **positions(pd.DatetimeIndex(epochs.view("datetime64[ns]"), tz="UTC")),
        y=rows,
        z=np.ascontiguousarray(counts.T) / scale.factor,
        zmin=0,
        colorscale=theme.heat_scale(),
        hoverongaps=False,
        hovertemplate="%{x|%a %d %b %Y, %H:%M:%S}<br>%{y}<br>%{z:,.4~g}" + unit + "<extra></extra>",
        colorbar={"thickness": 12, "outlinewidth": 0, "ticksuffix": unit if len(unit) <= 6 else ""}
        | {"title": {"text": scale.suffix if len(unit) > 6 else "", "side": "right", "font": {"size": 12}}},
        meta={"role": "series", "rows": rows},
    )
    figure.update_xaxes(type="date", title_text="time (UTC)", hoverformat="%a %d %b %Y, %H:%M:%S")
    _label_edges(figure, edge_texts(buckets.edges, bounds_in))
    notes = [f"each column is the mean of {group} steps"] if group > 1 else []
    if buckets.falling:
        notes.append(f"{buckets.falling:,} cumulative counts are lower than in the bucket below")
    return About(
        title=about.title,
        unit=about.unit,
        factor=scale.factor,
        suffix=scale.suffix,
        subtitle=" — ".join(notes),
        provenance=about.provenance,
        notes=notes,
    )


def _label_edges(figure: go.Figure, texts: list[str]) -> None:
    """Write each bound at the line between two rows; of many bounds, every second or third."""
    every = -(-len(texts) // _LABELLED)
    places = list(range(0, len(texts), every))
    figure.update_yaxes(
        type="category",
        tickvals=[place - 0.5 for place in places],
        ticktext=[texts[place] for place in places],
        showgrid=False,
    )


def _averaged(
    epochs: npt.NDArray[np.int64], counts: npt.NDArray[np.float64], group: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Means of each `group` of steps; what is unknown does not count."""
    if group == 1:
        return epochs, counts
    starts = np.arange(0, len(epochs), group)
    known = np.add.reduceat((~np.isnan(counts)).astype(np.float64), starts, axis=0)
    sums = np.add.reduceat(np.nan_to_num(counts), starts, axis=0)
    return epochs[starts], np.divide(sums, known, out=np.full_like(sums, np.nan), where=known > 0)
