"""An executed notebook as one HTML file that works offline."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from obslib.report.outputs import Outputs, highlighted
from obslib.report.page import Page, render_page
from obslib.report.parameters import INJECTED_TAG
from obslib.report.prose import Outline, render_markdown


def export_html(notebook: Any, path: str | Path, *, folder: str | Path = ".", failure: str = "") -> Path:
    """Write an executed notebook as one self-contained HTML file.

    The file fetches nothing and runs no script but ours: charts draw from packed data, with light
    and dark looks by the reader's system, and print completely. Each chart has a text summary, its
    numbers as tables and its provenance. Code is folded away.

    Parameters
    ----------
    notebook
        What `run_notebook` returned, or any notebook with outputs.
    path
        The file to write; its folder is made.
    folder
        Where image files that the prose names lie.
    failure
        What stopped the run, shown at the top.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    NotebookError
        If an output cannot be shown in such a file; names the cell and a remedy.
    """
    target = Path(path)
    page = notebook_page(notebook, name=target.stem, folder=Path(folder), failure=failure)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render_page(page), encoding="utf-8")
    return target


def notebook_page(notebook: Any, *, name: str, folder: Path, failure: str = "") -> Page:
    """The page of a notebook; `name` titles it if it has no heading and names it in errors."""
    outline, outputs = Outline(), Outputs()
    parts = []
    for place, cell in enumerate(notebook.cells):
        where = f"{name}, cell {place + 1} of {len(notebook.cells)}"
        if cell.cell_type == "markdown":
            prose = render_markdown(cell, outline, folder=folder, where=where)
            parts.append(f'<div class="prose">{prose}</div>')
        elif cell.cell_type == "code":
            parts.append(_code_cell(cell, outputs, where))
        else:
            parts.append(f"<pre>{escape(cell.source)}</pre>")
    heading = "" if outline.title else f"<h1>{escape(name)}</h1>"
    body = heading + _with_run_line("\n".join(parts), _run_line(notebook, failure) + _contents(outline))
    return Page(outline.title or name, body, outputs.figures)


def _code_cell(cell: Any, outputs: Outputs, where: str) -> str:
    shown = outputs.render(cell.outputs, where=where)
    code = ""
    if cell.source.strip() and INJECTED_TAG not in cell.metadata.get("tags", []):
        code = f'<details class="code"><summary>Code</summary>{highlighted(cell.source)}</details>'
    return code + (f'<div class="outputs">{shown}</div>' if shown else "")


def _with_run_line(body: str, line: str) -> str:
    """The line on the run stands right below the title."""
    before, title_end, after = body.partition("</h1>")
    return before + title_end + line + after if title_end else line + body


def _run_line(notebook: Any, failure: str) -> str:
    facts = notebook.metadata.get("obslib", {})
    parts = []
    if facts.get("executed_at"):
        moment = str(facts["executed_at"])[:16].replace("T", " ")
        parts.append(f"Run on {escape(moment)} UTC in {facts.get('seconds', 0):g} s")
    parts += [
        f"<code>{escape(name)}={escape(json.dumps(value, ensure_ascii=False))}</code>"
        for name, value in facts.get("parameters", {}).items()
    ]
    if facts.get("version"):
        parts.append(f"obslib {escape(str(facts['version']))}")
    line = f'<p class="run">{" · ".join(parts)}</p>' if parts else ""
    return line + (f'<div class="failed" role="alert"><pre>{escape(failure)}</pre></div>' if failure else "")


def _contents(outline: Outline) -> str:
    if len(outline.entries) < 3:
        return ""
    items = "".join(f'<li><a href="#{anchor}">{escape(text)}</a></li>' for anchor, text in outline.entries)
    listed = f"<details><summary>Contents</summary><ol>{items}</ol></details>"
    return f'<nav class="contents" aria-label="Contents">{listed}</nav>'
