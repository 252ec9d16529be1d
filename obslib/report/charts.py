"""One chart of a page: caption, drawing area, the numbers behind it, and where they came from."""

from __future__ import annotations

from html import escape

import pandas as pd

from obslib.core.errors import NotebookError
from obslib.core.units import format_value
from obslib.figures.plain import About, Plain, about_of
from obslib.figures.summary import figure_summary, figure_table

_ROWS = 60
_HEIGHT = 380
_NEEDS_NETWORK_OR_GPU = {
    "choropleth", "choroplethmap", "choroplethmapbox", "cone", "densitymap", "densitymapbox", "isosurface", "mesh3d",
    "parcoords", "scatter3d", "scattergeo", "scattergl", "scattermap", "scattermapbox", "scatterpolargl", "splom",
    "streamtube", "surface", "volume",
}  # fmt: skip


def render_chart(figure: Plain, place: int, *, where: str) -> str:
    """HTML of the `place`-th chart of a page; the page's script draws it from the packed block.

    Raises
    ------
    NotebookError
        If the chart has a trace type that cannot be drawn offline by a page that runs no foreign code.
    """
    kinds = {str(trace.get("type", "scatter")) for trace in figure.get("data", [])}
    lost = sorted(kinds & _NEEDS_NETWORK_OR_GPU)
    if lost:
        raise NotebookError(
            f"{where}: a chart of type {', '.join(lost)} cannot be drawn in an offline page.",
            fix="use scatter, bar, heatmap or another flat chart type, without 'gl'.",
        )
    about = about_of(figure)
    summary = figure_summary(figure)
    height = int(figure.get("layout", {}).get("height") or _HEIGHT) - (48 if about else 0)
    label = escape(summary, quote=True)
    return (
        f'<figure class="chart" id="chart-{place + 1}">{_caption(about)}'
        f'<div class="plot" data-chart="{place}" style="height:{height}px" tabindex="0" role="img" '
        f'aria-label="{label}"></div>'
        f"{_source_line(about)}"
        f'<details class="data"><summary>Numbers and source</summary>'
        f"<p>{escape(summary)}</p>{_numbers(figure)}"
        f'<div class="rows" data-rows="{place}"></div>{_provenance(about)}</details></figure>'
    )


def _caption(about: About | None) -> str:
    if about is None:
        return ""
    subtitle = f'<span class="subtitle">{escape(about.subtitle)}</span>' if about.subtitle else ""
    alarm = "".join(_said(str(text)) for text in about.provenance.get("warnings", ()))
    return f'<figcaption><span class="title">{escape(about.title)}</span>{subtitle}{alarm}</figcaption>'


def _said(text: str) -> str:
    """What the backend said of the answer; PromQL's infos are no alarm."""
    remark = text.removeprefix("PromQL info: ")
    if remark != text:
        return f'<span class="subtitle">Remark of PromQL: {escape(remark)}</span>'
    return f'<span class="warning">Warning: {escape(text)}</span>'


def _source_line(about: About | None) -> str:
    source = about.provenance if about else {}
    if not source:
        return ""
    step = f"every {source['step']}" if source.get("step") else ""
    parts = [_origin(about), _window(about), step]
    return f'<p class="source">{escape(" · ".join(filter(None, parts)))}</p>'


def _numbers(figure: Plain) -> str:
    table = figure_table(figure)
    if not len(table):
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(": ".join(filter(None, [row.panel, str(row.series)])))}</th>'
        f"<td>{row.points:,}</td><td>{row.unknown:,}</td>"
        f"<td>{escape(format_value(row.lowest, row.unit))}</td><td>{escape(format_value(row.mean, row.unit))}</td>"
        f"<td>{escape(format_value(row.highest, row.unit))}</td><td>{_moment(row.highest_at)}</td>"
        f"<td>{escape(format_value(row.latest, row.unit))}</td></tr>"
        for row in table.head(_ROWS).itertuples(index=False)
    )
    heads = ("series", "points", "unknown", "lowest", "mean", "highest", "highest at (UTC)", "latest")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    more = f'<p class="note">First {_ROWS} of {len(table):,} series.</p>' if len(table) > _ROWS else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Numbers behind the chart">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}"
    )


def _provenance(about: About | None) -> str:
    source = about.provenance if about else {}
    if about is None or not source:
        return ""
    facts = {
        "Query": source.get("query", ""),
        "Language": source.get("language", ""),
        "From": _origin(about),
        "Window": _window(about),
        "Step": source.get("step", ""),
        "Rows": f"{source['rows']:,}" if source.get("rows") else "",
        "Fetched at": str(source.get("fetched_at", "")),
        "Data hash": source.get("data_hash", ""),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{_fact(name, str(text))}</dd>" for name, text in facts.items() if text)
    return f'<dl class="provenance">{listed}</dl>'


def _fact(name: str, text: str) -> str:
    return f"<code>{escape(text)}</code>" if name in {"Query", "Data hash"} else escape(text)


def _origin(about: About | None) -> str:
    source = about.provenance if about else {}
    return " / ".join(str(source[key]) for key in ("profile", "source") if source.get(key))


def _window(about: About | None) -> str:
    source = about.provenance if about else {}
    if not source.get("start") or not source.get("end"):
        return ""
    start, end = pd.Timestamp(source["start"]), pd.Timestamp(source["end"])
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def _moment(moment: pd.Timestamp) -> str:
    return "" if moment is pd.NaT else f"{moment:%Y-%m-%d %H:%M}"
