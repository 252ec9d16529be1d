"""What several figures draw alike: times on an axis, a word where there is nothing, units after numbers."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.units import Scale
from obslib.figures import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

BLANK_HEIGHT = 220
_REMARK = "PromQL info"
_NO_SPACE = {"", "k", "M", "G", "T", "P"}


def positions(times: pd.DatetimeIndex) -> dict[str, Any]:
    """The x of a trace: regular times as start and step (a tenth of the bytes), others one by one."""
    steps = np.unique(np.diff(times.asi8))
    if len(steps) == 1 and steps[0] % 1_000_000 == 0:
        return {"x0": f"{times[0]:%Y-%m-%d %H:%M:%S.%f}"[:-3], "dx": int(steps[0] // 1_000_000)}
    return {"x": millis(times)}


def millis(times: pd.DatetimeIndex) -> npt.NDArray[np.float64]:
    """Epoch milliseconds, which a date axis reads too: 11 bytes a point where text takes 30."""
    return np.asarray(times.asi8, dtype=np.float64) / 1e6


def unit_text(scale: Scale) -> str:
    """The suffix after a number, escaped: `2k`, but `2 s`."""
    suffix = scale.suffix if scale.suffix in _NO_SPACE else f" {scale.suffix}"
    return html.escape(suffix, quote=False)


def say(figure: go.Figure, text: str, *, x: float = 0.5, y: float = 0.5, width: int = 100) -> None:
    """Write a sentence where there is nothing to draw (in place), in lines of `width` letters.

    `x` and `y` are shares of the paper.
    """
    lines = textwrap.wrap(text, width, break_on_hyphens=False)
    figure.add_annotation(
        text="<br>".join(html.escape(line, quote=False) for line in lines),
        x=x,
        y=y,
        xref="paper",
        yref="paper",
        showarrow=False,
        font={"size": 13, "color": theme.LIGHT.muted},
    )


def titles(title: str, *below: str) -> dict[str, Any]:
    """The layout's title and the lines below it, escaped."""
    text = html.escape(" — ".join(filter(None, below)), quote=False)
    return {
        "title": {"text": html.escape(title, quote=False), "subtitle": {"text": text}},
        "margin": {"t": 64 if text else 48},
    }


def range_mode(lowest: float, highest: float, unit: str) -> str:
    """From zero, so that heights compare; but shares near their top (availability) show where they differ."""
    near_top = unit in {"1", "%"} and lowest > 0.9 * highest
    return "tozero" if lowest >= 0 and not near_top else "normal"


def warnings_of(provenance: Mapping[str, Any]) -> list[str]:
    """Warnings of the backend as sentences for a subtitle; mere remarks are only counted there."""
    said = list(provenance.get("warnings", ()))
    warnings = [f"warning: {text}" for text in said if not text.startswith(_REMARK)]
    remarks = len(said) - len(warnings)
    return [*warnings, *([f"{remarks} {'remark' if remarks == 1 else 'remarks'} of PromQL"] if remarks else [])]
