"""Generated telemetry for `benchmarks.store`: metrics, logs and spans with realistic repetition and noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.layout import LABELS, LOGS, SPANS, Batch, MetricBatch, conform

DAY = 1_790_035_200_000  # 2026-09-22T00:00Z, epoch ms
SERVICES = [f"service-{n:02d}" for n in range(20)]
STEPS = 1_440
CHUNK = 500_000
NOUNS = ["request", "query", "job", "cache"]
VERBS = ["done", "started", "retried", "failed"]


def metrics(series: int, rng: np.random.Generator) -> Iterator[Batch]:
    """`series` x 1,440 samples in order of arrival, one hour a batch.

    Request counters (60 %), CPU-like counters (10 %), gauges with a decimal (15 %), gauges that seldom change (15 %).
    """
    table = _series_table(series)
    values = _values(series, rng)
    jitter = rng.integers(0, 60_000, series)
    codes = np.arange(series, dtype=np.int32)
    for hour in range(24):
        steps = np.arange(hour * 60, (hour + 1) * 60)
        times = (DAY + steps[:, None] * 60_000 + jitter[None, :]).ravel()
        yield Batch(metrics=MetricBatch(table, np.tile(codes, 60), times, values[steps].ravel()))


def logs(rows: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Records over one day in order of arrival: 200 templates, JSON attributes, 60 % with a trace id."""
    for start in range(0, rows, CHUNK):
        yield Batch(logs=conform(_log_chunk(start, min(CHUNK, rows - start), rows, rng), LOGS))


def spans(rows: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Traces of 20 spans over one day in order of arrival, with parents, routes and pods."""
    for start in range(0, rows, CHUNK):
        yield Batch(spans=conform(_span_chunk(start, min(CHUNK, rows - start), rows, rng), SPANS))


def _series_table(series: int) -> pa.Table:
    def labels(n: int) -> list[tuple[str, str]]:
        return [
            ("service", SERVICES[n % 20]),
            ("instance", f"10.0.{n // 250}.{n % 250}:8080"),
            ("route", f"/api/{n % 13}"),
            ("code", str(200 + n % 3)),
        ]

    return pa.table(
        {
            "metric_name": ["http_requests_total"] * series,
            "metric_type": ["counter"] * series,
            "metric_unit": [""] * series,
            "metric_description": ["Requests."] * series,
            "labels": pa.array([labels(n) for n in range(series)], LABELS),
        }
    )


def _values(series: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    rates = rng.lognormal(2.5, 1.2, series)
    values = rng.poisson(rates, (STEPS, series)).cumsum(0).astype(float)
    cpu, gauge = int(series * 0.1), int(series * 0.15)
    values[:, :cpu] = np.round(rng.gamma(2.0, 0.02, (STEPS, cpu)), 2).cumsum(0).round(2)
    drift = rng.normal(0, 0.05, (STEPS, gauge)).cumsum(0)
    values[:, cpu : cpu + gauge] = np.round(50 + drift, 1)
    rare = rng.random((STEPS, gauge)) < 0.01
    values[:, cpu + gauge : cpu + 2 * gauge] = rng.integers(1, 9, gauge) * 2**20 + rare.cumsum(0) * 4_096
    return values


def _hex(bytes_each: int, count: int, rng: np.random.Generator) -> pa.Array:
    text = rng.bytes(bytes_each * count).hex().encode()
    return pa.array(np.frombuffer(text, f"S{bytes_each * 2}")).cast(pa.string())


def _times(start: int, count: int, rows: int, rng: np.random.Generator, *, each: int = 1) -> npt.NDArray[np.int64]:
    """Sorted moments for `count` rows of the day's `rows`, one for every `each` of them."""
    span = 86_400 * 10**9
    return DAY * 10**6 + np.sort(rng.integers(start * span // rows, (start + count) * span // rows, count // each + 1))


def _stamp(nanoseconds: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(nanoseconds.astype("datetime64[ns]"), pa.timestamp("ns", "UTC"))


def _words(values: list[str], codes: npt.NDArray[np.int64]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(values))


def _join(*parts: object) -> pa.Array:
    texts = [part if isinstance(part, str) else pa.array(part).cast(pa.string()) for part in parts]
    return pc.binary_join_element_wise(*texts, "")


def _pod(number: int) -> str:
    return f'{{"k8s.pod.name":"pod-{number}","k8s.node.name":"node-{number % 6}","service.version":"1.{number % 7}"}}'


def _log_chunk(start: int, count: int, rows: int, rng: np.random.Generator) -> pa.Table:
    template = np.minimum(rng.zipf(1.4, count), 200) - 1
    heads = [
        f"{['request', 'query', 'job', 'cache'][n % 4]} {['done', 'started', 'retried', 'failed'][n % 7 % 4]} step {n}"
        for n in range(200)
    ]
    milliseconds = np.round(rng.lognormal(3, 1, count), 1)
    users = rng.zipf(1.3, count) % 5_000
    traced = rng.random(count) < 0.6
    severity = np.where(template % 23 == 7, 17, np.where(template % 11 == 3, 13, 9))
    trace = pc.if_else(pa.array(traced), pc.take(_hex(16, count // 8 + 1, rng), pa.array(np.arange(count) // 8)), "")
    return pa.table(
        {
            "timestamp": _stamp(_times(start, count, rows, rng)[:count]),
            "service_name": _words(SERVICES, template % 20),
            "severity_number": pa.array(severity, pa.int32()),
            "severity_text": _words(["INFO", "WARN", "ERROR"], (severity - 9) // 4),
            "body": _join(_words(heads, template), " in ", milliseconds, " ms for user ", users),
            "trace_id": trace,
            "resource_attributes": _words(
                [f'{{"k8s.pod.name":"pod-{n}","k8s.node.name":"node-{n % 6}"}}' for n in range(60)], template % 60
            ),
            "log_attributes": _join(
                '{"http.route":"/api/',
                template % 30,
                '","http.response.status_code":',
                200 + severity // 17 * 300,
                ',"user.id":',
                users,
                "}",
            ),
        }
    )


def _span_chunk(start: int, count: int, rows: int, rng: np.random.Generator) -> pa.Table:
    place = np.arange(count)
    trace = place // 20
    begins = _times(start, count, rows, rng, each=20)
    offsets = np.sort(rng.integers(0, 2 * 10**9, (count // 20 + 1, 20)), axis=1).ravel()[:count] // 1_000 * 1_000
    times = begins[trace] + offsets
    duration = rng.lognormal(15, 1.5, count).astype(np.int64) // 1_000 * 1_000
    ids = _hex(8, count, rng)
    parent = pc.if_else(
        pa.array(place % 20 == 0), "", pc.take(ids, pa.array(trace * 20 + (place % 20 - 1).clip(0) // 2))
    )
    route = rng.integers(0, 60, count)
    return pa.table(
        {
            "timestamp": _stamp(times),
            "end_timestamp": times + duration,
            "duration": duration,
            "trace_id": pc.take(_hex(16, count // 20 + 1, rng), pa.array(trace)),
            "span_id": ids,
            "parent_span_id": parent,
            "service_name": _words(SERVICES, rng.integers(0, 20, count)),
            "span_name": _words([f"GET /api/v1/things/{n}" for n in range(60)], route),
            "span_kind": pa.array(rng.integers(1, 4, count), pa.int32()),
            "status_code": pa.array(np.where(rng.random(count) < 0.01, 2, 0), pa.int32()),
            "resource_attributes": _words(
                [f'{{"k8s.pod.name":"pod-{n}","service.version":"1.{n % 7}"}}' for n in range(40)],
                rng.integers(0, 40, count),
            ),
            "span_attributes": _join(
                '{"http.request.method":"GET","http.route":"/api/v1/things/',
                route,
                '","http.response.status_code":',
                rng.choice([200, 200, 200, 404, 500], count),
                "}",
            ),
        }
    )
