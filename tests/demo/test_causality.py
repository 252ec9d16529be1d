"""What incidents do to whom, against the same platform without them: causes reach callers, and only them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from obslib.demo.clock import Grid
from obslib.demo.endpoints import Endpoint, see_endpoints
from obslib.demo.incidents import declared, placed, turn_knobs
from obslib.demo.knobs import Knobs
from obslib.demo.model import Model
from obslib.demo.routes import ROUTES
from obslib.demo.topology import SERVICES

INCIDENTS = {one.name: one for one in declared()}
GRID = Grid(35)
CALLERS = {
    "postgresql": {"catalog", "price-tracker", "price-alerts", "users", "auth", "notifications"},
    "redis": {"catalog", "price-tracker", "auth", "price-alerts", "users", "notifications"},
}


@dataclass(frozen=True)
class World:
    """A model and its endpoints by service."""

    model: Model
    endpoints: dict[str, list[Endpoint]]

    @classmethod
    def of(cls, knobs: Knobs) -> World:
        model = Model.of(GRID, knobs, 7)
        endpoints: dict[str, list[Endpoint]] = {service.name: [] for service in SERVICES}
        for one in see_endpoints(model):
            endpoints[one.service].append(one)
        return cls(model, endpoints)


@pytest.fixture(scope="module")
def worlds() -> tuple[World, World]:
    """As it was, and as it would have been."""
    return World.of(turn_knobs(GRID, placed(GRID))), World.of(Knobs(GRID, []))


def ratio(one: np.ndarray | float, other: np.ndarray | float, inside: slice) -> float:
    """The largest of the ratios within the incident, either way."""
    values = [np.broadcast_to(np.asarray(level, dtype=float), GRID.size)[inside] for level in (one, other)]
    share = np.maximum(values[0], 1e-9) / np.maximum(values[1], 1e-9)
    return float(np.max(np.maximum(share, 1.0 / share)))


def change(worlds: tuple[World, World], service: str, inside: slice) -> float:
    """How much anything that a service shows differs from what it would have been, as a ratio."""
    real, other = worlds
    found = [
        ratio(real.model.cpu[service], other.model.cpu[service], inside),
        ratio(real.model.calls[service], other.model.calls[service], inside),
    ]
    for one, twin in zip(real.endpoints[service], other.endpoints[service], strict=True):
        found += [ratio(one.typical, twin.typical, inside), ratio(one.rate, twin.rate, inside)]
        found.append(1.0 + 20.0 * float(np.max((one.failed - twin.failed)[inside])))
    found.append(ratio(real.model.knobs.factor("slow", service), 1.0, inside))
    return max(found)


def window(name: str) -> slice:
    return slice(GRID.minute(INCIDENTS[name].start), GRID.minute(INCIDENTS[name].end))


@pytest.mark.parametrize("name", list(INCIDENTS))
def test_every_service_said_to_be_affected_is(worlds, name):
    for service in INCIDENTS[name].affected:
        assert change(worlds, service, window(name)) > 1.1, service


@pytest.mark.parametrize(
    "name", ["connection pool exhausted", "slow third party", "silent drop of price alerts", "login brute force"]
)
def test_services_that_do_not_call_the_cause_are_left_alone(worlds, name):
    incident = INCIDENTS[name]
    near = {incident.service, *incident.affected, "postgresql", "redis"}
    for service in {one.name for one in SERVICES} - near:
        assert change(worlds, service, window(name)) < 1.4, service


def _alone() -> list[str]:
    """Incidents that begin while no other one lasts or ended within the last hour and a half."""
    times = {name: (GRID.minute(one.start), GRID.minute(one.end)) for name, one in INCIDENTS.items()}
    return [
        name
        for name, (start, _) in times.items()
        if not any(first < start < last + 90 for other, (first, last) in times.items() if other != name)
    ]


@pytest.mark.parametrize("name", _alone())
def test_before_it_begins_nothing_differs(worlds, name):
    start = GRID.minute(INCIDENTS[name].start)
    before = slice(start - 30, start)
    for service in {one.name for one in SERVICES}:
        assert change(worlds, service, before) == pytest.approx(1.0, abs=1e-6)


def test_the_cause_fails_first_and_hardest_among_its_callers_where_it_fails(worlds):
    real, _ = worlds
    inside = window("connection pool exhausted")
    cause = max(float(one.failed[inside].mean()) for one in real.endpoints["users"])
    for caller in ("api-gateway", "web"):
        worst = max(float(one.failed[inside].mean()) for one in real.endpoints[caller])
        mean = np.mean([float(one.failed[inside].mean()) for one in real.endpoints[caller]])
        assert worst >= 0.9 * cause  # an endpoint that needs the cause fails with it
        assert mean < cause  # but not all of them need it


@pytest.mark.parametrize("database", ["postgresql", "redis"])
def test_those_who_query_a_database_are_known_to_the_call_trees(database):
    seen = {call.service for route in ROUTES for call in route.nodes if call.part == database}
    assert seen <= CALLERS[database]


def test_a_surge_is_more_of_everything_but_the_background_work(worlds):
    real, other = worlds
    inside = window("traffic surge")
    assert real.model.rates["search"][inside].max() > 3 * other.model.rates["search"][inside].max()
    assert np.array_equal(real.model.rates["scheduled scrape"][inside], other.model.rates["scheduled scrape"][inside])


def test_a_stuck_queue_starves_those_behind_it_and_floods_them_after(worlds):
    real, other = worlds
    inside = window("stuck queue")
    behind = next(one for one in real.endpoints["price-tracker"] if one.route == "/internal/prices")
    twin = next(one for one in other.endpoints["price-tracker"] if one.route == "/internal/prices")
    assert behind.rate[inside][2:].max() < 0.05 * twin.rate[inside].max()
    assert behind.rate[inside.stop + 1 : inside.stop + 10].mean() > 2 * twin.rate[inside.stop : inside.stop + 10].mean()
