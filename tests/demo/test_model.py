"""The model under all signals: call trees, knobs, load, saturation, queues, pods."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from obslib.demo.calls import (
    CONSUMER,
    PRODUCER,
    SERVER,
    Route,
    cache,
    enqueue,
    http,
    rank_probability,
    server,
    sql,
    task,
)
from obslib.demo.clock import Grid
from obslib.demo.endpoints import see_endpoints
from obslib.demo.fleet import build_fleet
from obslib.demo.incidents import Incident, declared, placed, turn_knobs
from obslib.demo.knobs import Effect, Knobs, Turned, profile
from obslib.demo.load import daily_shape
from obslib.demo.logs.template import templates
from obslib.demo.model import Model, dequeued
from obslib.demo.routes import BY_NAME, ROUTES
from obslib.demo.topology import NODES, SERVICES

QUIET = Grid(1)


def model_with(*effects: Effect) -> Model:
    """A day with effects between 06:00 and 08:00 UTC of the last day's half."""
    return Model.of(QUIET, Knobs(QUIET, [Turned(one, 1_000.0, 1_100.0) for one in effects]), 7)


def endpoint(model: Model, service: str, route: str):
    return next(one for one in see_endpoints(model) if (one.service, one.route) == (service, route))


def test_positions_parents_and_children_of_a_tree_agree():
    for route in ROUTES:
        assert len(route.nodes) == len(route.parents) == len(route.children)
        for me, children in enumerate(route.children):
            assert all(route.parents[child] == me for child in children)
            assert route.nodes[me].children == tuple(route.nodes[child] for child in children)


def test_shares_of_the_traffic_add_up():
    assert sum(route.share for route in ROUTES) == pytest.approx(1.0)


def test_all_services_appear_in_some_tree():
    seen = {call.service for route in ROUTES for call in route.nodes} | {
        call.part for route in ROUTES for call in route.nodes
    }
    assert {service.name for service in SERVICES} <= seen


def test_producers_send_what_consumers_process():
    for route in ROUTES:
        for call in route.nodes:
            if call.kind == PRODUCER:
                assert [child.kind for child in call.children] == [CONSUMER]


def test_a_missing_page_is_refused_by_the_catalogue_and_every_caller_passes_it_on():
    route = BY_NAME["show product"]
    assert route.nodes[route.refuser].service == "catalog"
    assert {route.nodes[me].service for me in route.refusing_path} == {"catalog", "api-gateway", "web"}


def test_rounds_of_an_n_plus_one_get_rarer():
    chances = [rank_probability(rank) for rank in range(1, 10)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == pytest.approx(1 - np.exp(-4.0))


@pytest.mark.parametrize("shape", ["step", "ramp", "decay", "saw", "rest"])
def test_effects_are_nothing_outside_their_time(shape):
    minutes = np.arange(300.0)
    turned = profile(minutes, Turned(Effect("slow", "x", 2.0, shape, delay=10.0, early=5.0), 100.0, 200.0))
    assert (turned[:110] == 0).all()
    assert (turned[200:] == 0).all()
    assert turned[110:195].max() > 0


def test_factors_multiply_and_amounts_add():
    once = Effect("slow", "x", 3.0)
    knobs = Knobs(QUIET, [Turned(once, 100.0, 200.0), Turned(once, 100.0, 200.0)])
    assert knobs.factor("slow", "x")[150] == pytest.approx(9.0)
    assert knobs.amount("slow", "x")[150] == pytest.approx(6.0)
    assert knobs.factor("slow", "y") == 1.0
    assert knobs.amount("wait", "x") == 0.0


def test_slow_databases_slow_their_callers_and_callers_of_callers():
    usual, slow = model_with(), model_with(Effect("slow", "postgresql", 20.0))
    for service, route in (("price-alerts", "/alerts"), ("api-gateway", "/api/v1/alerts"), ("web", "/api/v1/alerts")):
        before, after = endpoint(usual, service, route), endpoint(slow, service, route)
        assert after.typical[1_050] > 5 * before.typical[1_050]
        assert after.typical[900] == before.typical[900]
    assert endpoint(slow, "web", "/").typical[1_050] == endpoint(usual, "web", "/").typical[1_050]


def test_failures_reach_callers_but_not_senders_of_tasks():
    failing = model_with(Effect("fail", "scraper", 0.5), Effect("fail", "users", 0.5))
    assert endpoint(failing, "web", "/api/v1/me").failed[1_050] > 0.45
    assert endpoint(failing, "web", "/api/v1/track").failed[1_050] < 0.01


def test_retries_hide_failures_and_multiply_load():
    usual, failing = model_with(), model_with(Effect("fail", "price-tracker", 0.5))
    seen = endpoint(failing, "api-gateway", "/api/v1/products/{id}/prices").failed[1_050]
    assert seen == pytest.approx(0.5**3, abs=0.02)
    assert failing.calls["price-tracker"][1_050] > 1.3 * usual.calls["price-tracker"][1_050]


def test_more_traffic_uses_more_cpu_and_saturation_makes_slow():
    surge = model_with(Effect("rate", "visitors", 6.0))
    usual = model_with()
    assert surge.cpu["catalog"][1_050] > 3 * usual.cpu["catalog"][1_050]
    assert surge.busy["catalog"][1_050] > usual.busy["catalog"][1_050]


def test_a_standing_queue_is_worked_off_afterwards_and_loses_nothing():
    rate = np.full(600, 2.0)
    wait = 60.0 * np.where(
        (np.arange(600) >= 100) & (np.arange(600) < 200), 200 - np.arange(600) + 0.25 * (np.arange(600) - 100), 0.0
    )
    begun = dequeued(rate, wait)
    assert begun.sum() == pytest.approx(rate.sum())
    assert (begun[101:199] == 0).all()
    assert begun[200:225].mean() > 2 * rate[0]
    assert begun[240] == pytest.approx(rate[0])


def test_a_hit_skips_the_database_and_a_miss_does_not():
    route = Route(
        "x",
        server("catalog", "GET", "/x", 1.0, cache("catalog", "GET"), sql("catalog", "SELECT x", 5.0, on="miss")),
        miss=0.5,
    )
    model = model_with()
    assert model.reach(route, missed=False)[2] == 0.0
    assert model.reach(route, missed=True)[2] == 1.0


def test_helpers_make_the_spans_that_conventions_ask_for():
    call = http("api-gateway", server("users", "GET", "/u", 1.0))
    assert call.attributes["server.address"] == "users"
    assert call.children[0].kind == SERVER
    sent = enqueue("users", "notify", task("notifications", "notify", "send", 1.0))
    assert sent.children[0].detached


def test_traffic_peaks_in_the_evening_and_sleeps_at_night():
    hours = np.arange(24.0)
    shape = daily_shape(hours, np.zeros(24))
    assert 18 <= int(np.argmax(shape)) <= 20
    assert shape[3] < 0.5 * shape.mean()


def test_every_effect_turns_something_that_exists():
    parts = {call.part for route in ROUTES for call in route.nodes}
    names = {service.name for service in SERVICES}
    routes = {route.name for route in ROUTES} | {"visitors"}
    sides = {f"{call.service} {call.route}" for route in ROUTES for call in route.nodes if call.route}
    nodes = {f"node:{node.name}" for node in NODES}
    keys = {template.key for template in templates()}
    allowed = {
        "slow": parts | sides | nodes,
        "fail": parts,
        "rate": routes,
        "refused": routes,
        "lines": keys,
        "cpu": names,
        "miss": {"cache"},
    }
    for incident in declared():
        for effect in incident.effects:
            assert effect.target in allowed.get(effect.knob, {effect.target}), (incident.name, effect)


def test_pods_fill_their_slots_without_gaps_or_overlaps():
    grid = Grid(35)
    fleet = build_fleet(grid, placed(grid), 7)
    for lines in fleet.slots.values():
        for line in lines:
            pods = [fleet.pods[i] for i in line]
            assert pods[0].start < 0
            assert pods[-1].end == float("inf")
            assert all(one.end == following.start for one, following in pairwise(pods))


def test_requests_find_the_pod_that_runs_at_their_time():
    grid = Grid(35)
    fleet = build_fleet(grid, placed(grid), 7)
    minutes = np.linspace(0.0, grid.size - 1.0, 500)
    slots = np.arange(500) % 2
    for minute, found in zip(minutes, fleet.running("catalog", slots, minutes), strict=True):
        pod = fleet.pods[found]
        assert pod.service.name == "catalog"
        assert pod.start <= minute < pod.end


def test_the_grid_ends_at_now_and_blocks_cut_it_at_midnight():
    grid = Grid(3)
    assert grid.moment(grid.size).isoformat() == "2026-11-02T12:00:00+00:00"
    blocks = grid.blocks()
    assert blocks[0][0] == 0
    assert blocks[-1][1] == grid.size
    assert all(grid.moment(lo).hour == 0 for lo, _ in blocks[1:])
    assert all(one[1] == following[0] for one, following in pairwise(blocks))
    assert grid.weekday[grid.size - 1] == 0


def test_knobs_of_the_declared_incidents_are_read_as_declared():
    grid = Grid(35)
    knobs = turn_knobs(grid, placed(grid))
    assert knobs.amount("wait", "pool:users").max() == pytest.approx(2.4)
    assert knobs.amount("lines", "auth.lockout").max() == pytest.approx(9.0)


def test_a_misspelt_field_of_an_incident_or_effect_is_refused():
    for kind, given in (
        (Effect, {"knob": "slow", "target": "x", "size": 2.0, "shap": "ramp"}),
        (Incident, {"nam": "x"}),
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(given, kind)
