"""What an incident is: effects on the model, what people saw of it, and the truth about it.

The incidents themselves stand in `incidents.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
import pandas as pd

from obslib.core.frames import EVENTS
from obslib.demo.clock import Grid
from obslib.demo.knobs import Effect, Knobs, Turned

Severity = Literal["critical", "high", "medium", "low"]


class Incident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One labelled incident.

    Parameters
    ----------
    service, cause_metric
        The cause: who, and the series (as a PromQL selector) that shows it first.
    title
        What the on-call person called it when opening it: symptoms, no cause.
    affected
        Services that degrade with it, callers included.
    signals
        Where it can be seen: of `"metrics"`, `"logs"`, `"spans"`, `"events"`.
    detected, acknowledged, resolved
        Minutes from start to the alert, from alert to acknowledgement, from end to "resolved".
    release, rollback
        Service whose deploy began it at the start, and whether the end is its rollback.
    config
        The config change just before, if one began it: `(service, what)`.
    restarts
        Minutes after the start at which the cause's containers are killed and restart.
    alerts
        Alert rules that fired.
    """

    name: str
    start: str
    end: str
    severity: Severity
    service: str
    cause_metric: str
    title: str
    affected: tuple[str, ...]
    signals: tuple[str, ...]
    effects: tuple[Effect, ...]
    alerts: tuple[str, ...]
    detected: float = 4.0
    acknowledged: float = 3.0
    resolved: float = 6.0
    release: bool = False
    rollback: bool = False
    config: tuple[str, str] | None = None
    restarts: tuple[float, ...] = ()


@dataclass(frozen=True)
class Placed:
    """An incident on a grid, in minutes."""

    incident: Incident
    start: float
    end: float


@cache
def declared() -> tuple[Incident, ...]:
    """Every incident of `incidents.toml`."""
    content = tomllib.loads(files("obslib.demo").joinpath("incidents.toml").read_text("utf-8"))
    return msgspec.convert(content["incident"], tuple[Incident, ...])


def placed(grid: Grid) -> list[Placed]:
    """The incidents that begin within the grid, by start."""
    found = [Placed(one, grid.minute(one.start), grid.minute(one.end)) for one in declared()]
    return sorted((one for one in found if one.start >= 0), key=lambda one: one.start)


def turn_knobs(grid: Grid, incidents: Sequence[Placed]) -> Knobs:
    """All effects of the incidents."""
    return Knobs(grid, _turned(incidents))


def truth_table(grid: Grid) -> pd.DataFrame:
    """The incidents of the grid as EVENTS; see `obslib.demo.truth`."""
    rows = [one.incident for one in placed(grid)]
    start, end = (pd.to_datetime([getattr(row, side) for row in rows], utc=True) for side in ("start", "end"))
    opened = start + pd.to_timedelta([row.detected for row in rows], unit="min")
    return EVENTS.build(
        {
            "start": start,
            "end": end,
            "kind": ["incident"] * len(rows),
            "name": [row.name for row in rows],
            "severity": [row.severity for row in rows],
            "service": [row.service for row in rows],
            "source": ["truth"] * len(rows),
            "cause_metric": [row.cause_metric for row in rows],
            "affected": [", ".join(row.affected) for row in rows],
            "signals": [", ".join(row.signals) for row in rows],
            "acknowledged": opened + pd.to_timedelta([row.acknowledged for row in rows], unit="min"),
            "resolved": end + pd.to_timedelta([row.resolved for row in rows], unit="min"),
        }
    )


def _turned(incidents: Iterable[Placed]) -> list[Turned]:
    return [Turned(effect, one.start, one.end) for one in incidents for effect in one.incident.effects]
