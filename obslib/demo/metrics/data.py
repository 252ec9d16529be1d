"""Connection pools, PostgreSQL, Redis and the task queues."""

from __future__ import annotations

import numpy as np

from obslib.demo.calls import Call
from obslib.demo.clock import Floats
from obslib.demo.metrics.series import SECONDS, MetricSet, jitter, poisson, rounded
from obslib.demo.model import Level, queue_key
from obslib.demo.routes import ROUTES
from obslib.demo.topology import GIB, MIB, NAMESPACE

POOLS = {
    "catalog": 40.0,
    "price-tracker": 40.0,
    "price-alerts": 20.0,
    "users": 40.0,
    "auth": 20.0,
    "notifications": 10.0,
}
"""Services with a database pool: its size."""
POSTGRES = {"job": "postgres-exporter", "instance": "postgresql-0", "service": "postgresql", "namespace": NAMESPACE}
REDIS = {"job": "redis-exporter", "instance": "redis-0", "service": "redis", "namespace": NAMESPACE}
CELERY = {"job": "celery-exporter", "instance": "celery-exporter", "namespace": NAMESPACE}
POSTGRES_TARGET, REDIS_TARGET, CELERY_TARGET = (f"{one['job']}/{one['instance']}" for one in (POSTGRES, REDIS, CELERY))
BLOCKS_PER_QUERY = 38.0
WORKERS = {"scrape": ("scraper", 12.0), "notify": ("notifications", 4.0)}


def add_databases(series: MetricSet) -> None:
    """Add pools, PostgreSQL, Redis and queues."""
    for service, size in POOLS.items():
        _add_pool(series, service, size)
    _add_statements(series)
    _add_postgres(series)
    _add_redis(series)
    for queue in WORKERS:
        _add_queue(series, queue)


def _calls_of(service: str) -> list[Call]:
    return [call for route in ROUTES for call in route.nodes if call.service == service and call.part == "postgresql"]


def _add_pool(series: MetricSet, service: str, size: float) -> None:
    platform = series.platform
    model, knobs, minutes = platform.model, platform.knobs, platform.grid.size
    rng = platform.rng("pool", service)
    calls = {str(call.attributes["db.query.summary"]): call for call in _calls_of(service)}
    held = np.zeros(minutes)
    for summary, call in calls.items():
        held += model.queries[summary] * call.ms / 1e3 * model.slowness(call) * 1.6
    limit = np.rint(size * knobs.factor("gain", f"pool_max:{service}") * np.ones(minutes))
    waiting = knobs.amount("level", f"pending:{service}") * jitter(rng, minutes, 0.2)
    spare = np.maximum(limit - held, 0.5)
    used = np.minimum(rng.poisson(held * 2.2 + 0.6), limit)
    used = np.where(waiting > 2.0, limit, used)
    labels = {"service": service, "namespace": NAMESPACE, "job": service, "instance": service, "pool": f"{service}-db"}
    target = f"{service}/{service}"
    series.gauge("db_client_connections_max", labels, target, limit)
    series.gauge("db_client_connections_usage", labels | {"state": "used"}, target, used)
    idle = np.minimum(limit - used, np.rint(size * 0.25))
    series.gauge("db_client_connections_usage", labels | {"state": "idle"}, target, idle)
    pending = rng.poisson(np.maximum(waiting, 0.0) + 0.02 * held / spare)
    series.gauge("db_client_connections_pending_requests", labels, target, pending.astype(np.float64))
    waits = model.calls[service] * (0.0003 + knobs.amount("wait", f"pool:{service}")) * 60.0
    series.counter("db_client_connections_wait_time_seconds_sum", labels, target, waits, quantum=SECONDS)
    late = poisson(rng, model.calls[service] * knobs.amount("fail", service) * (waiting > 2.0), minutes)
    series.counter("db_client_connections_timeouts_total", labels, target, late)


def _add_statements(series: MetricSet) -> None:
    platform = series.platform
    model, size = platform.model, platform.grid.size
    calls = {str(c.attributes["db.query.summary"]): c for r in ROUTES for c in r.nodes if c.part == "postgresql"}
    for summary, call in sorted(calls.items()):
        rng = platform.rng("statement", summary)
        count = poisson(rng, model.queries[summary], size)
        labels = POSTGRES | {"datname": "shop", "query": summary}
        series.counter("pg_stat_statements_calls_total", labels, POSTGRES_TARGET, count)
        mean = call.ms / 1e3 * 1.09 * model.slowness(call) * jitter(rng, size, 0.05)
        series.counter("pg_stat_statements_seconds_total", labels, POSTGRES_TARGET, count * mean, quantum=SECONDS)


def _add_postgres(series: MetricSet) -> None:
    platform = series.platform
    model, knobs, grid = platform.model, platform.knobs, platform.grid
    rng, size = platform.rng("postgres"), platform.grid.size
    queries = model.calls["postgresql"] * np.ones(size)
    failing = model.failing("postgresql")
    database = POSTGRES | {"datname": "shop"}
    rows = queries * 21.0 * knobs.factor("gain", "tuples")
    writes = sum((rate for name, rate in model.queries.items() if name.startswith("INSERT")), np.zeros(size))
    cold = 0.006 * knobs.factor("gain", "tuples")
    counters: dict[str, Level] = {
        "pg_stat_database_xact_commit": queries * (1.0 - failing),
        "pg_stat_database_xact_rollback": queries * failing + 0.003,
        "pg_stat_database_blks_hit": queries * BLOCKS_PER_QUERY * (1.0 - cold),
        "pg_stat_database_blks_read": queries * BLOCKS_PER_QUERY * cold,
        "pg_stat_database_tup_fetched": rows,
        "pg_stat_database_tup_inserted": writes * 1.4,
        "pg_stat_database_deadlocks": 1e-5 + 0.0004 * knobs.amount("level", "locks"),
    }
    for name, rate in counters.items():
        series.counter(name, database, POSTGRES_TARGET, poisson(rng, rate, size))
    locks = knobs.amount("level", "locks")
    busy = queries * 0.004 * knobs.factor("slow", "postgresql") * model.busy["postgresql"]
    for state, level in (("active", 1.0 + busy), ("idle in transaction", 0.3 + 0.12 * locks)):
        values = rng.poisson(level * np.ones(size)).astype(np.float64)
        series.gauge("pg_stat_activity_count", database | {"state": state}, POSTGRES_TARGET, values)
    idle = rng.binomial(44, np.clip(0.96 - busy / 60.0, 0.1, 1.0) * np.ones(size)).astype(np.float64)
    series.gauge("pg_stat_activity_count", database | {"state": "idle"}, POSTGRES_TARGET, idle)
    for mode, level in (
        ("accesssharelock", 3.0 + busy),
        ("rowexclusivelock", 1.0 + 0.5 * locks),
        ("exclusivelock", 0.02 + locks),
    ):
        values = rng.poisson(level * np.ones(size)).astype(np.float64)
        series.gauge("pg_locks_count", database | {"mode": mode}, POSTGRES_TARGET, values)
    growth = 41.0 * GIB + 1.28 * GIB * (grid.day + 35)
    series.gauge("pg_database_size_bytes", database, POSTGRES_TARGET, rounded(growth, MIB))
    wal = 1.4 * GIB + 0.5 * GIB * (np.arange(size) % 37 / 37) + knobs.amount("level", "wal")
    series.gauge("pg_wal_size_bytes", POSTGRES, POSTGRES_TARGET, rounded(wal, 16 * MIB))
    series.gauge("pg_settings_max_connections", POSTGRES, POSTGRES_TARGET, 200.0)
    series.gauge("pg_up", POSTGRES, POSTGRES_TARGET, 1.0)


def _add_redis(series: MetricSet) -> None:
    platform = series.platform
    knobs, size = platform.knobs, platform.grid.size
    rng = platform.rng("redis")
    hits, misses = lookups(series)
    pod = platform.fleet.pods[platform.fleet.slots["redis"][0][0]]
    database = REDIS | {"db": "db0"}
    counters: dict[str, Floats] = {
        "redis_keyspace_hits_total": hits,
        "redis_keyspace_misses_total": misses,
        "redis_commands_processed_total": platform.model.calls["redis"] + 2.0,
        "redis_expired_keys_total": 0.4 + misses * 0.9,
        "redis_evicted_keys_total": np.zeros(size),
    }
    for name, rate in counters.items():
        series.counter(name, REDIS, REDIS_TARGET, poisson(rng, rate, size), resets=pod.restarts)
    load = platform.model.calls["redis"] / max(float(platform.model.calls["redis"].mean()), 1e-9)
    keys = (182_000.0 + 9_000.0 * np.minimum(load, 3.0)) * jitter(rng, size, 0.004) * knobs.factor("gain", "redis_keys")
    used = 376.0 * MIB + 18.0 * MIB * np.minimum(load, 3.0) + knobs.amount("level", "memory:redis")
    series.gauge("redis_db_keys", database, REDIS_TARGET, rounded(keys, 1.0))
    series.gauge("redis_memory_used_bytes", REDIS, REDIS_TARGET, rounded(used * jitter(rng, size, 0.004), 64 * 1024.0))
    series.gauge("redis_memory_max_bytes", REDIS, REDIS_TARGET, 768.0 * MIB)
    series.gauge(
        "redis_connected_clients", REDIS, REDIS_TARGET, rng.poisson(61 + 4.0 * np.minimum(load, 4.0)).astype(np.float64)
    )


def lookups(series: MetricSet) -> tuple[Floats, Floats]:
    """Cache lookups per second that hit and that miss, over all routes."""
    model, size = series.platform.model, series.platform.grid.size
    hits, misses = np.zeros(size), np.zeros(size)
    for route in ROUTES:
        gets = sum(call.chance for call in route.nodes if call.name == "GET" and call.part == "redis")
        if gets and route.miss:
            looked = model.rates[route.name] * gets
            misses += looked * model.miss(route)
            hits += looked * (1.0 - model.miss(route))
        elif gets:
            hits += model.rates[route.name] * gets
    return hits, misses


def _add_queue(series: MetricSet, queue: str) -> None:
    platform = series.platform
    model, size = platform.model, platform.grid.size
    service, workers = WORKERS[queue]
    sent, begun = queue_rates(series, queue)
    waiting = np.cumsum((sent - begun) * 60.0)
    usual = sent * {"scrape": 0.9, "notify": 0.5}[queue]
    rng = platform.rng("queue", queue)
    length = rng.poisson(np.maximum(waiting + usual, 0.0)).astype(np.float64)
    labels = CELERY | {"queue_name": queue, "service": service}
    series.gauge("celery_queue_length", labels, CELERY_TARGET, length)
    alive = np.where(begun < 0.05 * sent, 1.0, workers) if isinstance(waits(series, queue), np.ndarray) else workers
    series.gauge("celery_active_worker_count", labels, CELERY_TARGET, alive)
    failing = model.failing("shop" if queue == "scrape" else "mail")
    done = poisson(rng, begun, size)
    failed = rng.binomial(done.astype(np.int64), failing).astype(np.float64)
    series.counter("celery_tasks_received_total", labels, CELERY_TARGET, poisson(rng, sent, size))
    series.counter("celery_tasks_succeeded_total", labels, CELERY_TARGET, done - failed)
    series.counter("celery_tasks_failed_total", labels, CELERY_TARGET, failed)


def waits(series: MetricSet, queue: str) -> Level:
    """Seconds beyond the usual that tasks of a queue wait, per minute of arrival."""
    return series.platform.knobs.amount("wait", f"queue:{queue}")


def queue_rates(series: MetricSet, queue: str) -> tuple[Floats, Floats]:
    """Tasks per second that arrive at a queue, and that its workers begin."""
    model, size = series.platform.model, series.platform.grid.size
    sent, begun = np.zeros(size), np.zeros(size)
    for route in ROUTES:
        reach = model.reach(route, missed=False)
        for me, call in enumerate(route.nodes):
            if call.detached and queue_key(call) == f"queue:{queue}":
                begun += model.rate_of(route, me, reach[me])
                sent += model.rate_of(route, route.parents[me], reach[route.parents[me]])
    return sent, begun
