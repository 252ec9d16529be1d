"""Who makes up the total: the share of each label value."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.errors import InputError, nearest
from obslib.core.frames import labels_of
from obslib.core.provenance import KEY
from obslib.core.units import format_value
from obslib.figures import theme
from obslib.figures.display import use_notebook_display
from obslib.figures.draw import BLANK_HEIGHT, say, titles, warnings_of
from obslib.figures.names import MISSING, names_of, shortened
from obslib.figures.picture import blank_text, title_of
from obslib.figures.plain import About, keep_about

if TYPE_CHECKING:
    import plotly.graph_objects as go

_BAR, _FRAME, _LONGEST = 28, 110, 48


def plot_label_share(
    frame: pd.DataFrame, label: str | None = None, *, title: str = "", unit: str | None = None, top: int = 10
) -> go.Figure:
    """Draw what share of the total each value of a label has, largest first.

    Parameters
    ----------
    frame
        A metric frame of values that add up: rates, counts, bytes; not quantiles or ratios.
    label
        The label to group by; default: each series on its own.
    title
        What the figure shows; default: title or query of the frame's provenance.
    unit
        UCUM unit of the values; default: the one of the provenance.
    top
        How many values get a bar of their own; the others share the last one, in grey.

    Returns
    -------
    go.Figure
        One bar per value: its part of the sum over all steps, and its mean over them. A step at
        which a series is unknown adds nothing to it.

    Raises
    ------
    InputError
        If `top` is not positive, no series has the label, or a sum is negative.

    Examples
    --------
    >>> import pandas as pd
    >>> from obslib.core.frames import metric_frame
    >>> times = pd.date_range("2026-11-01", periods=1, freq="1min")
    >>> frame = metric_frame(times, [[3, 1]], [{"code": "200"}, {"code": "500"}])
    >>> plot_label_share(frame, "code").data[0].x.tolist()
    [25.0, 75.0]
    """
    import plotly.graph_objects as go

    if top < 1:
        raise InputError(f"top must be at least 1, got {top!r}.", fix="for example top=10.")
    use_notebook_display()
    provenance = frame.attrs.get(KEY, {})
    unit = str(provenance.get("unit", "")) if unit is None else unit
    names, means = _means(frame, label)
    largest = float(np.max(means, initial=-np.inf, where=np.isfinite(means)))
    blank = blank_text(frame, provenance, largest) or ("" if means.sum() > 0 else "No share: the total is 0")
    shown = title or title_of(provenance, "Share")
    title = f"{shown}: share by {label}" if label and not title else shown
    figure = go.Figure(layout={"template": theme.template(), "height": BLANK_HEIGHT})
    if blank:
        say(figure, blank)
        figure.update_xaxes(visible=False).update_yaxes(visible=False)
    else:
        _draw(figure, *_top(names, means, top), unit)
    figure.update_layout(**titles(title, *warnings_of(provenance)), showlegend=False, hovermode="closest")
    return keep_about(figure, About(title=title, unit="1", factor=0.01, suffix="%", provenance=provenance))


def _means(frame: pd.DataFrame, label: str | None) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Name and mean of each value of the label, largest first."""
    labels = labels_of(frame)
    known = {name for one in labels for name in one}
    if label is not None and known and label not in known:
        raise InputError(f"no series has the label {label!r}.", fix=nearest(label, known))
    keys = list(names_of(labels).short) if label is None else [one.get(label, "") or MISSING for one in labels]
    values = np.nan_to_num(frame.to_numpy(dtype=np.float64), posinf=0.0, neginf=0.0)
    means = values.mean(axis=0) if len(values) else np.zeros(len(keys))
    codes, found = pd.factorize(np.array(keys, dtype=object))
    sums = np.bincount(codes, weights=means, minlength=len(found)).astype(np.float64)
    if (sums < 0).any():
        raise InputError(
            "shares of a total need values of 0 or more.", fix="plot_timeseries shows values that may be negative."
        )
    order = np.argsort(-sums, kind="stable")
    return [str(found[place]) for place in order], sums[order]


def _top(
    names: list[str], means: npt.NDArray[np.float64], top: int
) -> tuple[list[str], npt.NDArray[np.float64], npt.NDArray[np.float64], int]:
    """Names, shares in %, means, and how many values the last bar holds (0 if it is like the others)."""
    rest = len(names) - top if len(names) > top + 1 else 0
    if rest:
        names = [*names[:top], f"{rest:,} others"]
        means = np.concatenate([means[:top], [means[top:].sum()]])
    return list(shortened(names, _LONGEST)), 100 * means / means.sum(), means, rest


def _draw(
    figure: go.Figure,
    names: list[str],
    shares: npt.NDArray[np.float64],
    means: npt.NDArray[np.float64],
    rest: int,
    unit: str,
) -> None:
    colours = [theme.LIGHT.series[0]] * len(names)
    if rest:
        colours[-1] = theme.LIGHT.axis
    texts = [f"{share:.1f} % · {format_value(mean, unit)}" for share, mean in zip(shares, means, strict=True)]
    figure.add_bar(
        x=shares[::-1],
        y=[html.escape(name, quote=False) for name in names][::-1],
        orientation="h",
        marker={"color": colours[::-1]},
        text=[html.escape(text, quote=False) for text in texts][::-1],
        textposition="outside",
        textfont={"color": theme.LIGHT.text, "size": 12},
        cliponaxis=False,
        hovertemplate="%{y}<br>%{text}<extra></extra>",
        meta={"role": "series"},
    )
    figure.update_xaxes(ticksuffix=" %", range=[0, 1.3 * float(shares.max())], showline=False, ticks="", showgrid=True)
    figure.update_yaxes(type="category", showgrid=False)
    figure.update_layout(height=_FRAME + _BAR * len(names), bargap=0.3)
