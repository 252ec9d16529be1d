"""Markdown cells as HTML: headings in order, images embedded, links between notebooks kept alive."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from obslib.core.errors import MissingDependencyError
from obslib.report.sanitize import sanitize

_HEADING = re.compile(r"<h([1-6])([^>]*)>(.*?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


@dataclass
class Outline:
    """The headings of a page so far. The first becomes the page's only `h1`; no level is skipped."""

    title: str = ""
    entries: list[tuple[str, str]] = field(default_factory=list)
    _level: int = 1
    _used: set[str] = field(default_factory=set)

    def place(self, match: re.Match[str]) -> str:
        """The heading of the match, with its right level and a unique id."""
        text = html.unescape(_TAG.sub("", match[3])).strip()
        anchor = self._anchor(text)
        if not self.title:
            self.title = text
            return f'<h1 id="{anchor}">{match[3]}</h1>'
        self._level = min(max(int(match[1]), 2), self._level + 1)
        if self._level == 2:
            self.entries.append((anchor, text))
        return f'<h{self._level} id="{anchor}">{match[3]}</h{self._level}>'

    def _anchor(self, text: str) -> str:
        base = re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "section"
        anchor, count = base, 1
        while anchor in self._used:
            count += 1
            anchor = f"{base}-{count}"
        self._used.add(anchor)
        return anchor


def render_markdown(cell: Any, outline: Outline, *, folder: Path, where: str) -> str:
    """One markdown cell as safe HTML; `folder` is where its image files lie."""
    try:
        from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    except ImportError as error:
        raise MissingDependencyError("nbconvert", extra="export") from error
    renderer = IPythonRenderer(
        escape=False,
        embed_images=True,
        exclude_anchor_links=True,
        path=str(folder),
        attachments=cell.get("attachments", {}),
    )
    rendered = MarkdownWithMath(renderer=renderer).render(cell.source)
    return _HEADING.sub(outline.place, sanitize(rendered, where=where))


def first_question(notebook: Any) -> str:
    """The first line of prose below the title: by convention the question the notebook answers."""
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for block in re.split(r"\n\s*\n", cell.source):
            text = " ".join(block.split())
            if text and not text.startswith(("#", "<", "!", "|", "```", "---")):
                return _plain_text(text)
    return ""


def first_title(notebook: Any) -> str:
    """The text of the first heading in the prose, `""` if there is none."""
    for cell in notebook.cells:
        match = re.search(r"^#{1,6}\s+(.+?)\s*#*$", cell.source, flags=re.MULTILINE)
        if cell.cell_type == "markdown" and match:
            return _plain_text(match[1])
    return ""


def _plain_text(markdown: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)|[*_`]", r"\1", markdown)
