"""Everything the signals are drawn from, built once: grid, incidents, model and fleet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from obslib.demo.clock import Grid
from obslib.demo.fleet import Fleet, build_fleet
from obslib.demo.ids import stream
from obslib.demo.incidents import Placed, placed, turn_knobs
from obslib.demo.knobs import Knobs
from obslib.demo.model import Model


@dataclass(frozen=True)
class Platform:
    """One run of the demo platform."""

    seed: int
    scale: float
    grid: Grid
    incidents: list[Placed]
    knobs: Knobs
    model: Model
    fleet: Fleet

    @classmethod
    def of(cls, seed: int, scale: float, days: int) -> Platform:
        """Build it; deterministic by its arguments."""
        grid = Grid(days)
        incidents = placed(grid)
        knobs = turn_knobs(grid, incidents)
        model, fleet = Model.of(grid, knobs, seed), build_fleet(grid, incidents, seed)
        return cls(seed, scale, grid, incidents, knobs, model, fleet)

    def rng(self, *purpose: object) -> np.random.Generator:
        """The random stream of one purpose."""
        return stream(self.seed, *purpose)
