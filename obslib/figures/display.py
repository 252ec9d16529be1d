"""How figures show themselves in notebooks: as plotly's JSON, plus their summary as plain text.

The plain text is what a front end without plotly shows, and what tests of notebooks compare. With
`OBSLIB_FIGURES=text` in the environment figures show only it: so the notebooks' stored outputs stay
small and equal on every machine. Whoever chose another plotly renderer keeps theirs.
"""

from __future__ import annotations

import functools
import os

ENVIRONMENT = "OBSLIB_FIGURES"
_TEXT = "obslib_text"
_STOCK = "plotly_mimetype"


@functools.cache
def use_notebook_display() -> None:
    """Register the plain-text renderer once and add it where plotly would show its JSON alone."""
    import plotly.io as pio
    from plotly.io.base_renderers import MimetypeRenderer

    from obslib.figures.summary import figure_summary

    class SummaryRenderer(MimetypeRenderer):  # type: ignore[misc]  # plotly has no types
        def to_mimebundle(self, fig_dict: dict[str, object]) -> dict[str, str]:
            return {"text/plain": figure_summary(fig_dict)}

    pio.renderers[_TEXT] = SummaryRenderer()
    if os.environ.get(ENVIRONMENT) == "text":
        pio.renderers.default = _TEXT
    elif pio.renderers.default == _STOCK:
        pio.renderers.default = f"{_STOCK}+{_TEXT}"
