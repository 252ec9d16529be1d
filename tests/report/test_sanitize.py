"""Nothing that came out of a notebook runs, and nothing a reader should see is lost."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from obslib.core.errors import NotebookError
from obslib.report.sanitize import sanitize

PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)></svg>",
    "<svg><script>alert(1)</script></svg>text",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<iframe src='https://evil.example'></iframe>x",
    "<object data='x.swf'></object>x",
    "<form action='https://evil.example'><input name=a></form>x",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<div style='background:url(https://evil.example)'>x</div>",
    "<style>@import 'https://evil.example';</style>x",
    "<link rel=stylesheet href='https://evil.example'>x",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>x",
    "<base href='https://evil.example'>x",
    "<details open ontoggle=alert(1)>x</details>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>x",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>x",
    "<svg><rect fill='url(https://evil.example#a)' width='1'/></svg>",
    "<!--><img src=x onerror=alert(1)>-->x",
]


class Found(HTMLParser):
    """Tags and attributes that a browser would act on."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.acting: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.acting += [tag] if tag in {"script", "style", "iframe", "object", "form", "link", "meta", "base"} else []
        self.acting += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.acting += [value for _, value in attrs if value and value.startswith(("javascript:", "data:text"))]
        self.acting += [value for name, value in attrs if name != "title" and value and "evil.example" in value]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_are_defused_or_refused(payload):
    try:
        clean = sanitize(payload, where="here")
    except NotebookError:
        return  # an image from elsewhere, or nothing but a script
    assert Found(clean).acting == []


def test_tables_text_and_links_stay():
    table = '<table border="1" class="dataframe"><tbody><tr><th>a</th><td>1</td></tr></tbody></table>'
    assert sanitize(table, where="x") == table.replace(' border="1"', "")
    assert "https://example.com" in sanitize('<a href="https://example.com">x</a>', where="x")


def test_links_between_notebooks_lead_to_their_exports():
    assert 'href="01_next.html#part"' in sanitize('<a href="01_next.ipynb#part">x</a>', where="x")


def test_embedded_images_and_drawings_stay():
    assert "data:image/png;base64,AAAA" in sanitize('<img src="data:image/png;base64,AAAA">', where="x")
    svg = sanitize('<svg viewBox="0 0 1 1"><path d="M0 0" fill="none" stroke="red"></path></svg>', where="x")
    assert 'd="M0 0"' in svg
    assert "viewbox" in svg.lower()


def test_an_output_that_is_only_a_script_is_refused():
    with pytest.raises(NotebookError, match=r"book, cell 3 of 9: the output is only a script"):
        sanitize("<div><script>draw()</script></div>", where="book, cell 3 of 9")


def test_a_script_beside_content_is_left_out_and_that_is_said():
    clean = sanitize("<p>seen</p><script>draw()</script>", where="x")
    assert "draw()" not in clean
    assert "A script in this output was left out" in clean


def test_an_image_from_elsewhere_is_refused():
    with pytest.raises(NotebookError, match="not part of the notebook"):
        sanitize('<img src="https://example.com/a.png">', where="x")


def test_text_of_styles_does_not_show_up():
    assert sanitize("<style>.a { color: red }</style><b>x</b>", where="x") == "<b>x</b>"
