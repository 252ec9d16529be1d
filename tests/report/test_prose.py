"""Markdown cells."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from obslib.report.prose import Outline, first_question, first_title, render_markdown
from tests.report.support import code, notebook, prose

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def rendered(*texts: str, folder: Path = Path()) -> tuple[str, Outline]:
    outline = Outline()
    return "".join(render_markdown(prose(text), outline, folder=folder, where="x") for text in texts), outline


def test_a_page_has_one_h1_and_skips_no_level():
    page, outline = rendered("# Title", "# Part\n\n#### Deep\n\n## Next\n\n### Below", "Text")
    assert re.findall(r"<(h\d)", page) == ["h1", "h2", "h3", "h2", "h3"]
    assert outline.title == "Title"
    assert outline.entries == [("part", "Part"), ("next", "Next")]


def test_equal_headings_get_different_anchors():
    page, _ = rendered("# A", "## A", "## A")
    assert re.findall(r'id="([^"]+)"', page) == ["a", "a-2", "a-3"]


def test_markup_in_prose_is_safe():
    page, _ = rendered("# T\n\n<script>alert(1)</script> <b onclick=x>b</b> text")
    assert "<script" not in page
    assert "onclick" not in page


def test_images_beside_the_notebook_are_embedded(tmp_path):
    (tmp_path / "dot.png").write_bytes(DOT)
    page, _ = rendered("![a dot](dot.png)", folder=tmp_path)
    assert "data:image/png;base64," in page
    assert 'alt="a dot"' in page


def test_attached_images_are_embedded():
    cell = prose("![x](attachment:dot.png)", attachments={"dot.png": {"image/png": base64.b64encode(DOT).decode()}})
    assert "data:image/png;base64," in render_markdown(cell, Outline(), folder=Path(), where="x")


def test_the_question_is_the_first_line_below_the_title():
    book = notebook(
        code("1"), prose("# How is *it*?\n\n> x"), prose("## Part\n\nIs [it](a.ipynb) **well**?\nReally?\n\nMore.")
    )
    assert first_title(book) == "How is it?"
    assert (
        first_question(notebook(prose("# T\n\nIs [it](a.ipynb) **well**?\nReally?\n\nMore."))) == "Is it well? Really?"
    )
    assert first_question(notebook(code("1"))) == first_title(notebook()) == ""
