"""The only colours, fonts and line styles of all figures and exports, for light and dark pages.

Figures are made with the light colours. An export for a dark page replaces each light colour by
its dark twin (`DARK_TWINS`), so a figure must use no colour that is not from here.

The six series colours keep at least 0.11 of OKLab distance from each other for readers with full
colour vision, protanopia, deuteranopia and tritanopia (Okabe and Ito's palette: 0.076), and 3:1
contrast to their page; beyond six the line style changes as well. The theme's test measures this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'
DASHES = ("solid", "dash", "dot")


@dataclass(frozen=True)
class Colours:
    """The colour of every part a figure can have, on one kind of page."""

    page: str
    text: str
    muted: str
    grid: str
    axis: str
    band: str
    event: str
    event_span: str
    threshold: str
    hover: str
    heat: tuple[str, ...]
    series: tuple[str, ...]


LIGHT = Colours(
    page="#FFFFFF",
    text="#1C2330",
    muted="#5A6374",
    grid="#E6E9EF",
    axis="#B4BCC9",
    band="rgba(108,118,135,0.24)",
    event="#4A5161",
    event_span="rgba(74,81,97,0.10)",
    threshold="#B3261E",
    hover="#FDFDFE",
    heat=("#F3F6FC", "#C6D5F6", "#92B1F0", "#5C87DF", "#2F5AB8", "#12296A"),
    series=("#0561FD", "#C18B1A", "#0C714D", "#8B0781", "#CC0700", "#009BF4"),
)
DARK = Colours(
    page="#14171C",
    text="#E8EBF0",
    muted="#A3ACBA",
    grid="#2A303A",
    axis="#4C5564",
    band="rgba(158,168,185,0.24)",
    event="#C3CAD6",
    event_span="rgba(195,202,214,0.12)",
    threshold="#FF8A80",
    hover="#1F242C",
    heat=("#1A1F29", "#243C6E", "#2E5FB2", "#4F8CE8", "#8EBCFE", "#DDECFF"),
    series=("#929BFF", "#D6F94E", "#2B914E", "#FF56A8", "#E0AB10", "#81E3FF"),
)


def _flat(colours: Colours) -> list[str]:
    *parts, heat, series = astuple(colours)
    return [*parts, *heat, *series]


DARK_TWINS: Mapping[str, str] = dict(zip(_flat(LIGHT), _flat(DARK), strict=True))
"""Light colour -> dark colour, for every colour a figure may use."""


@dataclass(frozen=True)
class LineStyle:
    """How one series is drawn."""

    color: str
    dash: str


def line_style(position: int) -> LineStyle:
    """The style of the series at this position of the legend: colours first, then dashes.

    >>> line_style(0).dash, line_style(6).dash, line_style(0).color == line_style(6).color
    ('solid', 'dash', True)
    """
    colours = LIGHT.series
    return LineStyle(colours[position % len(colours)], DASHES[position // len(colours) % len(DASHES)])


def heat_scale() -> list[tuple[float, str]]:
    """Colours from nothing to the most. The steps grow with the square, so that rare values stay visible."""
    colours = LIGHT.heat
    return [((place / (len(colours) - 1)) ** 2, colour) for place, colour in enumerate(colours)]


def template(colours: Colours = LIGHT) -> dict[str, object]:
    """The layout template of all figures, as plain data (about 1 kB in a stored figure)."""
    axis = {
        "gridcolor": colours.grid,
        "linecolor": colours.axis,
        "tickcolor": colours.axis,
        "zeroline": False,
        "automargin": True,
        "title": {"font": {"size": 12, "color": colours.muted}, "standoff": 8},
        "tickfont": {"size": 12, "color": colours.muted},
    }
    return {
        "layout": {
            "paper_bgcolor": colours.page,
            "plot_bgcolor": colours.page,
            "colorway": list(colours.series),
            "font": {"family": FONT, "size": 13, "color": colours.text},
            "title": {
                "x": 0,
                "xref": "container",
                "pad": {"l": 12},
                "font": {"size": 16, "color": colours.text},
                "subtitle": {"font": {"size": 12, "color": colours.muted}},
            },
            "margin": {"l": 12, "r": 16, "t": 16, "b": 12},
            "xaxis": axis | {"showgrid": False, "showline": True, "ticks": "outside", "ticklen": 4},
            "yaxis": axis | {"showgrid": True, "showline": False, "ticklabelstandoff": 6},
            "hovermode": "x unified",
            "hoverlabel": {"bgcolor": colours.hover, "bordercolor": colours.axis, "namelength": -1}
            | {"font": {"family": FONT, "size": 12, "color": colours.text}},
            "legend": {"font": {"size": 12}, "title": {"font": {"size": 12, "color": colours.muted}}},
        }
    }
