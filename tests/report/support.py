"""Notebooks for tests of runs and exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

from obslib.figures.plain import Plain
from obslib.figures.timeseries import plot_timeseries
from obslib.report.running import PLOTLY_MIME
from tests.figures.support import waves


def notebook(*cells: Any) -> Any:
    return v4.new_notebook(cells=list(cells))


def prose(text: str, **more: Any) -> Any:
    return v4.new_markdown_cell(text, **more)


def code(source: str, *outputs: Any, tags: tuple[str, ...] = ()) -> Any:
    return v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)} if tags else {})


def shown(**bundle: Any) -> Any:
    """An output by MIME type; `text_html` stands for `text/html`."""
    return v4.new_output("display_data", data={name.replace("_", "/", 1): value for name, value in bundle.items()})


def printed(text: str, name: str = "stdout") -> Any:
    return v4.new_output("stream", name=name, text=text)


def chart(figure: Plain | None = None, *, title: str = "Latency", series: int = 4, steps: int = 120) -> Any:
    """A chart as a notebook stores it."""
    import json

    plain = figure if figure is not None else json.loads(plot_timeseries(waves(series, steps), title=title).to_json())
    return v4.new_output("display_data", data={PLOTLY_MIME: plain})


def saved(folder: Path, name: str, *cells: Any) -> Path:
    """Write a notebook; its path."""
    path = folder / f"{name}.ipynb"
    path.write_text(nbformat.writes(notebook(*cells)), encoding="utf-8")
    return path
