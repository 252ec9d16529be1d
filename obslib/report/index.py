"""The index of a folder of exports: one card per notebook, with a picture of its first chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from obslib.figures.plain import Plain, numbers_of, times_of
from obslib.figures.thinning import rows_to_keep
from obslib.report.page import Page, render_page
from obslib.report.running import PLOTLY_MIME

_WIDTH, _HEIGHT, _LINES, _POINTS = 320, 96, 5, 160
_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Entry:
    """One notebook of the index. `link` is relative to it, `""` if there is no page; `failure` says why it failed."""

    title: str
    question: str
    link: str
    seconds: float
    warnings: Sequence[str] = ()
    failure: str = ""
    thumbnail: str = ""


def write_index(entries: Sequence[Entry], path: Path, *, title: str, intro: str = "") -> Path:
    """Write the index page; failed notebooks come first and say where they failed."""
    ordered = sorted(entries, key=lambda entry: not entry.failure)
    failed = sum(bool(entry.failure) for entry in entries)
    total = sum(entry.seconds for entry in entries)
    count = f"{len(entries)} notebooks" if len(entries) != 1 else "1 notebook"
    state = f" · <strong>{failed} failed</strong>" if failed else ""
    cards = "".join(_card(entry) for entry in ordered)
    body = (
        f'<h1>{escape(title)}</h1><p class="intro">{escape(intro)}</p>'
        f'<p class="run">{count} · {_duration(total)} of run time{state}</p><ul class="cards">{cards}</ul>'
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_page(Page(title, body, style="index.css")), encoding="utf-8")
    return path


def thumbnail_of(notebook: Any) -> str:
    """An inline SVG of the lines of the notebook's first chart with numbers; `""` if it has none."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            figure = output.get("data", {}).get(PLOTLY_MIME)
            drawn = _lines(figure) if figure else ""
            if drawn:
                box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none"'
                return f'<svg class="thumb" {box} aria-hidden="true" focusable="false">{drawn}</svg>'
    return ""


def _card(entry: Entry) -> str:
    title = escape(entry.title)
    heading = f'<a href="{escape(entry.link, quote=True)}">{title}</a>' if entry.link else title
    picture = entry.thumbnail or '<div class="thumb empty" aria-hidden="true"></div>'
    failure = f'<pre class="failed">{escape(entry.failure)}</pre>' if entry.failure else ""
    return (
        f'<li class="card{" bad" if entry.failure else ""}">{picture}<div class="text"><h2>{heading}</h2>'
        f"<p>{escape(entry.question)}</p>{failure}"
        f'<div class="facts"><span>{_duration(entry.seconds)}</span>{_warnings(entry.warnings)}</div></div></li>'
    )


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    count = f"{len(warnings)} warnings" if len(warnings) > 1 else "1 warning"
    listed = "".join(f"<li>{escape(text)}</li>" for text in warnings)
    return f'<details class="warnings"><summary>{count}</summary><ul>{listed}</ul></details>'


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def _lines(figure: Plain) -> str:
    drawn = []
    for trace in figure.get("data", []):
        role = (trace.get("meta") or {}).get("role", "series") if isinstance(trace.get("meta"), dict) else "series"
        values = numbers_of(trace) if role == "series" and trace.get("y") is not None else np.empty(0)
        if np.isfinite(values).sum() > 1:
            drawn.append((_across(figure, trace, len(values)), values))
    drawn = drawn[:_LINES]
    if not drawn:
        return ""
    known = np.concatenate([values[np.isfinite(values)] for _, values in drawn])
    low, high = min(0.0, float(known.min())), float(known.max())
    return "".join(
        _polylines(across, values, low, high or 1.0, f"line-{place}") for place, (across, values) in enumerate(drawn)
    )


def _across(figure: Plain, trace: Plain, count: int) -> _Values:
    """Where each point lies between the left (0) and the right (1) edge."""
    times = times_of(figure, trace, count)
    places = np.arange(count, dtype=np.float64) if times is None else times.asi8.astype(np.float64)
    width = places[-1] - places[0]
    return (places - places[0]) / width if width > 0 else np.zeros(count)


def _polylines(across: _Values, values: _Values, low: float, high: float, style: str) -> str:
    """One polyline per unbroken run of known values."""
    rows = rows_to_keep(values, _POINTS)
    x = across[rows] * _WIDTH
    y = (_HEIGHT - 4) - (values[rows] - low) / ((high - low) or 1.0) * (_HEIGHT - 8)
    known = np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    runs = zip(edges[::2], edges[1::2], strict=True)
    points = [" ".join(f"{x[row]:.1f},{y[row]:.1f}" for row in range(start, end)) for start, end in runs]
    return "".join(f'<polyline class="{style}" points="{run}"/>' for run in points)
