"""Figures in words and numbers: for readers who cannot see them, for tests, and for plain text."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from obslib.core.units import format_value
from obslib.figures.plain import About, Plain, about_of, array_of, numbers_of, plain_figure, times_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

_NAMED = 3


def figure_summary(figure: go.Figure | Plain) -> str:
    """Say in one line what the figure shows: title, extent, the highest series, what is missing.

    The text is the same on every machine (numbers have three digits), so notebooks print it and
    tests compare it; exports use it as the figure's description for screen readers.

    Parameters
    ----------
    figure
        A plotly figure, or its JSON as stored in a notebook.
    """
    plain = plain_figure(figure)
    about = about_of(plain)
    table = figure_table(plain)
    title = about.title if about else _title(plain)
    kinds = sorted({str(trace.get("type", "scatter")) for trace in plain.get("data", [])})
    notes = [*about.notes, *(f"warning: {text}" for text in about.provenance.get("warnings", ()))] if about else []
    if not len(table):
        what = _nothing(about) if not kinds or about else f"chart of type {', '.join(kinds)}"
        return _sentences([title or "Chart", what, *notes])
    panels = table.groupby("panel", sort=False)
    peaks = [f"{panel}: {_peaks(rows)}" if panel else _peaks(rows) for panel, rows in panels]
    return _sentences([title or "Chart", _extent(table), *peaks, _unknown(table), *notes])


def figure_table(figure: go.Figure | Plain) -> pd.DataFrame:
    """One row per drawn series: the numbers behind the picture, in the data's own unit.

    Returns
    -------
    pd.DataFrame
        Columns `name` (as in the legend), `series` (all its labels), `points`, `unknown` (points
        that are gaps), `lowest`, `mean`, `highest`, `latest` (floats, NaN if no point is known),
        `highest_at`, `start`, `end` (UTC, NaT without a time axis), `unit` (UCUM) and `panel` (its
        title on a board, else `""`). A heatmap has a row per bucket, bars of shares a row per bar.
        Bands, event markers and traces without numbers are left out.
    """
    plain = plain_figure(figure)
    about = about_of(plain)
    usual = {"factor": about.factor, "unit": about.unit} if about else {}
    series = (one for trace in plain.get("data", []) for one in series_of(trace))
    rows = [_row(plain, one, usual) for one in series if _is_series(one)]
    columns = [
        "name",
        "series",
        "points",
        "unknown",
        "lowest",
        "mean",
        "highest",
        "latest",
        "highest_at",
        "start",
        "end",
        "unit",
        "panel",
    ]
    return pd.DataFrame(rows, columns=columns)


def series_of(trace: Plain) -> list[Plain]:
    """A trace as the series it shows: rows of a heatmap and lying bars are series of their own."""
    if trace.get("type") == "heatmap":
        rows = np.atleast_2d(array_of(trace.get("z")))
        names = _meta(trace).get("rows") or [str(place) for place in range(len(rows))]
        return [{**trace, "y": row, "name": name} for name, row in zip(names, rows, strict=True)]
    if trace.get("type") == "bar" and trace.get("orientation") == "h":
        names, values = array_of(trace.get("y")), numbers_of(trace, "x")
        return [{"y": values[place : place + 1], "name": name} for place, name in enumerate(names)]
    return [trace]


def _nothing(about: About | None) -> str:
    needs = about.provenance.get("details", {}).get("needs") if about else None
    return f"no data; it needs {needs}" if needs else "no data"


def _meta(trace: Plain) -> Mapping[str, Any]:
    meta = trace.get("meta")
    return meta if isinstance(meta, Mapping) else {}


def _is_series(trace: Plain) -> bool:
    return _role(trace) == "series" and (trace.get("y") is not None) and len(numbers_of(trace)) > 0


def _role(trace: Plain) -> str:
    return str(_meta(trace).get("role", "series"))


def _row(plain: Plain, trace: Plain, usual: Mapping[str, Any]) -> dict[str, Any]:
    meta = {"factor": 1.0, "unit": "", "panel": "", **usual, **_meta(trace)}
    values = numbers_of(trace) * meta["factor"]
    times = times_of(plain, trace, len(values))
    known = np.flatnonzero(np.isfinite(values))
    name = html.unescape(str(trace.get("name") or "value"))
    row: dict[str, Any] = {"name": name, "series": meta.get("series") or name, "points": len(values)}
    row |= {"unit": meta["unit"], "panel": meta["panel"]}
    row |= {"unknown": len(values) - len(known), "start": pd.NaT, "end": pd.NaT, "highest_at": pd.NaT}
    if times is not None:
        row |= {"start": times[0], "end": times[-1]}
    if not len(known):
        return row | dict.fromkeys(("lowest", "mean", "highest", "latest"), float("nan"))
    peak = known[int(values[known].argmax())]
    row |= {"lowest": values[known].min(), "mean": values[known].mean(), "highest": values[peak]}
    return row | {"latest": values[known[-1]], "highest_at": times[peak] if times is not None else pd.NaT}


def _extent(table: pd.DataFrame) -> str:
    count = f"{len(table)} series" if len(table) > 1 else "1 series"
    start, end = table["start"].min(), table["end"].max()
    if start is pd.NaT or end is pd.NaT:
        return count
    until = f"{end:%H:%M}" if start.normalize() == end.normalize() else f"{end:%Y-%m-%d %H:%M}"
    return f"{count}, {start:%Y-%m-%d %H:%M} to {until} UTC"


def _peaks(table: pd.DataFrame) -> str:
    known = table[table["highest"].notna()]
    if not len(known):
        return "no known value"
    highest = known.sort_values("highest", ascending=False, kind="stable").head(_NAMED)
    long = table["end"].max() - table["start"].min() >= pd.Timedelta(days=1)
    moment = "%Y-%m-%d %H:%M" if long else "%H:%M"
    parts = [
        f"{row.name} {format_value(row.highest, row.unit)}"
        + (f" at {row.highest_at:{moment}}" if row.highest_at is not pd.NaT else "")
        for row in highest.itertuples(index=False)
    ]
    return ("highest: " if len(known) > 1 else "peak: ") + ", ".join(parts)


def _unknown(table: pd.DataFrame) -> str:
    share = float(table["unknown"].sum() / table["points"].sum())
    return f"{share:.1%} of the points are unknown" if share > 0 else ""


def _title(plain: Plain) -> str:
    title = plain.get("layout", {}).get("title")
    return str(title.get("text") or "") if isinstance(title, Mapping) else str(title or "")


def _sentences(parts: list[str]) -> str:
    said = [part.strip().rstrip(".") for part in parts if part.strip()]
    first, *rest = said
    return ". ".join([first, *(part[:1].upper() + part[1:] for part in rest)]) + "."
