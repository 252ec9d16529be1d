"""Pods over time: releases replace them, drained nodes move them, the kernel kills their containers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from obslib.demo.clock import DAY_MINUTES, Flags, Floats, Grid, Ints
from obslib.demo.ids import pod_suffix, stream
from obslib.demo.incidents import Placed
from obslib.demo.topology import NODES, SERVICES, Machine, Service

ROLLOUT_STEP = 2
"""Minutes between the replacement of one replica and the next."""
CLEARANCE = 90
"""Minutes that ordinary releases keep from incidents: nobody deploys into a fire."""
DRAINS = (("2026-10-17T04:00Z", 2, 0), ("2026-10-25T04:30Z", 5, 2))
"""Maintenance: moment, node drained, node that takes over until the next release."""


@dataclass(frozen=True)
class Release:
    """One rollout of a service, in minutes of the grid."""

    service: str
    minute: float
    version: str
    previous: str
    kind: str = "release"  # or rollback


@dataclass(frozen=True)
class Pod:
    """One pod from `start` to `end` (minutes of the grid; the first ones started before it)."""

    name: str
    service: Service
    node: Machine
    version: str
    address: str
    start: float
    end: float
    restarts: tuple[float, ...] = ()


@dataclass(frozen=True)
class Fleet:
    """Every pod of the grid, and the releases that made them."""

    pods: list[Pod]
    releases: list[Release]
    slots: dict[str, list[list[int]]] = field(repr=False)

    def running(self, service: str, slot: npt.NDArray[np.integer], minutes: Floats) -> Ints:
        """Position in `pods` of the pod that fills `slot` of a service at each moment."""
        found = np.zeros(len(minutes), dtype=np.int64)
        for number, line in enumerate(self.slots[service]):
            mine: Flags = slot == number
            starts = np.array([self.pods[i].start for i in line])
            place = np.searchsorted(starts, minutes[mine], side="right") - 1
            found[mine] = np.array(line)[np.maximum(place, 0)]
        return found


def build_fleet(grid: Grid, incidents: Sequence[Placed], seed: int) -> Fleet:
    """Lay out releases, then pods, deterministically by `seed`."""
    releases = _releases(grid, incidents, seed)
    pods: list[Pod] = []
    slots: dict[str, list[list[int]]] = {}
    for service in SERVICES:
        mine = [one for one in releases if one.service == service.name]
        kills = [
            one.start + after for one in incidents if one.incident.service == service.name
            for after in one.incident.restarts
        ]  # fmt: skip
        slots[service.name] = []
        for slot, home in enumerate(service.homes):
            line = _line(grid, service, (slot, home), mine, stream(seed, "pods", service.name, slot))
            line = [replace(pod, restarts=_within(pod, kills, slot)) for pod in line]
            slots[service.name].append(list(range(len(pods), len(pods) + len(line))))
            pods += line
    return Fleet(pods, releases, slots)


def _within(pod: Pod, kills: list[float], slot: int) -> tuple[float, ...]:
    return tuple(kill + slot for kill in kills if pod.start < kill + slot < pod.end)


def _line(
    grid: Grid, service: Service, place: tuple[int, int], releases: list[Release], rng: np.random.Generator
) -> list[Pod]:
    """The pods that fill one replica's place, one after the other."""
    slot, home = place
    first = releases[0].previous if releases else f"{service.major}.0.0"
    changes: list[tuple[float, str, int]] = [(-float(rng.integers(600, 9_000)), first, home)]
    changes += [(one.minute + ROLLOUT_STEP * slot, one.version, home) for one in releases]
    if not service.stateful:
        for moment, node, refuge in DRAINS:
            at = grid.minute(moment)
            if node == home and at > 0:
                version = max((c for c in changes if c[0] < at), key=lambda c: c[0])[1]
                changes.append((at + float(rng.integers(0, 6)), version, refuge))
    changes.sort()
    ends = [change[0] for change in changes[1:]] + [float("inf")]
    pods = []
    for (start, version, node), end in zip(changes, ends, strict=True):
        name = f"{service.name}-{slot}" if service.stateful else _pod_name(service, version, rng)
        address = f"10.42.{node}.{rng.integers(10, 250)}"
        pods.append(Pod(name, service, NODES[node], version, address, start, end))
    return pods


def _pod_name(service: Service, version: str, rng: np.random.Generator) -> str:
    replica_set = pod_suffix(stream(0, service.name, version), 9)
    return f"{service.name}-{replica_set}-{pod_suffix(rng, 5)}"


def _releases(grid: Grid, incidents: Sequence[Placed], seed: int) -> list[Release]:
    made: list[Release] = []
    for service in SERVICES:
        if service.stateful:
            continue
        plan = [(float(minute), "release") for minute in _ordinary(grid, service, incidents, seed)]
        for one in incidents:
            if one.incident.service == service.name and one.incident.release:
                plan.append((one.start - 1.0, "release"))
                if one.incident.rollback:
                    plan.append((one.end - ROLLOUT_STEP, "rollback"))
        made += _numbered(service, sorted(plan), stream(seed, "versions", service.name))
    return sorted(made, key=lambda one: (one.minute, one.service))


def _ordinary(grid: Grid, service: Service, incidents: Sequence[Placed], seed: int) -> list[int]:
    """About one release per service and week, on weekdays in office hours, away from incidents."""
    rng = stream(seed, "releases", service.name)
    chosen = []
    for day in range(grid.days):
        minute = day * DAY_MINUTES + int(rng.integers(0, DAY_MINUTES))
        fits = grid.weekday[minute] < 5 and 7.5 <= grid.hour[minute] <= 15.5
        clear = all(minute < one.start - CLEARANCE or minute > one.end + CLEARANCE for one in incidents)
        if fits and clear and rng.random() < 0.6:
            chosen.append(minute)
    return chosen


def _numbered(service: Service, plan: list[tuple[float, str]], rng: np.random.Generator) -> list[Release]:
    minor, patch = int(rng.integers(4, 30)), int(rng.integers(0, 6))
    history = [f"{service.major}.{minor}.{patch}"]
    made = []
    for minute, kind in plan:
        if kind == "rollback":
            version = history[-2]
        elif rng.random() < 0.5:
            minor, patch = minor + 1, 0
            version = f"{service.major}.{minor}.{patch}"
        else:
            patch += 1
            version = f"{service.major}.{minor}.{patch}"
        made.append(Release(service.name, minute, version, history[-1], kind))
        history.append(version)
    return made
