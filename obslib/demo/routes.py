"""Every kind of request that Freedom Fashion serves, and its two background flows."""

from __future__ import annotations

from obslib.demo.calls import (
    Call,
    Route,
    cache,
    enqueue,
    http,
    internal,
    n_plus_one,
    server,
    sql,
    task,
    third_party,
    with_retries,
)

GATEWAY = "api-gateway"
PRICE_DROP_SHARE = 0.16
"""Share of the prices read that meet somebody's alert."""
SESSION = server(
    "auth", "POST", "/internal/session", 1.2, cache("auth", "GET"), sql("auth", "SELECT sessions", 1.6, chance=0.08)
)


def _entry(method: str, route: str, *children: Call, parallel: bool = False) -> Call:
    """A request from a browser: nginx, then the gateway, then what the route needs."""
    gateway = server(GATEWAY, method, route, 1.6, *children, parallel=parallel)
    return Call(
        "web", f"{method} {route}", 2, "web", 0.6, {"http.request.method": method, "http.route": route}, (gateway,)
    )


def _mail(service: str, kind: str, chance: float) -> Call:
    deliver = third_party("notifications", "mail", "POST", "api.mailbird.example", 95.0)
    render = internal("notifications", "render template", 3.0)
    work = task(
        "notifications",
        "notify",
        f"notifications.send_{kind}",
        4.0,
        render,
        deliver,
        sql("notifications", "INSERT deliveries", 1.8),
    )
    return enqueue(service, "notify", work, chance=chance)


def _scrape(service: str, chance: float = 1.0) -> Call:
    evaluate = server(
        "price-alerts",
        "POST",
        "/internal/evaluate",
        3.5,
        sql("price-alerts", "SELECT alerts", 3.2),
        _mail("price-alerts", "price_drop", PRICE_DROP_SHARE),
    )
    ingest = server(
        "price-tracker",
        "POST",
        "/internal/prices",
        3.0,
        sql("price-tracker", "INSERT prices", 2.4),
        cache("price-tracker", "DEL"),
        http("price-tracker", evaluate),
    )
    fetch = third_party("scraper", "shop", "GET", "shops.example", 420.0)
    work = task(
        "scraper",
        "scrape",
        "scraper.fetch_price",
        12.0,
        fetch,
        internal("scraper", "parse offer", 28.0),
        http("scraper", ingest),
    )
    return enqueue(service, "scrape", work, chance=chance)


def _history() -> Call:
    return server(
        "price-tracker",
        "GET",
        "/internal/history",
        4.0,
        cache("price-tracker", "GET"),
        sql("price-tracker", "SELECT prices", 9.0, on="miss"),
        cache("price-tracker", "SET", on="miss"),
    )


def _catalog_list(route: str, summary: str, ms: float) -> Call:
    return server(
        "catalog",
        "GET",
        route,
        6.0,
        cache("catalog", "GET"),
        sql("catalog", summary, ms, on="miss"),
        cache("catalog", "SET", on="miss"),
    )


ROUTES = (
    Route(
        "list products",
        share=0.24,
        miss=0.10,
        refused=0.004,
        refused_code=400,
        root=_entry("GET", "/api/v1/products", http(GATEWAY, _catalog_list("/products", "SELECT products", 14.0))),
    ),
    Route(
        "show product",
        share=0.27,
        miss=0.14,
        refused=0.018,
        root=_entry(
            "GET",
            "/api/v1/products/{id}",
            http(GATEWAY, _catalog_list("/products/{id}", "SELECT products", 5.0)),
            *with_retries(GATEWAY, _history(), 2, chance=0.7),
        ),
    ),
    Route(
        "price history",
        share=0.12,
        miss=0.22,
        refused=0.006,
        root=_entry("GET", "/api/v1/products/{id}/prices", *with_retries(GATEWAY, _history(), 2)),
    ),
    Route(
        "search",
        share=0.11,
        miss=0.45,
        refused=0.010,
        refused_code=400,
        root=_entry("GET", "/api/v1/search", http(GATEWAY, _catalog_list("/search", "SELECT products_search", 38.0))),
    ),
    Route(
        "recommendations",
        share=0.06,
        miss=0.30,
        root=_entry(
            "GET",
            "/api/v1/recommendations",
            http(GATEWAY, _catalog_list("/products/similar", "SELECT product_vectors", 24.0)),
            http(GATEWAY, _history()),
            http(
                GATEWAY, server("users", "GET", "/internal/preferences", 2.2, sql("users", "SELECT preferences", 2.0))
            ),
            parallel=True,
        ),
    ),
    Route(
        "account",
        share=0.07,
        refused=0.05,
        refused_code=401,
        root=_entry(
            "GET",
            "/api/v1/me",
            http(GATEWAY, SESSION),
            http(GATEWAY, server("users", "GET", "/internal/users/{id}", 2.4, sql("users", "SELECT users", 2.1))),
        ),
    ),
    Route(
        "list alerts",
        share=0.05,
        refused=0.01,
        refused_code=401,
        root=_entry(
            "GET",
            "/api/v1/alerts",
            http(GATEWAY, SESSION),
            http(
                GATEWAY,
                server(
                    "price-alerts",
                    "GET",
                    "/alerts",
                    5.0,
                    sql("price-alerts", "SELECT alerts", 3.0),
                    *n_plus_one("price-alerts", "SELECT products", 1.9, 9),
                ),
            ),
        ),
    ),
    Route(
        "create alert",
        share=0.015,
        success_code=201,
        refused=0.03,
        refused_code=422,
        root=_entry(
            "POST",
            "/api/v1/alerts",
            http(GATEWAY, SESSION),
            http(GATEWAY, server("price-alerts", "POST", "/alerts", 4.5, sql("price-alerts", "INSERT alerts", 3.4))),
        ),
    ),
    Route(
        "track product",
        share=0.02,
        success_code=202,
        refused=0.04,
        refused_code=422,
        root=_entry(
            "POST",
            "/api/v1/track",
            http(GATEWAY, SESSION),
            http(
                GATEWAY,
                server(
                    "price-tracker",
                    "POST",
                    "/track",
                    5.0,
                    sql("price-tracker", "INSERT tracked_products", 3.6),
                    _scrape("price-tracker"),
                ),
            ),
        ),
    ),
    Route(
        "log in",
        share=0.03,
        refused=0.09,
        refused_code=401,
        root=_entry(
            "POST",
            "/api/v1/login",
            http(
                GATEWAY,
                server(
                    "auth",
                    "POST",
                    "/login",
                    3.0,
                    http(
                        "auth",
                        server("users", "GET", "/internal/credentials", 2.0, sql("users", "SELECT credentials", 2.2)),
                    ),
                    internal("auth", "verify password", 52.0),
                    cache("auth", "SETEX"),
                ),
            ),
        ),
    ),
    Route(
        "register",
        share=0.006,
        success_code=201,
        refused=0.06,
        refused_code=409,
        root=_entry(
            "POST",
            "/api/v1/register",
            http(
                GATEWAY,
                server(
                    "users",
                    "POST",
                    "/users",
                    4.0,
                    sql("users", "SELECT users", 2.1),
                    sql("users", "INSERT users", 3.8),
                    _mail("users", "welcome", 1.0),
                ),
            ),
        ),
    ),
    Route("static page", share=0.009, root=server("web", "GET", "/", 0.9)),
    Route(
        "scheduled scrape",
        steady=3.4,
        success_code=202,
        root=internal("price-tracker", "schedule scrape", 1.0, _scrape("price-tracker")),
    ),
    Route(
        "daily digest",
        steady=0.05,
        success_code=202,
        root=internal(
            "notifications",
            "compose digest",
            6.0,
            sql("notifications", "SELECT digests", 12.0),
            _mail("notifications", "digest", 1.0),
        ),
    ),
)
BY_NAME = {route.name: route for route in ROUTES}
