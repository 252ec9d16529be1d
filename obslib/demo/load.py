"""How many requests arrive: daily and weekly shape, growth, campaigns, and noise with heavy tails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from obslib.demo.clock import Floats, Grid
from obslib.demo.ids import stream
from obslib.demo.knobs import Knobs
from obslib.demo.routes import ROUTES

BASE_RATE = 36.0
"""Mean requests per second at the end of the data, on an average day."""
GROWTH_PER_DAY = 0.006


@dataclass(frozen=True)
class Campaign:
    """A marketing campaign: traffic is `factor` times the usual at its height."""

    name: str
    start: str
    end: str
    factor: float
    channel: str


CAMPAIGNS = (
    Campaign("Autumn price hunt", "2026-10-10T06:00Z", "2026-10-11T22:00Z", 1.55, "newsletter"),
    Campaign("Student week", "2026-10-19T07:00Z", "2026-10-21T21:00Z", 1.25, "social"),
    Campaign("Early winter jackets", "2026-10-28T08:00Z", "2026-10-28T23:00Z", 1.45, "newsletter"),
)


def daily_shape(hour: Floats, weekday: Floats) -> Floats:
    """Relative traffic over the week, mean about 1: lunch and evening peaks, later and fuller at weekends."""
    weekend = weekday >= 5
    evening = np.where(weekend, 18.2, 19.0)
    lunch = np.where(weekend, 12.5, 11.2)
    bump = 0.85 * _bump(hour, lunch, 2.8) + 1.25 * _bump(hour, evening, 2.6) + 0.25 * _bump(hour, 8.0, 1.8)
    level = np.where(weekend, 1.12, 1.0) * np.where(weekday == 0, 1.05, 1.0)
    return np.asarray((0.28 + bump) * level / 0.93)


def visitor_load(grid: Grid, seed: int) -> Floats:
    """Requests per second of the whole platform, per minute, before incidents."""
    rng = stream(seed, "load")
    shape = daily_shape(grid.hour, grid.weekday.astype(np.float64))
    growth = np.exp(GROWTH_PER_DAY * grid.day)
    return BASE_RATE * shape * growth * campaign_factor(grid) * _noise(rng, grid.size)


def campaign_factor(grid: Grid) -> Floats:
    """The factor of the campaign that runs, 1 without one; it rises and falls over an hour."""
    factor = np.ones(grid.size)
    minutes = np.arange(grid.size)
    for campaign in CAMPAIGNS:
        start, end = grid.minute(campaign.start), grid.minute(campaign.end)
        inside = np.clip(np.minimum(minutes - start, end - minutes) / 60.0, 0.0, 1.0)
        factor *= 1.0 + (campaign.factor - 1.0) * inside
    return factor


def route_rates(grid: Grid, knobs: Knobs, seed: int) -> dict[str, Floats]:
    """Requests per second of every route, per minute, incidents included."""
    visitors = visitor_load(grid, seed)
    rates = {}
    for route in ROUTES:
        if route.steady:
            work = (
                route.steady
                * np.exp(0.8 * GROWTH_PER_DAY * grid.day)
                * _noise(stream(seed, "rate", route.name), grid.size)
            )
        else:
            work = route.share * visitors * knobs.factor("rate", "visitors")
        rates[route.name] = work * knobs.factor("rate", route.name)
    return rates


def _bump(hour: Floats, centre: Floats | float, width: float) -> Floats:
    distance = (hour - centre + 12.0) % 24.0 - 12.0
    return np.asarray(np.exp(-0.5 * (distance / width) ** 2))


def _noise(rng: np.random.Generator, size: int) -> Floats:
    """Slow wander (AR(1) over hours) and heavy-tailed jitter per minute, mean about 1."""
    hours = np.asarray(pd.Series(rng.normal(0.0, 0.03, size // 30 + 2)).ewm(span=6).mean()) * 2.0
    slow = np.interp(np.arange(size), np.arange(len(hours)) * 30, hours)
    fast = 0.022 * rng.standard_t(4, size)
    return np.asarray(np.exp(slow + np.clip(fast, -0.25, 0.35)))
