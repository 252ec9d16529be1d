"""The theme's colours are measured, not chosen by eye."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import plotly.graph_objects as go
import pytest

from obslib.figures import theme

# Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of Color
# Vision Deficiency", table 1, severity 1.0; for linear RGB.
SIGHT = {
    "full": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
OKABE_ITO_AT_ITS_WORST = 0.076


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson (2020), "A perceptual color space for image processing"."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    mixed = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return mixed @ np.cbrt(cones @ np.clip(rgb, 0, 1))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    light, dark = sorted((float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_series_colours_stay_apart_for_colour_blind_readers(colours, sight):
    seen = [oklab(np.asarray(SIGHT[sight]) @ linear(colour)) for colour in colours.series]
    nearest = min(np.linalg.norm(one - other) for one, other in combinations(seen, 2))
    assert nearest > 0.11 > OKABE_ITO_AT_ITS_WORST


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_lines_have_three_to_one_and_text_four_and_a_half_to_one_contrast(colours):
    assert min(contrast(colour, colours.page) for colour in (*colours.series, colours.event)) >= 3
    assert min(contrast(colour, colours.page) for colour in (colours.text, colours.muted, colours.threshold)) >= 4.5
    assert contrast(colours.text, colours.hover) >= 4.5


def test_every_light_colour_has_one_dark_twin():
    assert len(theme.DARK_TWINS) == len(set(theme.DARK_TWINS.values())) == 22


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_more_heat_is_further_from_the_page_to_every_reader(colours, sight):
    lightness = [oklab(np.asarray(SIGHT[sight]) @ linear(colour))[0] for colour in (colours.page, *colours.heat)]
    steps = np.diff(lightness)
    assert (np.sign(steps) == np.sign(steps[-1])).all()
    assert np.abs(steps[1:]).min() > 0.07


def test_eighteen_series_have_eighteen_different_styles():
    assert len({theme.line_style(place) for place in range(18)}) == 18


def test_templates_are_valid_to_plotly_and_differ_only_in_colours():
    light, dark = theme.template(theme.LIGHT), theme.template(theme.DARK)
    assert go.Figure(layout={"template": light}).layout.template.layout.paper_bgcolor == theme.LIGHT.page
    assert repr(dark) == repr(swap(light))


def swap(value: object) -> object:
    if isinstance(value, dict):
        return {name: swap(one) for name, one in value.items()}
    if isinstance(value, list):
        return [swap(one) for one in value]
    return theme.DARK_TWINS.get(value, value) if isinstance(value, str) else value
