"""The outside: nginx, load balancer, CDN, browsers, probes, and those who try to get in."""

from __future__ import annotations

import numpy as np

from obslib.demo.clock import DAY_MINUTES, Floats
from obslib.demo.endpoints import Endpoint
from obslib.demo.metrics.series import MetricSet, jitter, poisson, rounded
from obslib.demo.routes import ROUTES
from obslib.demo.topology import NAMESPACE

NGINX = {"job": "nginx-exporter", "instance": "web", "service": "web", "namespace": NAMESPACE}
BALANCER = {"job": "cloudwatch", "instance": "lb", "load_balancer": "app/ff-public", "service": "web"}
CDN = {"job": "cdn", "instance": "cdn", "distribution": "ff-assets"}
BROWSER = {"job": "web-vitals", "instance": "collector", "service": "web"}
SECURITY = {"job": "security", "instance": "waf", "service": "web"}
PAGES = {"/": 1.55, "/products/{id}": 1.9, "/search": 2.1}
"""Pages measured in browsers: seconds of largest contentful paint on a good day."""
PROBES = {"https://freedom-fashion.example": "web", "https://api.freedom-fashion.example": "api-gateway"}
CERTIFICATE_DAYS = 90.0


def add_edge(series: MetricSet, endpoints: list[Endpoint]) -> None:
    """Add everything seen from outside the cluster."""
    web = [one for one in endpoints if one.service == "web"]
    visitors, typical = _visitors(series), {one.route: one.typical for one in web}
    _add_balancer(series, visitors, (_failing(web), typical["/api/v1/products/{id}"]))
    _add_cdn(series, visitors)
    _add_vitals(series, typical)
    _add_security(series)
    for target, service in PROBES.items():
        _add_probe(series, target, service, typical["/api/v1/products"])


def _visitors(series: MetricSet) -> Floats:
    """Requests per second from browsers."""
    rates = series.platform.model.rates
    return np.asarray(sum((rates[route.name] for route in ROUTES if route.share), np.zeros(series.platform.grid.size)))


def _failing(web: list[Endpoint]) -> Floats:
    """Share of all requests that fail."""
    total = np.sum([one.rate for one in web], axis=0)
    return np.asarray(np.sum([one.rate * one.failed for one in web], axis=0) / np.maximum(total, 1e-9))


def _add_balancer(series: MetricSet, visitors: Floats, answers: tuple[Floats, Floats]) -> None:
    size, rng = series.platform.grid.size, series.platform.rng("balancer")
    failed, seconds = answers
    target = "nginx-exporter/web"
    series.counter("nginx_http_requests_total", NGINX, target, poisson(rng, visitors, size))
    series.counter("nginx_connections_accepted", NGINX, target, poisson(rng, visitors * 0.31, size))
    active: Floats = visitors * (0.25 + 0.8 * seconds) + 3.0
    series.gauge("nginx_connections_active", NGINX, target, rng.poisson(active).astype(np.float64))
    target = "cloudwatch/lb"
    for code, rate in (("2xx", visitors * (0.972 - failed)), ("4xx", visitors * 0.028), ("5xx", visitors * failed)):
        series.counter("lb_requests_total", BALANCER | {"code": code}, target, poisson(rng, np.maximum(rate, 0), size))
    sent = visitors * 60.0 * 9_400.0 * jitter(rng, size, 0.03)
    series.counter("lb_processed_bytes_total", BALANCER, target, sent, quantum=4096.0)
    series.counter("lb_new_connections_total", BALANCER, target, poisson(rng, visitors * 0.28, size))
    series.gauge("lb_healthy_hosts", BALANCER, target, 2.0)


def _add_cdn(series: MetricSet, visitors: Floats) -> None:
    size, rng = series.platform.grid.size, series.platform.rng("cdn")
    assets = visitors * 6.5
    ratio = np.clip(0.94 + 0.012 * (jitter(rng, size, 0.5) - 1.0), 0.5, 0.995)
    for status, share in (("hit", ratio), ("miss", 1.0 - ratio)):
        series.counter("cdn_requests_total", CDN | {"status": status}, "cdn/cdn", poisson(rng, assets * share, size))
    sent = assets * 60.0 * 31_000.0 * jitter(rng, size, 0.04)
    series.counter("cdn_bytes_total", CDN, "cdn/cdn", sent, quantum=65_536.0)
    series.gauge("cdn_hit_ratio", CDN, "cdn/cdn", rounded(ratio, 2.0**-10))


def _add_vitals(series: MetricSet, typical: dict[str, Floats]) -> None:
    size = series.platform.grid.size
    sources = {"/": "/api/v1/products", "/products/{id}": "/api/v1/products/{id}", "/search": "/api/v1/search"}
    for page, usual in PAGES.items():
        rng = series.platform.rng("vitals", page)
        behind = typical[sources[page]]
        labels = BROWSER | {"page": page}
        target = "web-vitals/collector"
        paint = (usual + 2.2 * behind) * jitter(rng, size, 0.03)
        series.gauge("web_vitals_lcp_seconds", labels, target, rounded(paint, 2.0**-7))
        react = (0.115 + 0.25 * np.minimum(behind, 1.0)) * jitter(rng, size, 0.05)
        series.gauge("web_vitals_inp_seconds", labels, target, rounded(react, 2.0**-9))
        shift = 0.055 * jitter(rng, size, 0.08)
        series.gauge("web_vitals_cls", labels, target, rounded(shift, 2.0**-10))


def _add_security(series: MetricSet) -> None:
    platform = series.platform
    rng, size, model = platform.rng("security"), platform.grid.size, platform.model
    login = next(route for route in ROUTES if route.name == "log in")
    auth = {"job": "auth", "instance": "auth", "service": "auth", "namespace": NAMESPACE}
    tries, refused = model.rates["log in"], model.refused(login)
    attack = platform.knobs.amount("refused", "log in")
    series.counter("security_logins_succeeded_total", auth, "auth/auth", poisson(rng, tries * (1.0 - refused), size))
    for reason, rate in (
        ("bad_password", tries * (0.07 + 0.9 * attack)),
        ("unknown_user", tries * (0.015 + 0.08 * attack)),
        ("locked", tries * 0.005 + attack * 0.2),
    ):
        series.counter("security_logins_failed_total", auth | {"reason": reason}, "auth/auth", poisson(rng, rate, size))
    locked = 0.0006 + platform.knobs.amount("lines", "auth.lockout") / 60.0
    series.counter("security_accounts_locked_total", auth, "auth/auth", poisson(rng, locked, size))
    for rule, usual in (
        ("sqli", 0.004),
        ("xss", 0.003),
        ("rate_limit", 0.05),
        ("bad_bot", 0.09),
        ("path_traversal", 0.002),
    ):
        burst = platform.knobs.amount("level", f"blocked:{rule}") / 60.0
        background = usual * np.where(rng.random(size) < 0.004, 30.0, 1.0)
        labels = SECURITY | {"rule": rule}
        name = "security_blocked_requests_total"
        series.counter(name, labels, "security/waf", poisson(rng, background + burst, size))


def _add_probe(series: MetricSet, url: str, service: str, seconds: Floats) -> None:
    platform = series.platform
    size, rng = platform.grid.size, platform.rng("probe", url)
    labels = {"job": "blackbox", "instance": url, "service": service}
    target = f"blackbox/{url}"
    expired = platform.knobs.amount("level", "expired") * np.ones(size) > 0.5
    shown = expired if service == "web" else np.zeros(size, dtype=bool)
    series.gauge("probe_success", labels, target, np.where(shown | (rng.random(size) < 2e-4), 0.0, 1.0))
    took = np.where(shown, 0.06, 0.14 + seconds) * jitter(rng, size, 0.08)
    series.gauge("probe_duration_seconds", labels, target, rounded(took, 2.0**-10))
    series.gauge("probe_ssl_earliest_cert_expiry", labels, target, _expiry(series, service))


def _expiry(series: MetricSet, service: str) -> Floats:
    """The certificate of the shop runs out as the incident begins and is renewed at its end."""
    grid = series.platform.grid
    begins = next((one for one in series.platform.incidents if one.incident.name == "certificate expired"), None)
    far = np.full(grid.size, float(grid.start_ms // 1_000 + grid.size * 60 + 41 * DAY_MINUTES * 60))
    if service != "web" or begins is None:
        return far
    old = float(grid.start_ms // 1_000 + begins.start * 60)
    renewed = old + begins.end * 60 - begins.start * 60 + CERTIFICATE_DAYS * DAY_MINUTES * 60
    return np.where(np.arange(grid.size) < begins.end, old, renewed)
