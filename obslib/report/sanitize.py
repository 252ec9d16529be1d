"""HTML that came out of a notebook, made safe: no scripts, no styles, nothing from the network."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from obslib.core.errors import MissingDependencyError, NotebookError

_TEXT_TAGS = frozenset(
    re.findall(
        r"\w+",
        "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure "
        "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre s samp section small span strong sub summary sup "
        "table tbody td tfoot th thead tr u ul var",
    )
)
_SVG_TAGS = frozenset(re.findall(r"\w+", "svg g path polyline polygon line rect circle ellipse text tspan title desc"))
_SVG_ATTRIBUTES = frozenset(
    re.findall(
        r"[\w-]+",
        "viewbox viewBox width height d points x y x1 x2 y1 y2 cx cy r rx ry fill stroke stroke-width stroke-dasharray "
        "stroke-linecap stroke-linejoin opacity transform preserveaspectratio preserveAspectRatio text-anchor "
        "font-size vector-effect",
    )
)
_PLAIN_ATTRIBUTES = frozenset(
    [
        "class",
        "title",
        "role",
        "aria-label",
        "aria-hidden",
        "colspan",
        "rowspan",
        "scope",
        "lang",
        "dir",
        "start",
        "alt",
    ]
)
_LINK = re.compile(r"(https?://|mailto:|#|[\w./-]+\.(html|ipynb)(#[\w-]*)?$)", re.IGNORECASE)
_EMBEDDED_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,", re.IGNORECASE)


def sanitize(markup: str, *, where: str) -> str:
    """Return the markup without anything that could run or be fetched.

    Links stay (they are followed only when clicked), those between notebooks lead to their exports.

    Raises
    ------
    NotebookError
        If something would be lost that a reader should see: an output that is only a script, or an
        image that is not embedded. `where` names the place in the notebook.
    """
    try:
        import bleach
    except ImportError as error:
        raise MissingDependencyError("bleach", extra="export") from error
    seen = _Seen()
    seen.feed(markup)
    seen.close()
    if seen.foreign_images:
        raise NotebookError(
            f"{where}: the image {seen.foreign_images[0]!r} is not part of the notebook.",
            fix="show it from a file with IPython.display.Image(filename=...), which embeds it.",
        )
    if seen.scripts and not seen.shows_something:
        raise NotebookError(
            f"{where}: the output is only a script, which an export does not run.",
            fix="return a plotly figure, a table or text (plotly's renderer must be 'plotly_mimetype').",
        )
    clean: str = bleach.clean(
        _without_raw_text(markup),
        tags=_TEXT_TAGS | _SVG_TAGS,
        attributes=_allowed,
        protocols={"http", "https", "mailto", "data"},
        strip=True,
        strip_comments=True,
    )
    note = '<p class="note">A script in this output was left out.</p>' if seen.scripts else ""
    return re.sub(r'(href="[\w./-]+)\.ipynb', r"\1.html", clean) + note


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "a" and name == "href":
        return _LINK.match(value.strip()) is not None
    if tag == "img" and name == "src":
        return _EMBEDDED_IMAGE.match(value.strip()) is not None
    if tag == "img" and name in {"width", "height"}:
        return value.isdigit()
    if tag in _SVG_TAGS and name in _SVG_ATTRIBUTES:
        return "url(" not in value
    return name in _PLAIN_ATTRIBUTES or (name == "id" and tag in {"h1", "h2", "h3", "h4", "h5", "h6"})


def _without_raw_text(markup: str) -> str:
    """Scripts and styles go with their text, which would otherwise show up on the page."""
    return re.sub(r"<(script|style)\b.*?(</\1\s*>|\Z)", "", markup, flags=re.IGNORECASE | re.DOTALL)


class _Seen(HTMLParser):
    """What a piece of markup holds, before it is cleaned."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.foreign_images: list[str] = []
        self.shows_something = False
        self._raw = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self._raw += 1
            self.scripts += tag == "script"
        if tag == "img":
            source = dict(attrs).get("src") or ""
            self.shows_something = True
            if not _EMBEDDED_IMAGE.match(source.strip()):
                self.foreign_images.append(source)
        if tag in {"svg", "table", "hr"}:
            self.shows_something = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._raw -= 1

    def handle_data(self, data: str) -> None:
        if not self._raw and data.strip():
            self.shows_something = True
