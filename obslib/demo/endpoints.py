"""Every endpoint seen from outside, per minute: what its HTTP metrics are drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from obslib.demo.calls import SERVER, SPREAD, Route
from obslib.demo.clock import Floats
from obslib.demo.model import Level, Model
from obslib.demo.routes import ROUTES
from obslib.demo.topology import BY_NAME

MEAN_BY_MEDIAN = math.exp(SPREAD**2 / 2)
VARIANCE_BY_MEAN_SQUARED = math.exp(SPREAD**2) - 1.0
WAIT_SHAPE = 3.0
"""Shape of the gamma distribution of waits for a connection."""


@dataclass(frozen=True)
class Pace:
    """A log-normal duration per minute: median seconds, and sigma of the logarithm."""

    median: Floats
    sigma: Floats


@dataclass(frozen=True)
class Endpoint:
    """A server span's route seen from outside, per minute.

    `quick` and `slow` are its durations with the cache hit and missed, `miss` the share of the
    latter; `failed` and `refused` are the shares of 5xx and 4xx answers.
    """

    service: str
    method: str
    route: str
    rate: Floats
    quick: Pace
    slow: Pace
    miss: Floats
    failed: Floats
    refused: Floats
    success_code: int
    refused_code: int
    failed_code: int

    @property
    def typical(self) -> Floats:
        """Median seconds, hits and misses together."""
        return self.quick.median * (1.0 - self.miss) + self.slow.median * self.miss


def see_endpoints(model: Model) -> list[Endpoint]:
    """All endpoints of the model; one that several routes call is one endpoint."""
    found: dict[tuple[str, str, str], list[Endpoint]] = {}
    for route in ROUTES:
        for endpoint in _endpoints_of(model, route):
            found.setdefault((endpoint.service, endpoint.method, endpoint.route), []).append(endpoint)
    return [_merge(group) for group in found.values()]


def _endpoints_of(model: Model, route: Route) -> list[Endpoint]:
    full = np.ones(model.grid.size)
    miss, refused = model.miss(route), model.refused(route)
    hit, missed = model.reach(route, missed=False), model.reach(route, missed=True)
    seen = []
    for me, call in enumerate(route.nodes):
        if call.kind != SERVER:
            continue
        failed = _failure(model, route, me, miss)
        quick, slow = (_pace(model, route, me, missed=case) for case in (False, True))
        seen.append(
            Endpoint(
                call.service,
                str(call.attributes["http.request.method"]),
                call.route,
                rate=model.rate_of(route, me, hit[me] * (1.0 - miss) + missed[me] * miss),
                quick=quick,
                slow=slow,
                miss=miss * full,
                failed=failed * full,
                refused=(refused if me in route.refusing_path else 0.0) * (1.0 - failed) * full,
                success_code=route.code(me, failed=False),
                refused_code=route.refused_code,
                failed_code=route.code(me, failed=True),
            )
        )
    return seen


def _pace(model: Model, route: Route, me: int, *, missed: bool) -> Pace:
    """The log-normal with the mean and variance of the call's duration."""
    mean, variance = _moments(model, route, me, missed=missed)
    full = np.ones(model.grid.size)
    square = np.log1p(variance / mean**2)
    return Pace(mean * np.exp(-square / 2.0) * full, np.sqrt(square) * full)


def _moments(model: Model, route: Route, me: int, *, missed: bool) -> tuple[Level, Level]:
    """Mean and variance of a call's duration, of which its children's are part."""
    call = route.nodes[me]
    own = call.ms / 1e3 * MEAN_BY_MEDIAN * model.slowness(call)
    if call.part in BY_NAME:
        own = own * model.node_slowness(call.part)
    wait = model.waiting(call)
    parts: list[tuple[Level, Level]] = []
    chance: Level = 1.0
    for child in route.children[me]:
        below = route.nodes[child]
        if below.detached or (below.on == "miss" and not missed):
            continue
        chance = chance * model.first_failure(route, child) if below.on == "retry" else model.chance(below)
        mean, variance = _moments(model, route, child, missed=missed)
        parts.append((mean * chance, chance * variance + chance * (1.0 - chance) * mean**2))
    if call.parallel:
        parts = [_longest(parts)]
    total = own + wait + sum((mean for mean, _ in parts), 0.0)
    spread = VARIANCE_BY_MEAN_SQUARED * own**2 + wait**2 / WAIT_SHAPE
    return total, spread + sum((variance for _, variance in parts), 0.0)


def _longest(parts: list[tuple[Level, Level]]) -> tuple[Level, Level]:
    """Of calls side by side the one that takes longest, minute by minute."""
    mean, variance = parts[0]
    for other, its_variance in parts[1:]:
        variance = np.where(np.asarray(other) > mean, its_variance, variance)
        mean = np.maximum(mean, other)
    return mean, variance


def _failure(model: Model, route: Route, me: int, miss: Level) -> Level:
    """Probability that the call fails, its callees and their repetition included."""
    works: Level = 1.0 - model.failing(route.nodes[me].part)
    children = [child for child in route.children[me] if not route.nodes[child].detached]
    for place, child in enumerate(children):
        call = route.nodes[child]
        if call.on == "retry":
            continue
        attempts = 1 + sum(1 for later in children[place + 1 :] if route.nodes[later].on == "retry")
        runs = model.chance(call) * (miss if call.on == "miss" else 1.0)
        works = works * (1.0 - runs * _failure(model, route, child, miss) ** attempts)
    return 1.0 - works


def _merge(group: list[Endpoint]) -> Endpoint:
    """The same endpoint called from several routes: rates add, the rest is their weighted mean."""
    if len(group) == 1:
        return group[0]
    first, zero = group[0], np.zeros_like(group[0].rate)
    rate = sum((one.rate for one in group), zero)
    weights = [one.rate / np.maximum(rate, 1e-12) for one in group]

    def mean(values: list[Floats]) -> Floats:
        return sum((weight * value for weight, value in zip(weights, values, strict=True)), zero)

    def pace(paces: list[Pace]) -> Pace:
        return Pace(mean([one.median for one in paces]), mean([one.sigma for one in paces]))

    return Endpoint(
        first.service,
        first.method,
        first.route,
        rate=rate,
        quick=pace([one.quick for one in group]),
        slow=pace([one.slow for one in group]),
        miss=mean([one.miss for one in group]),
        failed=mean([one.failed for one in group]),
        refused=mean([one.refused for one in group]),
        success_code=first.success_code,
        refused_code=first.refused_code,
        failed_code=first.failed_code,
    )
