"""Marks on a time series: events and thresholds."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from obslib.core.frames import EVENTS
from obslib.core.units import Scale, format_value
from obslib.figures import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_EVENTS = 100
_SYMBOLS = ("triangle-down", "diamond", "square", "circle", "star", "cross", "hexagon")
_FORMAT = "%Y-%m-%d %H:%M:%S"


def add_thresholds(figure: go.Figure, thresholds: Mapping[str, float], scale: Scale) -> None:
    """Draw a dashed line per threshold (in place); its axis keeps it in view.

    `thresholds` are in the unit of the data; `scale` is what the drawn numbers were divided by.
    """
    for name, value in thresholds.items():
        level = float(value) / scale.factor
        shown = f"{format_value(level)} {scale.suffix}".strip()
        figure.add_hline(
            level,
            line={"color": theme.LIGHT.threshold, "width": 1.5, "dash": "dash"},
            annotation={
                "text": f"{html.escape(name, quote=False)}: {html.escape(shown, quote=False)}",
                "font": {"size": 12, "color": theme.LIGHT.threshold},
                "yanchor": "bottom",
                "xanchor": "right",
            },
            annotation_position="top right",
        )
    figure.update_yaxes(autorangeoptions={"include": [float(v) / scale.factor for v in thresholds.values()]})


def add_events(
    figure: go.Figure, events: pd.DataFrame, span: tuple[pd.Timestamp, pd.Timestamp] | None
) -> tuple[str, ...]:
    """Mark EVENTS that overlap `span` (in place): a line per start, a shade until the end.

    Each kind is one entry of the legend. Returns notes on what was left out.
    """
    events = EVENTS.check(events)
    if span is None:
        return ()
    begin, finish = span
    ends = events["end"].fillna(events["start"])
    seen = events[(events["start"] <= finish) & (ends >= begin)].sort_values("start", kind="stable")
    drawn = seen.tail(MOST_EVENTS)
    for place, kind in enumerate(sorted(drawn["kind"].astype("str").fillna("event").unique())):
        _add_kind(figure, drawn[drawn["kind"].astype("str").fillna("event") == kind], kind, place, span)
    if len(drawn):
        figure.update_layout(
            yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True, "showgrid": False}
        )
    left_out = len(seen) - len(drawn)
    return (f"only the latest {MOST_EVENTS} of {len(seen):,} events are marked",) if left_out else ()


def _add_kind(
    figure: go.Figure, events: pd.DataFrame, kind: str, place: int, span: tuple[pd.Timestamp, pd.Timestamp]
) -> None:
    starts = events["start"].clip(*span)
    figure.add_scatter(
        x=starts.dt.tz_localize(None).to_numpy(),
        y=[1.0] * len(events),
        yaxis="y2",
        name=html.escape(kind, quote=False),
        mode="markers",
        marker={"symbol": _SYMBOLS[place % len(_SYMBOLS)], "size": 10, "color": theme.LIGHT.event},
        error_y={"type": "constant", "symmetric": False, "value": 0, "valueminus": 1, "width": 0}
        | {"color": theme.LIGHT.event, "thickness": 1},
        cliponaxis=False,
        hovertext=[_hover(row) for row in events.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
        legendrank=3_000,
        meta={"role": "event"},
    )
    lasting = events["end"].notna() & (events["end"] > events["start"])
    for start, end in zip(starts[lasting], events["end"][lasting].clip(*span), strict=True):
        figure.add_shape(
            type="rect",
            x0=f"{start:{_FORMAT}}",
            x1=f"{end:{_FORMAT}}",
            y0=0,
            y1=1,
            yref="paper",
            layer="below",
            line_width=0,
            fillcolor=theme.LIGHT.event_span,
        )


def _hover(event: Mapping[str, object]) -> str:
    service = event["service"]
    where = f" ({service})" if isinstance(service, str) and service else ""
    return html.escape(f"{event['kind']}: {event['name']}{where}", quote=False)
