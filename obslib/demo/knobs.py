"""What incidents turn: named quantities of the model, each a factor or an amount per minute.

Knobs that multiply (1 is usual): `rate` (a route, or "visitors"), `slow` (a part, or
"service /route", or "node:name"), `cpu` (a service), `consume` (a queue's workers), `gain` (a gauge).
Knobs that add (0 is usual): `wait` (seconds; "pool:service", "queue:name"), `fail` (probability; a
part), `refused` (probability; a route), `miss` (probability; "cache"), `level` (a gauge, in its
unit), `lines` (log lines per minute; a template's key).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from obslib.demo.clock import Floats, Grid

Shape = Literal["step", "ramp", "decay", "saw", "rest"]
PROCESSING_RATIO = 0.25
"""A stuck queue is worked off in this fraction of the time it stood."""


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One knob turned for a while.

    Parameters
    ----------
    size
        The factor or amount at full effect.
    shape
        `"step"` (in `rise` minutes up, `fall` minutes down), `"ramp"` (up to the end), `"decay"`
        (at once up, then halves every quarter of the time), `"saw"` (`teeth` ramps one after the
        other), `"rest"` (seconds left to the end, for things that stand still until then).
    delay, early
        Minutes after the incident's start, and before its end, that it begins and ends.
    """

    knob: str
    target: str
    size: float
    shape: Shape = "step"
    rise: float = 2.0
    fall: float = 3.0
    delay: float = 0.0
    early: float = 0.0
    teeth: int = 1


@dataclass(frozen=True)
class Turned:
    """An effect with its time, in minutes of a grid."""

    effect: Effect
    start: float
    end: float


class Knobs:
    """All effects together, by knob and target."""

    def __init__(self, grid: Grid, turned: Iterable[Turned]) -> None:
        self._minutes = np.arange(grid.size, dtype=np.float64)
        self._effects: dict[tuple[str, str], list[Turned]] = {}
        for one in turned:
            self._effects.setdefault((one.effect.knob, one.effect.target), []).append(one)

    def factor(self, knob: str, target: str) -> Floats | float:
        """Product of the factors per minute; the number 1 where nothing ever turns it."""
        result: Floats | float = 1.0
        for one in self._effects.get((knob, target), []):
            result = result * (1.0 + (one.effect.size - 1.0) * profile(self._minutes, one))
        return result

    def amount(self, knob: str, target: str) -> Floats | float:
        """Sum of the amounts per minute; the number 0 where nothing ever turns it."""
        result: Floats | float = 0.0
        for one in self._effects.get((knob, target), []):
            result = result + one.effect.size * profile(self._minutes, one)
        return result


def profile(minutes: Floats, turned: Turned) -> Floats:
    """How far the effect is turned at each minute, 0 to 1 (seconds for the shape "rest")."""
    effect, start, end = turned.effect, turned.start + turned.effect.delay, turned.end - turned.effect.early
    since, left = minutes - start, end - minutes
    inside = (since >= 0) & (left > 0)
    length = end - start
    if effect.shape == "step":
        up = np.clip((since + 1) / max(effect.rise, 1.0), 0.0, 1.0) * (since >= 0)
        return up * np.clip(1.0 + left / max(effect.fall, 1.0), 0.0, 1.0)
    if effect.shape == "ramp":
        return np.where(inside, since / length, 0.0)
    if effect.shape == "decay":
        return np.where(inside, 0.5 ** (np.maximum(since, 0.0) / (length / 4.0)), 0.0)
    if effect.shape == "saw":
        return np.where(inside, (since / length * effect.teeth) % 1.0, 0.0)
    return 60.0 * np.where(inside, left + PROCESSING_RATIO * since, 0.0)
