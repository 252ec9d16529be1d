"""Spans in the store's layout, from drawn traces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.layout import SPANS, conform
from obslib.demo.calls import CLIENT, SERVER, Call, Route
from obslib.demo.clock import NOW, Flags, Ints
from obslib.demo.fleet import Pod
from obslib.demo.ids import hex_ids, words
from obslib.demo.people import addresses, agents, product_ids, user_ids
from obslib.demo.platform import Platform
from obslib.demo.topology import NAMESPACE
from obslib.demo.traces import RouteTraces

SCOPES = {
    "nginx": "ngx_otel_module",
    "go": "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
    "java": "io.opentelemetry.spring-webmvc-6.0",
    "python": "opentelemetry.instrumentation.fastapi",
    "nodejs": "@opentelemetry/instrumentation-http",
}
FAILURES = {
    "users": ("PoolTimeoutError", "timed out waiting for a database connection"),
    "price-tracker": ("WorkerOverloaded", "request queue is full"),
    "catalog": ("java.lang.IllegalStateException", "ranking service returned no result"),
    "auth": ("TokenError", "token issuer not accepted"),
    "api-gateway": ("http.ErrHandlerTimeout", "handler timed out"),
    "postgresql": ("OperationalError", "canceling statement due to lock timeout"),
    "redis": ("ConnectionError", "connection reset by peer"),
    "mail": ("timeout", "504 from api.mailbird.example"),
    "shop": ("timeout", "no answer from the shop within 10 s"),
}
USUAL_FAILURE = ("RuntimeError", "unexpected error")
GOOD, REFUSED, FAILED = 0, 1, 2
PRODUCT_ROUTES = frozenset({"show product", "price history", "track product", "create alert", "scheduled scrape"})
USER_ROUTES = frozenset({"account", "list alerts", "log in", "recommendations"})


@dataclass(frozen=True)
class TracedRoute:
    """A route's traces with their identifiers: `row[i, j]` is the position of call `j` in `span_ids`."""

    traces: RouteTraces
    trace_ids: pa.Array
    span_ids: pa.Array
    row: Ints


def identify(platform: Platform, traces: RouteTraces, lo: int) -> TracedRoute:
    """Give every trace and every span that ran its random identifier."""
    rng = platform.rng("ids", traces.route.name, lo)
    ran = int(traces.alive.sum())
    row = (np.cumsum(traces.alive.ravel()) - 1).reshape(traces.alive.shape)
    return TracedRoute(traces, hex_ids(rng, traces.size, 16), hex_ids(rng, ran, 8), row)


def spans_table(platform: Platform, traced: list[TracedRoute]) -> pa.Table:
    """All spans of the traced routes, as SPANS of `obslib.core.layout`."""
    tables = [_route_spans(platform, one) for one in traced]
    return pa.concat_tables(tables).unify_dictionaries() if tables else SPANS.empty_table()


def pod_resource(pod: Pod) -> str:
    """The resource attributes of everything a pod sends, as a JSON object."""
    return to_json(
        {
            "service.name": pod.service.name,
            "service.version": pod.version,
            "k8s.namespace.name": NAMESPACE,
            "k8s.pod.name": pod.name,
            "k8s.node.name": pod.node.name,
            "host.name": pod.node.name,
            "telemetry.sdk.language": pod.service.language,
        }
    )


def to_json(attributes: Mapping[str, object]) -> str:
    """Compact JSON, as exporters write it."""
    return json.dumps(attributes, separators=(",", ":"))


def _route_spans(platform: Platform, one: TracedRoute) -> pa.Table:
    traces, route = one.traces, one.traces.route
    which, me = np.nonzero(traces.alive)
    pods = platform.fleet.pods
    pod = traces.pod[which, me]
    skew = np.array([round(p.node.skew * 1e9) for p in pods])[pod]
    start = np.minimum(traces.start[which, me] + skew, NOW.value - 1_000)
    duration = traces.duration[which, me]
    outcome = _outcomes(traces)[which, me]
    parents = np.array(route.parents)[me]
    parent_row = np.where(parents >= 0, one.row[which, np.maximum(parents, 0)], len(one.span_ids))
    services = sorted({call.service for call in route.nodes})
    service = np.array([services.index(call.service) for call in route.nodes])[me]
    names = sorted({call.name for call in route.nodes})
    broken = traces.broken[which, me]
    return conform(
        pa.table(
            {
                "timestamp": pa.array(start).cast(pa.timestamp("ns", "UTC")),
                "end_timestamp": start + duration,
                "duration": duration,
                "trace_id": one.trace_ids.take(pa.array(which)),
                "span_id": one.span_ids,
                "parent_span_id": pa.concat_arrays([one.span_ids, pa.array([""])]).take(pa.array(parent_row)),
                "service_name": words(services, service),
                "service_namespace": words([NAMESPACE], np.zeros(len(me), dtype=np.int32)),
                "service_instance_id": words([p.name for p in pods], pod),
                "span_name": words(names, np.array([names.index(call.name) for call in route.nodes])[me]),
                "span_kind": np.array([call.kind for call in route.nodes], dtype=np.int32)[me],
                "status_code": _status(route, me, outcome),
                "status_message": _messages(route, me, broken),
                "resource_attributes": words([pod_resource(p) for p in pods], pod),
                "scope_name": words([SCOPES.get(p.service.language, "") for p in pods], pod),
                "scope_version": words(["1.27.0"], np.zeros(len(me), dtype=np.int32)),
                "span_attributes": _attributes(traces, which, me, outcome),
                "events_json": _exceptions(route, me, broken, start + duration),
                "flags": np.ones(len(me), dtype=np.int32),
            }
        ),
        SPANS,
    )


def _outcomes(traces: RouteTraces) -> npt.NDArray[np.int8]:
    """GOOD, REFUSED or FAILED per call; a client span shares its server's outcome."""
    outcomes = np.where(traces.failed, FAILED, GOOD).astype(np.int8)
    refused = (traces.code >= 400) & (traces.code < 500)
    outcomes[refused] = REFUSED
    for me, call in enumerate(traces.route.nodes):
        if call.kind == CLIENT and call.children:
            below = traces.route.children[me][0]
            outcomes[:, me] = np.where(refused[:, below], REFUSED, outcomes[:, me])
    return outcomes


def _status(route: Route, me: Ints, outcome: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Error where a call failed, and on clients also where they were refused (semantic conventions)."""
    client = np.array([call.kind == CLIENT for call in route.nodes])[me]
    return np.where((outcome == FAILED) | (client & (outcome == REFUSED)), 2, 0).astype(np.int32)


def _messages(route: Route, me: Ints, broken: Flags) -> pa.DictionaryArray:
    texts = ["", *(FAILURES.get(call.part, USUAL_FAILURE)[1] for call in route.nodes)]
    return words(texts, np.where(broken, me + 1, 0))


def _exceptions(route: Route, me: Ints, broken: Flags, at: Ints) -> pa.Array:
    """`[]`, or the exception that broke the call as one span event at its end."""
    kinds = [FAILURES.get(call.part, USUAL_FAILURE) for call in route.nodes]
    tails = [
        ',"name":"exception","attributes":' + to_json({"exception.type": kind, "exception.message": text}) + "}]"
        for kind, text in kinds
    ]
    rows = np.flatnonzero(broken)
    texts = pc.binary_join_element_wise(
        pa.scalar('[{"timestamp":'), pc.cast(pa.array(at[rows]), pa.string()),
        pa.array(tails, pa.string()).take(pa.array(me[rows])), "",
    )  # fmt: skip
    place = np.zeros(len(me), dtype=np.int64)
    place[rows] = np.arange(1, len(rows) + 1)
    return pa.concat_arrays([pa.array(["[]"]), texts]).take(pa.array(place))


def _attributes(traces: RouteTraces, which: Ints, me: Ints, outcome: npt.NDArray[np.int8]) -> pa.Array:
    """The JSON attributes of each span: as declared, with status code, error type and who or what it was about."""
    route = traces.route
    texts = [_variant(route, place, kind) for place in range(len(route.nodes)) for kind in (GOOD, REFUSED, FAILED)]
    column = pa.array(texts, pa.string()).take(pa.array(me * 3 + outcome))
    for place, key, told in _subjects(traces):
        column = _tell(column, np.flatnonzero(me == place), key, told, which)
    return column


def _tell(column: pa.Array, rows: Ints, key: str, told: pa.Array, which: Ints) -> pa.Array:
    """The JSON objects with one more member in some rows; `told` has its value per trace."""
    text = pc.utf8_slice_codeunits(column.take(pa.array(rows)), 0, -1)
    value = told.take(pa.array(which[rows]))
    comma = pc.if_else(pc.equal(text, "{"), "", ",")
    longer = pc.binary_join_element_wise(text, comma, pa.scalar(f'"{key}":"'), value, pa.scalar('"}'), "")
    place = np.arange(len(column))
    place[rows] = len(column) + np.arange(len(rows))
    return pa.concat_arrays([column, longer]).take(pa.array(place))


def _subjects(traces: RouteTraces) -> list[tuple[int, str, pa.Array]]:
    """What is told of single requests: position of the call, attribute, and its text per trace."""
    name, told = traces.route.name, []
    entry = traces.route.root.service == "web"
    if entry:
        told += [(0, "client.address", addresses(traces.client)), (0, "user_agent.original", agents(traces.client))]
    if name in PRODUCT_ROUTES:
        told.append((int(entry), "app.product.id", product_ids(traces.product)))
    if name in USER_ROUTES:
        told.append((int(entry), "enduser.id", user_ids(traces.user)))
    return told


def _variant(route: Route, me: int, outcome: int) -> str:
    call = route.nodes[me]
    attributes = dict(call.attributes)
    code = _code(route, me, outcome)
    if code:
        attributes["http.response.status_code"] = code
    if outcome == FAILED:
        attributes["error.type"] = str(code) if code else FAILURES.get(call.part, USUAL_FAILURE)[0]
    return to_json(attributes)


def _code(route: Route, me: int, outcome: int) -> int:
    """The HTTP status that a span reports, 0 if it speaks no HTTP."""
    call: Call = route.nodes[me]
    if "http.request.method" not in call.attributes:
        return 0
    if outcome == REFUSED:
        return route.refused_code
    if call.kind == SERVER:
        return route.code(me, failed=outcome == FAILED)
    if not call.children:
        return 504 if outcome == FAILED else 200
    return 500 if outcome == FAILED else 200
