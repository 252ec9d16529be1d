"""What the shop is for: users, alerts, savings; and what it costs to run."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from obslib.demo.clock import DAY_MINUTES, Floats
from obslib.demo.endpoints import Endpoint
from obslib.demo.load import GROWTH_PER_DAY
from obslib.demo.metrics.data import queue_rates, waits
from obslib.demo.metrics.series import MetricSet, jitter, poisson, rounded
from obslib.demo.routes import PRICE_DROP_SHARE, ROUTES
from obslib.demo.topology import NODES, SERVICES

SHOP = {"job": "business", "instance": "reporting"}
TARGET = "business/reporting"
REQUESTS_PER_VISIT = 11.0
SAVINGS_USD = 7.4
Web = dict[tuple[str, str], Endpoint]
"""What nginx serves, by method and route."""
COHORTS = {"1": 0.42, "7": 0.27, "30": 0.16}
"""Days after registration: share of users who are back."""


def add_business(series: MetricSet, endpoints: list[Endpoint]) -> None:
    """Add business metrics, deployments and the price of the nodes."""
    web = {(one.method, one.route): one for one in endpoints if one.service == "web"}
    _add_flows(series, web)
    _add_stocks(series, web)
    _add_deployments(series)
    for node in NODES:
        labels = {
            "job": "cost",
            "instance": "billing",
            "node": node.name,
            "instance_type": node.kind,
            "zone": node.zone,
        }
        series.gauge("node_cost_hourly_usd", labels, "cost/billing", node.hourly_usd)


def _succeeding(endpoint: Endpoint) -> Floats:
    return endpoint.rate * (1.0 - endpoint.failed - endpoint.refused)


def _add_flows(series: MetricSet, web: Web) -> None:
    platform = series.platform
    rng, size = platform.rng("business"), platform.grid.size
    hits = queue_rates(series, "scrape")[1] * PRICE_DROP_SHARE * platform.knobs.factor("gain", "alerts_hit")
    shown = web["GET", "/api/v1/products/{id}"]
    visits = np.sum([_visits(series, route.name) for route in ROUTES if route.share], axis=0)
    flows = {
        "business_registrations_total": _succeeding(web["POST", "/api/v1/register"]),
        "business_price_alerts_created_total": _succeeding(web["POST", "/api/v1/alerts"]),
        "business_price_alerts_hit_total": hits,
        "business_conversions_total": _succeeding(shown) * _patience(shown) * 0.021,
        "business_visits_total": visits,
    }
    for name, rate in flows.items():
        series.counter(name, SHOP, TARGET, poisson(rng, rate, size))
    series.counter("business_savings_usd_total", SHOP, TARGET, _savings(rng, hits, size), quantum=1 / 4)


def _visits(series: MetricSet, route: str) -> Floats:
    """Visits behind a route's requests; attackers' requests are not visits."""
    return series.platform.model.rates[route] / series.platform.knobs.factor("rate", route) / REQUESTS_PER_VISIT


def _patience(endpoint: Endpoint) -> Floats:
    """Share of visitors who stay, falling as pages get slower."""
    return np.asarray(np.exp(-np.maximum(endpoint.typical - 0.05, 0.0) / 0.9))


def _savings(rng: Generator, hits: Floats, size: int) -> Floats:
    """Money saved per minute: some alerts lead to a purchase, a few to a big one."""
    bought = poisson(rng, hits * 0.08, size)
    return np.asarray(
        bought * SAVINGS_USD * np.exp(rng.normal(0.0, 0.55, size)) * (1 + (rng.random(size) < 0.002) * 20)
    )


def _add_stocks(series: MetricSet, web: Web) -> None:
    platform = series.platform
    grid, rng = platform.grid, platform.rng("stocks")
    growth = np.exp(GROWTH_PER_DAY * grid.day)
    visits = np.sum([_visits(series, route.name) for route in ROUTES if route.share], axis=0) * 60.0
    daily = _trailing(visits, DAY_MINUTES) * 0.17
    monthly = 7.1 * 60.0 * DAY_MINUTES * 0.6 * growth**0.8 * np.exp(0.004 * np.sin(grid.day / 3.0))
    series.gauge("business_daily_active_users", SHOP, TARGET, rounded(daily, 1.0))
    series.gauge("business_monthly_active_users", SHOP, TARGET, rounded(monthly * 0.42, 1.0))
    tracked = 412_000.0 * growth + np.cumsum(_succeeding(web["POST", "/api/v1/track"]) * 60.0) * 0.02
    series.gauge("business_products_tracked", SHOP, TARGET, rounded(tracked, 1.0))
    stale = waits(series, "scrape")
    age = 1_750.0 * jitter(rng, grid.size, 0.02) + _stood(stale, grid.size)
    series.gauge("business_price_age_seconds", SHOP, TARGET, rounded(age, 1.0))
    for days, share in COHORTS.items():
        drift = share * (1.0 + 0.03 * np.sin(grid.day / 5.0 + float(days)))
        daily_value = rounded(np.repeat(drift[::DAY_MINUTES], DAY_MINUTES)[: grid.size], 2.0**-10)
        series.gauge("business_retention_ratio", SHOP | {"days": days}, TARGET, daily_value)


def _trailing(values: Floats, window: int) -> Floats:
    """Sum over the last `window` minutes; the time before the data is like its first days."""
    ahead = values[:window] if len(values) >= window else np.resize(values, window)
    total = np.cumsum(np.concatenate([[0.0], ahead, values]))
    return np.asarray(total[window + 1 :] - total[1 : len(values) + 1])


def _stood(wait: Floats | float, size: int) -> Floats:
    """Seconds since scraping last worked, while a queue stands still."""
    waiting = np.broadcast_to(np.asarray(wait) > 0, size)
    minutes = np.arange(size)
    last = np.maximum.accumulate(np.where(waiting, 0, minutes))
    return ((minutes - last) * 60.0).astype(np.float64)


def _add_deployments(series: MetricSet) -> None:
    platform = series.platform
    for service in SERVICES:
        if service.stateful:
            continue
        for kind in ("release", "rollback"):
            growth = np.zeros(platform.grid.size)
            made = [one for one in platform.fleet.releases if (one.service, one.kind) == (service.name, kind)]
            np.add.at(growth, [int(one.minute) for one in made], 1.0)
            labels = {"job": "argocd", "instance": "argocd", "service": service.name, "outcome": kind}
            series.counter("deployments_total", labels, "argocd/argocd", growth)
