"""Code cells and their outputs as HTML. What cannot be shown fails the export; nothing is dropped."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from obslib.core.errors import NotebookError
from obslib.figures.plain import Plain
from obslib.report.charts import render_chart
from obslib.report.running import PLOTLY_MIME
from obslib.report.sanitize import sanitize
from obslib.report.tables import with_aligned_columns

_WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
_TABLE = re.compile(r"<table.*?</table>", re.DOTALL)
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_WIDGET_NOTE = (
    '<p class="note">Interactive in the notebook only: this control needs a running kernel. '
    "The page shows its state when the notebook ran.</p>"
)


@dataclass
class Outputs:
    """Renders outputs and collects the charts among them, in page order."""

    figures: list[Plain] = field(default_factory=list)

    def render(self, outputs: list[Any], *, where: str) -> str:
        """All outputs of one cell.

        Raises
        ------
        NotebookError
            If one cannot be shown in a page without scripts of its own.
        """
        return "".join(self._one(output, where) for output in merged_streams(outputs))

    def _one(self, output: Any, where: str) -> str:
        if output.output_type == "stream":
            return _stream(output)
        if output.output_type == "error":
            return f'<pre class="error" role="alert">{_ansi(chr(10).join(output.traceback))}</pre>'
        return self._bundle(output.data, where) if output.data else ""

    def _bundle(self, data: Mapping[str, Any], where: str) -> str:
        if PLOTLY_MIME in data:
            figure = data[PLOTLY_MIME]
            self.figures.append(figure)
            return render_chart(figure, len(self.figures) - 1, where=where)
        if _WIDGET_MIME in data:
            return f'<div class="widget">{_twin(data, where)}{_WIDGET_NOTE}</div>'
        for mime, show in _SHOWN.items():
            if mime in data:
                return show(_text(data[mime]), where)
        image = next((mime for mime in _IMAGES if mime in data), None)
        if image is not None:
            alternative = html.escape(_text(data.get("text/plain", "image")), quote=True)
            return f'<img src="data:{image};base64,{_base64(data[image], where)}" alt="{alternative}">'
        if "application/json" in data:
            return f"<pre>{html.escape(json.dumps(data['application/json'], indent=2, ensure_ascii=False))}</pre>"
        if "text/plain" in data and "application/javascript" not in data:
            return f"<pre>{_ansi(_text(data['text/plain']))}</pre>"
        raise NotebookError(
            f"{where}: an output of type {', '.join(sorted(data))} cannot be exported.",
            fix="return a plotly figure, a table, an image or text instead.",
        )


def highlighted(source: str) -> str:
    """Python source as HTML with pygments' short class names."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return str(highlight(source, PythonLexer(), HtmlFormatter(cssclass="hl", wrapcode=True)))


def merged_streams(outputs: list[Any]) -> list[Any]:
    """Adjacent pieces of one stream joined, so that a text progress bar is one line."""
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last is not None and output.output_type == "stream" == last.output_type and output.name == last.name:
            merged[-1] = type(last)({**last, "text": last.text + output.text})
        else:
            merged.append(output)
    return merged


def last_of_line(text: str) -> str:
    r"""What a terminal shows after carriage returns.

    >>> last_of_line("10 %\r100 %\ndone\n")
    '100 %\ndone\n'
    """
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))


def _stream(output: Any) -> str:
    text = last_of_line(output.text)
    if not text.strip():
        return ""
    kind = "stderr" if output.name == "stderr" else "stdout"
    return f'<pre class="{kind}">{_ansi(text)}</pre>'


def _twin(data: Mapping[str, Any], where: str) -> str:
    """The static form of a widget: its HTML if it brings some, else its plain text."""
    if "text/html" in data:
        return sanitize(_text(data["text/html"]), where=where)
    return f"<pre>{html.escape(_text(data.get('text/plain', 'A control')))}</pre>"


def _html(text: str, where: str) -> str:
    clean = sanitize(text, where=where)
    clean = _TABLE.sub(lambda table: with_aligned_columns(table[0]), clean)
    opening = '<div class="scroll" tabindex="0" role="region" aria-label="Table">'
    return (
        '<div class="html">'
        + clean.replace("<table", opening + "<table").replace("</table>", "</table></div>")
        + "</div>"
    )


def _markdown(text: str, where: str) -> str:
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    return f'<div class="html">{sanitize(markdown2html_mistune(text), where=where)}</div>'


def _svg(text: str, where: str) -> str:  # noqa: ARG001 - as an image it can run nothing
    return f'<img src="data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()}" alt="drawing">'


def _latex(text: str, where: str) -> str:  # noqa: ARG001 - one signature for all kinds of text
    return f"<pre>{html.escape(text)}</pre>"


_SHOWN = {"text/html": _html, "text/markdown": _markdown, "image/svg+xml": _svg, "text/latex": _latex}


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _base64(value: Any, where: str) -> str:
    text = re.sub(r"\s", "", _text(value))
    if not re.fullmatch(r"[A-Za-z0-9+/=]*", text):
        raise NotebookError(f"{where}: an image is not valid base64.", fix="run the cell again.")
    return text


def _ansi(text: str) -> str:
    from nbconvert.filters.ansi import ansi2html

    return str(ansi2html(text))
