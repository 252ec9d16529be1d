"""HTTP as services report it: requests by code, and latency histograms with classic buckets."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from obslib.demo.clock import Floats
from obslib.demo.endpoints import MEAN_BY_MEDIAN, Endpoint, Pace
from obslib.demo.metrics.series import SECONDS, MetricSet, jitter, poisson
from obslib.demo.routes import ROUTES
from obslib.demo.topology import NAMESPACE

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
PEERS = {"shop": ("scraper", "shops.example", 0.420), "mail": ("notifications", "api.mailbird.example", 0.095)}


def add_http(series: MetricSet, endpoints: list[Endpoint]) -> None:
    """Add requests and durations of every endpoint, and of the calls to third parties."""
    for endpoint in endpoints:
        _add_endpoint(series, endpoint)
    for part in PEERS:
        _add_peer(series, part)
    _add_retries(series)


def _add_endpoint(series: MetricSet, endpoint: Endpoint) -> None:
    platform = series.platform
    target = f"{endpoint.service}/{endpoint.service}"
    labels = duration_labels(endpoint.service, endpoint.method, endpoint.route)
    rng = platform.rng("http", endpoint.service, endpoint.method, endpoint.route)
    resets = [one.minute for one in platform.fleet.releases if one.service == endpoint.service]
    if endpoint.service == "web":  # nginx counts requests, it does not time them
        total = poisson(rng, endpoint.rate, platform.grid.size)
    else:
        total = _add_histogram(series, labels, target, (endpoint.rate, _buckets(rng, endpoint)), resets)
    failed = rng.binomial(total.astype(np.int64), endpoint.failed)
    refused = rng.binomial(total.astype(np.int64) - failed, np.clip(endpoint.refused / (1.0 - endpoint.failed), 0, 1))
    codes = {
        str(endpoint.success_code): total - failed - refused,
        str(endpoint.refused_code): refused.astype(np.float64),
        str(endpoint.failed_code): failed.astype(np.float64),
    }
    for code, growth in codes.items():
        if growth.any():
            series.counter("http_requests_total", labels | {"code": code}, target, growth, resets=resets)


def duration_labels(service: str, method: str, route: str) -> dict[str, str]:
    """Labels of an endpoint's series, `le` and `code` aside."""
    where = {"service": service, "namespace": NAMESPACE, "job": service, "instance": service}
    return where | {"method": method, "route": route}


def _buckets(rng: Generator, endpoint: Endpoint) -> Floats:
    """Requests per minute that fall between one bound and the next, bounds x minutes (the last is +Inf)."""
    below = _shares_below(endpoint.quick)
    if endpoint.miss.any():
        below = below * (1.0 - endpoint.miss) + _shares_below(endpoint.slow) * endpoint.miss
    below = np.vstack([np.zeros_like(below[:1]), below, np.ones_like(below[:1])])
    expected = np.diff(below, axis=0) * endpoint.rate * 60.0
    return rng.poisson(np.maximum(expected, 0.0)).astype(np.float64)


def _shares_below(pace: Pace) -> Floats:
    """Share of the durations below each bound, bounds x minutes."""
    edges = np.log(np.array(BUCKETS))[:, None]
    return normal_cdf((edges - np.log(np.maximum(pace.median, 1e-5))) / np.maximum(pace.sigma, 0.05))


def _add_histogram(
    series: MetricSet, labels: dict[str, str], target: str, load: tuple[Floats, Floats], resets: list[float]
) -> Floats:
    """Add bucket, sum and count series; returns the requests per minute."""
    _, counts = load
    name = "http_server_request_duration_seconds"
    upto = np.cumsum(counts, axis=0)
    for bound, growth in zip((*map(_bound, BUCKETS), "+Inf"), upto, strict=True):
        series.counter(f"{name}_bucket", labels | {"le": bound}, target, growth, resets=resets)
    series.counter(f"{name}_count", labels, target, upto[-1], resets=resets)
    lower = np.array([0.0025, *BUCKETS])
    middles = np.sqrt(lower * np.array([*BUCKETS, 14.0]))
    middles[0] = 0.0035
    seconds = middles @ counts
    series.counter(f"{name}_sum", labels, target, seconds, resets=resets, quantum=1 / 1024)
    return np.asarray(upto[-1])


def _add_peer(series: MetricSet, part: str) -> None:
    platform, model = series.platform, series.platform.model
    service, host, usual = PEERS[part]
    rng, size = platform.rng("peer", part), platform.grid.size
    calls = model.calls[service] / 2.0 * np.ones(size)
    seconds = usual * model.knobs.factor("slow", part) * MEAN_BY_MEDIAN * jitter(rng, size, 0.04)
    total = poisson(rng, calls, size)
    failed = rng.binomial(total.astype(np.int64), model.failing(part)).astype(np.float64)
    labels = {"service": service, "namespace": NAMESPACE, "job": service, "instance": service, "server_address": host}
    target = f"{service}/{service}"
    name = "http_client_request_duration_seconds"
    series.counter(f"{name}_sum", labels, target, total * seconds, quantum=SECONDS)
    series.counter(f"{name}_count", labels, target, total)
    series.counter("http_client_requests_total", labels | {"code": "200"}, target, total - failed)
    series.counter("http_client_requests_total", labels | {"code": "504"}, target, failed)


def _add_retries(series: MetricSet) -> None:
    """The gateway's second and third tries, worked out from how often the first one fails."""
    platform = series.platform
    model, tries = platform.model, np.zeros(platform.grid.size)
    for route in ROUTES:
        reach = model.reach(route, missed=False)
        again = [me for me, call in enumerate(route.nodes) if call.on == "retry"]
        tries += sum((model.rate_of(route, me, reach[me]) for me in again), 0.0)
    growth = poisson(platform.rng("retries"), tries, platform.grid.size)
    labels = {"service": "api-gateway", "namespace": NAMESPACE, "job": "api-gateway", "instance": "api-gateway"}
    where = labels | {"server_address": "price-tracker"}
    series.counter("http_client_retries_total", where, "api-gateway/api-gateway", growth)


def normal_cdf(z: Floats) -> Floats:
    """The normal distribution function, to 7 digits (Abramowitz and Stegun 26.2.17)."""
    t = 1.0 / (1.0 + 0.2316419 * np.abs(z))
    poly = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = np.exp(-0.5 * z * z) * 0.3989422804014327 * poly
    return np.where(z > 0, 1.0 - tail, tail)


def _bound(seconds: float) -> str:
    return f"{seconds:g}" if seconds != int(seconds) else f"{seconds:.1f}"
