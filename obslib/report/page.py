"""The shell of a page: one file, a policy that lets nothing in or out, one script of our own."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from obslib.figures.plain import Plain
from obslib.report.packing import pack_figures, packed_plotly

_NO_SCRIPT = (
    '<noscript><p class="failed">Charts need JavaScript, which is switched off here. Every chart has its '
    "numbers below it, under «Numbers and source».</p></noscript>"
)


@dataclass(frozen=True)
class Page:
    """A page's parts: `body` is the inside of its `main`, `figures` what its script draws."""

    title: str
    body: str
    figures: Sequence[Plain] = ()
    style: str = "page.css"


def render_page(page: Page) -> str:
    """The page as one self-contained HTML file."""
    script = asset("page.js") if page.figures else ""
    blocks = _blocks(page.figures) if page.figures else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(page.title)}</title>\n<style>\n{asset(page.style)}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#main">Skip to the content</a>\n'
        f'<main id="main">\n{_NO_SCRIPT if page.figures else ""}{page.body}\n</main>\n{blocks}'
        f"{f'<script>{script}</script>' if script else ''}\n</body>\n</html>\n"
    )


@functools.cache
def asset(name: str) -> str:
    """The text of a packaged file of the page."""
    return (files("obslib.report") / "assets" / name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Only our script (by its hash) and the chart library it unpacks may run; nothing may be fetched."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    scripts = f"script-src 'sha256-{digest}' blob:; " if script else ""
    return (
        f"default-src 'none'; {scripts}style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _blocks(figures: Sequence[Plain]) -> str:
    kind = "application/gzip;base64"
    return (
        f'<script type="{kind}" id="figures">{pack_figures(figures)}</script>\n'
        f'<script type="{kind}" id="plotly">{packed_plotly()}</script>\n'
    )
